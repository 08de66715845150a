//! Which parts of a title a query matched.

use std::ops::Range;

use crate::{
    query::{Query, QueryWord},
    words::{Word, read},
};

/// A piece of text that matched, or did not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    pub text: String,
    pub is_match: bool,
}

/// Shortest word in which slips are forgiven, in characters.
pub const SLIP_CHARS_MIN: usize = 4;
/// Shortest word in which two slips are forgiven.
pub const TWO_SLIPS_CHARS_MIN: usize = 6;

/// Cuts `text` into spans that matched `query` and spans that did not; joined, they are `text`.
/// A word that is there as it was typed matches there only, one that is not may match with
/// slips where `is_near`.
pub fn highlight(text: &str, query: &Query, is_near: bool) -> Vec<Span> {
    let read = read(text);
    let words: Vec<&Word> = read.words.iter().chain(&read.spellings).collect();
    let mut matched: Vec<Range<usize>> = Vec::new();
    let mut n_missing = 0;
    for wanted in &query.words {
        let exact: Vec<_> = words.iter().flat_map(|word| exact_places(word, wanted)).collect();
        n_missing += usize::from(exact.is_empty());
        if exact.is_empty() && is_near {
            matched.extend(words.iter().filter_map(|word| near_place(word, wanted)));
        } else {
            matched.extend(exact);
        }
    }
    if n_missing > 0 && is_near {
        matched.extend(across_spaces(&read.words, query));
    }
    spans(text, matched)
}

fn exact_places(word: &Word, wanted: &QueryWord) -> Vec<Range<usize>> {
    let n_wanted = wanted.text.chars().count();
    if word.is_unspaced {
        let n_before = |at: usize| word.text[..at].chars().count();
        let places = word.text.match_indices(&wanted.text).map(|(at, _)| n_before(at));
        return places.map(|from| place(word, from, n_wanted)).collect();
    }
    if word.text.starts_with(&wanted.text) { vec![place(word, 0, n_wanted)] } else { vec![] }
}

/// The beginning of `word` that is `wanted` but for slips, where one is.
fn near_place(word: &Word, wanted: &QueryWord) -> Option<Range<usize>> {
    let n_wanted = wanted.text.chars().count();
    if word.is_unspaced || n_wanted < SLIP_CHARS_MIN {
        return None;
    }
    let n_slips_max = if n_wanted < TWO_SLIPS_CHARS_MIN { 1 } else { 2 };
    let (n_chars, n_slips) = nearest_beginning(&wanted.text, &word.text);
    (n_slips <= n_slips_max).then(|| place(word, 0, n_chars))
}

/// Words that a query wrote without the space, or with one too many.
fn across_spaces(words: &[Word], query: &Query) -> Vec<Range<usize>> {
    let joined_query: String = query.words.iter().map(|word| word.text.as_str()).collect();
    let joined_text: String = words.iter().map(|word| word.text.as_str()).collect();
    let places: Vec<_> = words.iter().flat_map(|word| word.places.iter().cloned()).collect();
    let Some(at) = joined_text.find(&joined_query).filter(|_| !joined_query.is_empty()) else {
        return Vec::new();
    };
    let from = joined_text[..at].chars().count();
    places[from..from + joined_query.chars().count()].to_vec()
}

/// How many characters of `text` are nearest to `wanted`, and how many slips they are apart: a
/// letter added, left out, replaced, or two neighbours swapped (optimal string alignment).
fn nearest_beginning(wanted: &str, text: &str) -> (usize, usize) {
    let wanted: Vec<char> = wanted.chars().collect();
    let text: Vec<char> = text.chars().take(wanted.len() + 2).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=text.len()).collect();
    for (row, &w) in wanted.iter().enumerate() {
        let mut this = vec![row + 1; text.len() + 1];
        for (column, &t) in text.iter().enumerate() {
            let replaced = last[column] + usize::from(w != t);
            let mut best = replaced.min(last[column + 1] + 1).min(this[column] + 1);
            let is_swapped =
                row > 0 && column > 0 && w == text[column - 1] && t == wanted[row - 1] && w != t;
            if is_swapped {
                best = best.min(before_last[column - 1] + 1);
            }
            this[column + 1] = best;
        }
        before_last = std::mem::replace(&mut last, this);
    }
    let best = last.iter().copied().min().unwrap_or(0);
    // Of equally near beginnings the one of the same length, else the longest.
    let same = text.len().min(wanted.len());
    let n_chars =
        if last[same] == best { same } else { last.iter().rposition(|&n| n == best).unwrap_or(0) };
    (n_chars, best)
}

