//! Dates of tags, in the forms that taggers write.

/// The first of `candidates` that is a date, normalised to `YYYY`, `YYYY-MM` or `YYYY-MM-DD`;
/// a later one that tells more about the same year replaces it.
pub(super) fn best(candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let mut dates = candidates.into_iter().filter_map(|text| normalise(&text));
    let first = dates.next()?;
    let fuller = dates.filter(|date| date.starts_with(&first)).max_by_key(String::len);
    Some(fuller.unwrap_or(first))
}

fn normalise(text: &str) -> Option<String> {
    numeric(text).or_else(|| lone_year(text))
}

/// The year of `May 2003` or `17 May 2003`.
fn lone_year(text: &str) -> Option<String> {
    let mut years = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 4);
    let year = number(years.next()?, 1_000..=2_999)?;
    years.next().is_none().then(|| format!("{year:04}"))
}

fn numeric(text: &str) -> Option<String> {
    let day_part = text.split(['T', ' ']).next()?;
    let numbers: Vec<&str> =
        day_part.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect();
    let (year, month, day) = match numbers.as_slice() {
        // 20240517
        [all] if all.len() == 8 => (&all[..4], Some(&all[4..6]), Some(&all[6..])),
        [year] => (*year, None, None),
        [year, month] => (*year, Some(*month), None),
        // 17.05.2024, never 05/17/2024: days and months are told apart only where it is safe.
        [day, month, year] if year.len() == 4 && day_part.contains('.') => {
            (*year, Some(*month), Some(*day))
        }
        [_, _, year] if year.len() == 4 => (*year, None, None),
        [year, month, day] => (*year, Some(*month), Some(*day)),
        _ => return None,
    };
    if year.len() != 4 {
        return None;
    }
    let year = number(year, 1_000..=2_999)?;
    let Some(month) = month.and_then(|text| number(text, 1..=12)) else {
        return Some(format!("{year:04}"));
    };
    let Some(day) = day.and_then(|text| number(text, 1..=days_in(year, month))) else {
        return Some(format!("{year:04}-{month:02}"));
    };
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

fn number(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    text.parse().ok().filter(|n| range.contains(n))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(candidates: &[&str], date: Option<&str>) {
        let got = best(candidates.iter().map(|text| (*text).to_owned()));
        assert_eq!(got.as_deref(), date, "{candidates:?}");
    }

    #[test]
    fn date_in_every_form() {
        check(&["1998"], Some("1998"));
        check(&["1998-5"], Some("1998-05"));
        check(&["1998-05-17"], Some("1998-05-17"));
        check(&["1998-05-17T10:00:00Z"], Some("1998-05-17"));
        check(&["1998/05/17"], Some("1998-05-17"));
        check(&["19980517"], Some("1998-05-17"));
        check(&["17.05.1998"], Some("1998-05-17"));
        check(&["05/17/1998"], Some("1998"));
        check(&["1998-00-00"], Some("1998"));
        check(&["1998-02-30"], Some("1998-02"));
        check(&["2000-02-29"], Some("2000-02-29"));
        check(&["0000", "98", "soon", ""], None);
        check(&["©1998"], Some("1998"));
        check(&["May 2003"], Some("2003"));
        check(&["17 May 2003"], Some("2003"));
        check(&["recorded 1998, released 2003"], None);
    }

    #[test]
    fn fuller_date_of_the_same_year_wins() {
        check(&["1975", "1975-09-12"], Some("1975-09-12"));
        check(&["1975", "2011-09-26"], Some("1975"));
    }
}
