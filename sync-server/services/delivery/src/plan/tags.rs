//! Comparing entity tags (RFC 9110, sections 8.8.3, 13.1.1, 13.1.2 and 13.1.5).

/// `If-Match`: whether one of the tags is ours, by strong comparison.
pub fn if_match(tags: &str, own: &str) -> bool {
    tags.trim() == "*" || split(tags).any(|tag| tag == own)
}

/// `If-None-Match`: whether one of the tags is ours, by weak comparison.
pub fn if_none_match(tags: &str, own: &str) -> bool {
    tags.trim() == "*" || split(tags).any(|tag| tag.trim_start_matches("W/") == own)
}

/// `If-Range`: whether the client's part is of what we have. Dates never match: we send none.
pub fn if_range(validator: &str, own: &str) -> bool {
    validator.trim() == own
}

/// The tags of a list. A comma may stand inside a tag.
fn split(tags: &str) -> impl Iterator<Item = &str> {
    let mut rest = tags;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let open = rest.find('"')?;
        let close = open + 1 + rest[open + 1..].find('"')?;
        let (tag, behind) = rest.split_at(close + 1);
        rest = behind;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_searched_and_weakness_counts() {
        assert!(if_match("\"a\", \"b,c\"", "\"b,c\""));
        assert!(if_match("*", "\"a\""));
        assert!(!if_match("W/\"a\"", "\"a\""));
        assert!(if_none_match("\"x\",W/\"a\"", "\"a\""));
        assert!(!if_none_match("\"x\", a", "\"a\""));
        for broken in ["", "\"", "\"\"\"", ",,", "W/"] {
            assert!(!if_match(broken, "\"a\"") && !if_none_match(broken, "\"a\""), "{broken}");
        }
        assert!(!if_range("Sat, 29 Oct 1994 19:43:31 GMT", "\"a\""));
    }
}
