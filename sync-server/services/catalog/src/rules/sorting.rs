//! What lists are sorted by.

/// Longest key in bytes: several stand in one entry of an index, and PostgreSQL takes entries up
/// to 2,704 bytes. Names that are the same so far are told apart by their ids.
const KEY_BYTES_MAX: usize = 240;

/// Key of one name.
pub fn sort_key(name: &str) -> String {
    cut(domain::text::sort_key(name))
}

/// Key of a credit, from the keys of its artists: all of `Ann` stands before `Ann, Bo`.
pub fn credit_sort_key<T: AsRef<str>>(keys: impl IntoIterator<Item = T>) -> String {
    let mut joined = String::new();
    for key in keys {
        if !joined.is_empty() {
            joined.push('\u{1}');
        }
        joined.push_str(key.as_ref());
    }
    cut(joined)
}

fn cut(mut key: String) -> String {
    key.truncate(key.floor_char_boundary(KEY_BYTES_MAX));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_bound_and_cut_no_letter_in_two() {
        assert_eq!(sort_key("The Quiet Ohms"), "quiet ohms");
        assert_eq!(sort_key(&"龍".repeat(1000)).len(), KEY_BYTES_MAX);
        assert_eq!(sort_key(&format!("a{}", "龍".repeat(1000))).len(), KEY_BYTES_MAX - 2);
        assert!(credit_sort_key(["ann", "bo"]) > credit_sort_key(["ann"]));
        assert!(credit_sort_key(["ann", "bo"]) < credit_sort_key(["ann b"]));
    }
}
