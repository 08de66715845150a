//! Text as search and sorting see it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Folds text for search: compatibility forms decomposed (UAX #15, NFKD), marks dropped, lower
/// case, letters that have no decomposition spelt out (`ø` as `o`, `ß` as `ss`).
pub fn fold(text: &str) -> String {
    fold_without(text, is_combining_mark)
}

/// Folds a name to tell whether it is the same name: as [`fold`], but with the marks of scripts
/// in which they are not accents but sounds. `か` and `が`, `कि` and `के` are not alike.
pub fn fold_name(name: &str) -> String {
    // Combining Diacritical Marks: the accents of Latin, Greek and Cyrillic.
    fold_without(name, |c| matches!(c, '\u{300}'..='\u{36f}'))
}

fn fold_without(text: &str, is_dropped: fn(char) -> bool) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_dropped(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            '’' | '‘' | '´' => folded.push('\''),
            // Lower-casing may bring a mark back (`İ`).
            c if is_dropped(c) => {}
            c => folded.push(c),
        }
    }
    folded
}

/// The words of a text, folded: runs of letters and digits. Apostrophes join (`don't` is
/// `dont`), every other sign parts.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .replace('\'', "")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Key to sort names by: folded, without a leading article (`The Quiet Ohms` under Q). A
/// name that is only signs keeps them, so that it still has a place.
pub fn sort_key(name: &str) -> String {
    let folded = fold(name);
    let trimmed = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    let base = if trimmed.is_empty() { folded.trim() } else { trimmed };
    for article in ["the ", "a ", "an "] {
        if let Some(rest) = base.strip_prefix(article)
            && !rest.trim().is_empty()
        {
            return rest.trim().to_owned();
        }
    }
    base.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_ignore_marks_case_and_signs() {
        assert_eq!(words("Björk & Sigur Rós"), ["bjork", "sigur", "ros"]);
        assert_eq!(words("Don’t—Stop!"), ["dont", "stop"]);
        assert_eq!(words("Straße Ⅷ"), ["strasse", "viii"]);
        assert_eq!(words("坂本 龍一"), ["坂本", "龍一"]);
        assert!(words("!!!").is_empty());
    }

    #[test]
    fn names_keep_marks_that_are_sounds() {
        assert_eq!(fold_name("Sigur Rós"), fold_name("SIGUR ROS"));
        assert_eq!(fold_name("Ελλάδα"), fold_name("ελλαδα"));
        for (a, b) in [("か", "が"), ("はと", "ばと"), ("कि", "के"), ("กา", "กี")]
        {
            assert_ne!(fold_name(a), fold_name(b), "{a} {b}");
        }
        // However it is encoded, and whatever its width.
        assert_eq!(fold_name("が"), fold_name("か\u{3099}"));
        assert_eq!(fold_name("ｶﾞ"), fold_name("ガ"));
    }

    #[test]
    fn sort_key_drops_articles_but_never_everything() {
        assert_eq!(sort_key("The Quiet Ohms"), "quiet ohms");
        assert_eq!(sort_key("The The"), "the");
        assert_eq!(sort_key("A"), "a");
        assert_eq!(sort_key("!!!"), "!!!");
        assert_eq!(sort_key("“Heroes”"), "heroes”");
    }
}