/// The bytes of the original that `n_chars` characters from `from` came from.
fn place(word: &Word, from: usize, n_chars: usize) -> Range<usize> {
    let places = word.places.get(from..from + n_chars).unwrap_or_default();
    match (places.first(), places.last()) {
        (Some(first), Some(last)) => first.start..last.end,
        _ => 0..0,
    }
}

fn spans(text: &str, mut matched: Vec<Range<usize>>) -> Vec<Span> {
    matched.sort_by_key(|range| (range.start, range.end));
    let mut spans: Vec<Span> = Vec::new();
    let mut push = |text: &str, is_match: bool| match spans.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.is_match == is_match => last.text.push_str(text),
        _ => spans.push(Span { text: text.to_owned(), is_match }),
    };
    let mut at = 0;
    for range in matched {
        push(&text[at..range.start.max(at)], false);
        push(&text[range.start.max(at)..range.end.max(at)], true);
        at = range.end.max(at);
    }
    push(&text[at..], false);
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Matches stand in brackets.
    fn check(text: &str, query: &str, expected: &str) {
        let mark = |span: Span| {
            if span.is_match { format!("[{}]", span.text) } else { span.text }
        };
        let marked: String =
            highlight(text, &Query::parse(query), true).into_iter().map(mark).collect();
        assert_eq!(marked, expected, "{query}");
    }

    #[test]
    fn matches_are_marked_in_the_original() {
        check("Björk", "bjo", "[Bjö]rk");
        check("Bjo\u{308}rk", "bjo", "[Bjo\u{308}]rk");
        check("Hauptstraße", "hauptstras", "[Hauptstraß]e");
        check("Æon Flux", "a", "[Æ]on Flux");
        check("Help! I need help", "help", "[Help]! I need [help]");
        check("Don’t Stop", "dont", "[Don’t] Stop");
        check("坂本龍一", "龍一", "坂本[龍一]");
        check("Sigur Rós", "ros sig", "[Sig]ur [Rós]");
        check("Café", "x", "Café");
    }

    #[test]
    fn slips_and_spellings_are_marked() {
        check("The Beatles", "beatels", "The [Beatles]");
        check("Metallica", "metalica", "[Metallica]");
        check("Love Live", "love", "[Love] Live");
        check("AC/DC", "acdc", "[AC/DC]");
        check("AC/DC", "ac dc", "[AC]/[DC]");
        check("P!nk", "pink", "[P!nk]");
        check("Sigur Rós", "sigurros", "[Sigur] [Rós]");
        check("Daydream", "day dream", "[Daydream]");
    }

    proptest! {
        #[test]
        fn spans_joined_are_the_text(text in "\\PC{0,30}", query in "\\PC{0,12}") {
            let spans = highlight(&text, &Query::parse(&query), true);
            let joined: String = spans.iter().map(|span| span.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(spans.windows(2).all(|pair| pair[0].is_match != pair[1].is_match));
        }

        #[test]
        fn a_text_matches_its_own_beginning(
            text in "[a-zäöüßéøÆłñ坂本ひ ]{1,20}", n_chars in 1_usize..8,
        ) {
            let beginning: String = text.trim_start().chars().take(n_chars).collect();
            let query = Query::parse(&beginning);
            let spans = highlight(&text, &query, false);
            let n_words = query.words.len();
            prop_assert_eq!(spans.iter().any(|span| span.is_match), n_words > 0);
        }
    }
}
