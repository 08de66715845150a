//! The Range header (RFC 9110, section 14.1.2 and 14.2).

use std::ops::Range;

/// Longest header that is looked at: several ranges are answered by the whole anyway.
const HEADER_CHARS_MAX: usize = 1_000;

/// What a Range header asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// Nothing that is understood: the header is to be ignored. So are several ranges at once,
    /// which a server may answer with the whole, and which no player sends.
    Nothing,
    Part(Range<u64>),
    /// Understood, but there are no such bytes.
    Outside,
}

/// Reads the header for something of this size.
pub fn parse(header: &str, size_bytes: u64) -> Asked {
    if header.len() > HEADER_CHARS_MAX {
        return Asked::Nothing;
    }
    let Some((unit, specs)) = header.split_once('=') else { return Asked::Nothing };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Nothing;
    }
    // Lists may have empty elements (section 5.6.1).
    let mut specs = specs.split(',').map(str::trim).filter(|spec| !spec.is_empty());
    match (specs.next(), specs.next()) {
        (Some(spec), None) => one(spec, size_bytes),
        _ => Asked::Nothing,
    }
}

fn one(spec: &str, size_bytes: u64) -> Asked {
    let Some((first, last)) = spec.split_once('-') else { return Asked::Nothing };
    match (number(first), number(last)) {
        (Number::Is(first), Number::Is(last)) if first > last => Asked::Nothing,
        (Number::Is(first), _) if first >= size_bytes && !last_is_bad(last) => Asked::Outside,
        (Number::Is(first), Number::Is(last)) => {
            Asked::Part(first..last.saturating_add(1).min(size_bytes))
        }
        (Number::Is(first), Number::Absent) => Asked::Part(first..size_bytes),
        (Number::Absent, Number::Is(0)) => Asked::Outside,
        (Number::Absent, Number::Is(n)) if size_bytes > 0 => {
            Asked::Part(size_bytes.saturating_sub(n)..size_bytes)
        }
        (Number::Absent, Number::Is(_)) => Asked::Outside,
        _ => Asked::Nothing,
    }
}

enum Number {
    Absent,
    Is(u64),
    Bad,
}

fn last_is_bad(text: &str) -> bool {
    matches!(number(text), Number::Bad)
}

/// Digits only: no sign, no blank. More than fits is as good as the end of everything.
fn number(text: &str) -> Number {
    if text.is_empty() {
        Number::Absent
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        Number::Is(text.parse().unwrap_or(u64::MAX))
    } else {
        Number::Bad
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(header: &str, wanted: &Asked) {
        assert_eq!(parse(header, 1000), *wanted, "{header}");
    }

    #[test]
    fn ranges_mean_what_the_standard_says() {
        for (header, part) in [
            ("bytes=0-499", 0..500),
            ("bytes=500-999", 500..1000),
            ("bytes=0-0", 0..1),
            ("bytes=999-999", 999..1000),
            ("bytes=500-", 500..1000),
            ("bytes=0-", 0..1000),
            ("bytes=-500", 500..1000),
            ("bytes=-1", 999..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=900-5000", 900..1000),
            ("bytes=0-18446744073709551615", 0..1000),
            ("bytes=0-99999999999999999999999999", 0..1000),
            ("BYTES=0-9", 0..10),
            ("bytes= 0-9", 0..10),
            ("bytes=,0-9,", 0..10),
        ] {
            check(header, &Asked::Part(part));
        }
        for header in
            ["bytes=1000-", "bytes=1000-2000", "bytes=99999999999999999999999-", "bytes=-0"]
        {
            check(header, &Asked::Outside);
        }
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=9-0",
            "bytes=1500-1400",
            "bytes=1500-x",
            "bytes=+1-5",
            "bytes=1 -5",
            "bytes=--5",
            "bytes=1-5-9",
            "bytes=0-9,20-29",
            "items=0-9",
            "seconds=1-2",
        ] {
            check(header, &Asked::Nothing);
        }
        check(&format!("bytes=0-{}", "9".repeat(2000)), &Asked::Nothing);
    }

    #[test]
    fn nothing_can_be_asked_of_an_empty_file() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
            assert_eq!(parse(header, 0), Asked::Outside, "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_outside(
            header in "bytes=[0-9]{0,3}-[0-9]{0,3}(,[0-9]-)?|\\PC*",
            size_bytes in 0_u64..1000,
        ) {
            if let Asked::Part(part) = parse(&header, size_bytes) {
                prop_assert!(part.start < part.end && part.end <= size_bytes);
            }
        }
    }
}
