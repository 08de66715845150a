//! Texts of tags: cleaned, bounded, taken apart.

/// Longest title that is kept.
pub const TITLE_CHARS_MAX: usize = 500;
/// Longest name of an artist or genre that is kept; a credit of many may be as long.
pub(super) const NAME_CHARS_MAX: usize = 500;

/// Without control characters and marks that turn the direction of what follows, runs of blanks
/// as one, trimmed and cut at `chars_max`; `None` where nothing is left.
pub fn clean(text: &str, chars_max: usize) -> Option<String> {
    let mut out = String::new();
    let mut n_chars = 0;
    let mut is_blank_due = false;
    for c in text.chars() {
        if matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') {
            continue;
        }
        if c.is_whitespace() || c.is_control() {
            is_blank_due = !out.is_empty();
            continue;
        }
        if n_chars + usize::from(is_blank_due) >= chars_max {
            break;
        }
        if is_blank_due {
            out.push(' ');
            n_chars += 1;
            is_blank_due = false;
        }
        out.push(c);
        n_chars += 1;
    }
    (!out.is_empty()).then_some(out)
}

/// A list of names, one or several to a value. Parted at `/` as well, the separator of ID3v2.3,
/// where that yields as many names as there are ids, and `;` does not.
pub(super) fn split_list(values: &[String], n_ids: usize) -> Vec<String> {
    let part = |signs: &[char]| {
        let parts = values.iter().flat_map(|value| value.split(signs));
        distinct(parts.map(str::to_owned).collect())
    };
    let names = part(&[';']);
    if names.len() == n_ids || n_ids < 2 {
        return names;
    }
    let more = part(&[';', '/']);
    if more.len() == n_ids { more } else { names }
}

/// A credit as people write it, such as `A; B`, `A / B`, `A feat. B`. A bare `/` parts in
/// ID3v2.3 only, where it is the standard's separator, and never into bits as short as those
/// of `AC/DC`.
pub(super) fn split_credit(values: &[String], is_id3v2_3: bool, may_feature: bool) -> Vec<String> {
    let mut parts = Vec::new();
    for value in values {
        for part in value.split(';').flat_map(|part| part.split(" / ")) {
            let bare: Vec<&str> = part.split('/').collect();
            let is_list = is_id3v2_3 && bare.iter().all(|name| name.trim().chars().count() > 2);
            for name in if is_list { bare } else { vec![part] } {
                if may_feature {
                    parts.extend(split_featured(name));
                } else {
                    parts.push(name.to_owned());
                }
            }
        }
    }
    distinct(parts)
}

/// What stands between an artist and a guest.
const FEATURING: [&str; 8] =
    [" feat. ", " feat ", " ft. ", " featuring ", " (feat. ", " (feat ", " (ft. ", " (featuring "];

/// `A feat. B`: both, without the bracket around the second.
fn split_featured(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    // Positions are found in the folded text: only where folding kept every length.
    if lower.len() == name.len() {
        for sign in FEATURING {
            if let Some(at) = lower.find(sign)
                && let (Some(head), Some(tail)) = (name.get(..at), name.get(at + sign.len()..))
                && !head.trim().is_empty()
                && !tail.trim().is_empty()
            {
                let tail =
                    if sign.contains('(') { tail.trim_end().trim_end_matches(')') } else { tail };
                return vec![head.to_owned(), tail.to_owned()];
            }
        }
    }
    vec![name.to_owned()]
}

/// Trimmed, without empty and repeated ones.
fn distinct(parts: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in parts.iter().map(|part| part.trim()) {
        if !part.is_empty() && !out.iter().any(|known| known == part) {
            out.push(part.to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_takes_out_what_harms() {
        assert_eq!(clean("  A\u{7}  b\r\nc\u{202e} ", 50).as_deref(), Some("A b c"));
        assert_eq!(clean("\0 \t", 50), None);
        assert_eq!(clean("ééééé", 3).as_deref(), Some("ééé"));
        assert_eq!(clean("ab cd", 3).as_deref(), Some("ab"));
    }

    fn check(credit: &str, is_id3v2_3: bool, names: &[&str]) {
        assert_eq!(split_credit(&[credit.to_owned()], is_id3v2_3, true), names, "{credit}");
    }

    #[test]
    fn credit_parts_where_people_part_it() {
        check("Ann; Bob;Ann", false, &["Ann", "Bob"]);
        check("Ann / Bob", false, &["Ann", "Bob"]);
        check("Ann/Bob", true, &["Ann", "Bob"]);
        check("Ann/Bob", false, &["Ann/Bob"]);
        check("AC/DC", true, &["AC/DC"]);
        check("Ann feat. Bob", false, &["Ann", "Bob"]);
        check("Ann (feat. Bob)", false, &["Ann", "Bob"]);
        check("Ann (feat Bob)", false, &["Ann", "Bob"]);
        check("Ann (Featuring Bob)", false, &["Ann", "Bob"]);
        check("Simon & Garfunkel", true, &["Simon & Garfunkel"]);
        check("Earth, Wind & Fire", true, &["Earth, Wind & Fire"]);
        check("feat. ", false, &["feat."]);
        check("İstanbul feat. Bob", false, &["İstanbul feat. Bob"]);
    }

    /// Picard writes `ARTISTS` into ID3v2.3 as one value, and as many ids as names.
    #[test]
    fn a_slash_parts_a_list_where_the_ids_say_so() {
        let split = |value: &str, n_ids| split_list(&[value.to_owned()], n_ids);
        assert_eq!(split("Ann/Bob", 2), ["Ann", "Bob"]);
        assert_eq!(split("AC/DC;Bob", 2), ["AC/DC", "Bob"]);
        assert_eq!(split("AC/DC", 1), ["AC/DC"]);
        assert_eq!(split("Ann/Bob", 0), ["Ann/Bob"]);
        assert_eq!(split("Ann/Bob", 3), ["Ann/Bob"]);
    }
}
