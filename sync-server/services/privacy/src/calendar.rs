//! Months and nights, in UTC.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

pub const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

const HOUR_US: i64 = 60 * 60 * 1_000_000;

/// So many calendar months later, at the last day of a month that is too short (Regulation (EEC,
/// Euratom) 1182/71, article 3(2)(c)).
pub fn months_after(at_us: i64, n_months: i32) -> i64 {
    let later = Timestamp::from_microsecond(at_us)
        .map(|at| at.to_zoned_datetime(TimeZone::UTC))
        .and_then(|at| at.checked_add(n_months.months()));
    // At the end of all calendars there is no deadline that could pass.
    later.map_or(i64::MAX, |later| later.timestamp().as_microsecond())
}

/// The first time after `at_us` that is at the hour.
pub fn night_after(at_us: i64, hour: u8) -> i64 {
    let day_us = at_us.div_euclid(DAY_US) * DAY_US;
    let night_us = day_us + i64::from(hour) * HOUR_US;
    if night_us > at_us { night_us } else { night_us + DAY_US }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn months_end_where_the_calendar_does() {
        for (from, n, to) in [
            ("2026-11-26T23:00:00Z", 1, "2026-12-26T23:00:00Z"),
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
            ("2026-11-30T00:00:00Z", 3, "2027-02-28T00:00:00Z"),
        ] {
            assert_eq!(months_after(at(from), n), at(to), "{from}");
        }
        assert_eq!(months_after(i64::MAX, 1), i64::MAX);
    }

    #[test]
    fn nights_come_once_a_day() {
        assert_eq!(night_after(at("2026-11-26T02:59:59Z"), 3), at("2026-11-26T03:00:00Z"));
        assert_eq!(night_after(at("2026-11-26T03:00:00Z"), 3), at("2026-11-27T03:00:00Z"));
        assert_eq!(night_after(at("2026-12-31T23:00:00Z"), 0), at("2027-01-01T00:00:00Z"));
    }
}
