//! Numbers, times and counts as people read them.

/// `3:07`, `1:02:45`.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    let (hours, minutes, seconds) = (s / 3600, s / 60 % 60, s % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `42 min`, `2 h 51 min`, `50 s`: how long something is, roughly.
pub fn length(ms: u64) -> String {
    if ms < 60_000 {
        return format!("{} s", ms / 1000);
    }
    let minutes = (ms + 30_000) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A duration for a screen reader: `3 minutes 7 seconds`.
pub fn spoken(ms: u64) -> String {
    let s = ms / 1000;
    format!("{} {}", count(s / 60, "minute"), count(s % 60, "second"))
}

/// `1 track`, `12,345 tracks`.
pub fn count(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(n))
}

/// `12,345`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `940 bytes`, `12 kB`, `2.3 MB`: sizes of files.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1_000 {
        return count(n, "byte");
    }
    let mut size = n as f64 / 1e3;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 999.5 {
            break;
        }
        size /= 1e3;
        unit = larger;
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// The year of a date such as `2024-05-17`.
pub fn year(date: Option<&str>) -> Option<String> {
    date.and_then(|date| date.get(..4)).map(str::to_owned)
}

/// How long ago something was, as far as that is said in words: `5 minutes ago`. Nothing for
/// what is better told by its date.
pub fn ago(elapsed_s: u64) -> Option<String> {
    const HOUR: u64 = 60 * 60;
    const DAY: u64 = 24 * HOUR;
    Some(match elapsed_s {
        0..90 => "just now".into(),
        90..HOUR => format!("{} ago", count((elapsed_s + 30) / 60, "minute")),
        HOUR..DAY => format!("{} ago", count(elapsed_s / HOUR, "hour")),
        _ if elapsed_s < 30 * DAY => format!("{} ago", count(elapsed_s / DAY, "day")),
        _ => return None,
    })
}

/// `90 days`, `1 year`, `3 years` (of 365 days each): how long something is kept.
pub fn span_of_days(n_days: u64) -> String {
    const YEAR: u64 = 365;
    if n_days > 0 && n_days.is_multiple_of(YEAR) {
        count(n_days / YEAR, "year")
    } else {
        count(n_days, "day")
    }
}

/// What to say at an hour of the day (0 to 23).
pub const fn greeting(hour: u32) -> &'static str {
    match hour {
        5..12 => "Good morning",
        12..18 => "Good afternoon",
        _ => "Good evening",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(clock(187_900), "3:07");
        assert_eq!(clock(3_765_000), "1:02:45");
        assert_eq!(length(50_000), "50 s");
        assert_eq!(length(10_260_000), "2 h 51 min");
        assert_eq!(spoken(61_000), "1 minute 1 second");
    }

    #[test]
    fn times_past_read_well() {
        assert_eq!(ago(20).as_deref(), Some("just now"));
        assert_eq!(ago(299).as_deref(), Some("5 minutes ago"));
        assert_eq!(ago(7_300).as_deref(), Some("2 hours ago"));
        assert_eq!(ago(90_000).as_deref(), Some("1 day ago"));
        assert_eq!(ago(31 * 24 * 60 * 60), None);
    }

    #[test]
    fn spans_of_days_read_well() {
        assert_eq!(span_of_days(0), "0 days");
        assert_eq!(span_of_days(1), "1 day");
        assert_eq!(span_of_days(90), "90 days");
        assert_eq!(span_of_days(365), "1 year");
        assert_eq!(span_of_days(366), "366 days");
        assert_eq!(span_of_days(1_095), "3 years");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_200), "1.2 kB");
        assert_eq!(bytes(12_400), "12 kB");
        assert_eq!(bytes(999_700), "1.0 MB");
        assert_eq!(bytes(2_300_000_000), "2.3 GB");
    }

    #[test]
    fn counts_read_well() {
        assert_eq!(count(1, "track"), "1 track");
        assert_eq!(count(1_234_567, "track"), "1,234,567 tracks");
        assert_eq!(year(Some("2024-05-17")).as_deref(), Some("2024"));
        assert_eq!(year(Some("24")), None);
    }
}
