//! What can be found, and the terms it is found by.
//!
//! The terms are made here and not by an engine's own analysis, so that every engine finds the
//! same: words are cut into their beginnings (edge n-grams), so that a prefix is one look-up.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::words::{Text, Word, read};

/// What kind of thing is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    Track,
    Artist,
    Release,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Track, Self::Artist, Self::Release];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Artist => "artist",
            Self::Release => "release",
        }
    }
}

/// Something that can be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    pub kind: Kind,
    pub id: Uuid,
    /// Title or name.
    pub title: String,
    /// Other texts whose words may take part in a query: a track's artists and its release.
    pub context: Vec<String>,
    /// How much it is wanted, such as plays; only the logarithm counts.
    pub popularity: u64,
}

/// Which texts a term speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// The words of the title: their beginnings, and each whole one with [`WHOLE`] behind it.
    Title,
    /// The title as a whole: [`KEY`] and its key, [`FIRST`] and the forms of its first word.
    Head,
    /// The words of title and context, in the forms of `Title`.
    Any,
}

/// Behind a whole word, which tells `help` from the beginning of `helpless`.
pub const WHOLE: char = ' ';
/// Before the key of a whole title.
pub const KEY: char = '=';
/// Before the first word of a title.
pub const FIRST: char = '^';
/// Longest beginning that is a term of its own, in characters; more of a word is not looked at.
pub const GRAM_CHARS_MAX: usize = 20;
/// Most words of one text that are indexed.
const WORDS_MAX: usize = 64;

/// Highest [`Document::rank`].
pub const RANK_MAX: u64 = 0xffff;

/// The terms of a document, scope by scope.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub title: BTreeSet<String>,
    pub head: BTreeSet<String>,
    /// Empty for artists, who have no context.
    pub any: BTreeSet<String>,
}

impl Document {
    /// What the order of results is made of where the words do not decide: popular before
    /// unpopular (in steps of a quarter of a doubling), then short titles before long ones.
    pub fn rank(&self) -> u64 {
        let popularity = ((self.popularity as f64).ln_1p() / f64::ln(2.0) * 4.0) as u64;
        let n_chars = self.title.chars().count() as u64;
        popularity.min(255) << 8 | 255_u64.saturating_sub(n_chars)
    }

    pub fn terms(&self) -> Terms {
        let mut terms = Terms::default();
        let title = read(&self.title);
        insert_words(&mut terms.title, &title);
        insert_head(&mut terms.head, &title);
        if let Some(short) = main_title(&self.title) {
            let short = read(short);
            terms.head.extend(short.keys.iter().map(|key| format!("{KEY}{key}")));
        }
        if self.kind != Kind::Artist {
            terms.any.clone_from(&terms.title);
            for text in &self.context {
                insert_words(&mut terms.any, &read(text));
            }
        }
        terms
    }
}

/// The terms that stand for a word in a query; all must be there. `is_open` words may go on.
pub fn query_terms(word: &str, is_unspaced: bool, is_open: bool) -> Vec<String> {
    if is_unspaced {
        return unspaced_terms(word, true);
    }
    let cut: String = word.chars().take(GRAM_CHARS_MAX).collect();
    vec![if is_open { cut } else { format!("{cut}{WHOLE}") }]
}

fn insert_words(terms: &mut BTreeSet<String>, text: &Text) {
    for word in text.words.iter().take(WORDS_MAX).chain(text.spellings.iter().take(WORDS_MAX)) {
        insert_word(terms, "", word);
    }
}

fn insert_word(terms: &mut BTreeSet<String>, before: &str, word: &Word) {
    if word.is_unspaced {
        terms.extend(unspaced_terms(&word.text, false).iter().map(|t| format!("{before}{t}")));
        return;
    }
    let mut form = before.to_owned();
    for c in word.text.chars().take(GRAM_CHARS_MAX) {
        form.push(c);
        terms.insert(form.clone());
    }
    form.push(WHOLE);
    terms.insert(form);
}

fn insert_head(terms: &mut BTreeSet<String>, title: &Text) {
    let before = FIRST.to_string();
    let n_articles =
        title.words.first().is_some_and(|word| matches!(word.text.as_str(), "the" | "a" | "an"));
    let firsts = title.words.iter().take(1 + usize::from(n_articles));
    let chunk_end = title.words.first().and_then(|w| w.places.last()).map_or(0, |p| p.start);
    let spellings = title
        .spellings
        .iter()
        .filter(|w| w.places.first().is_some_and(|place| place.start <= chunk_end));
    for word in firsts.chain(spellings) {
        insert_word(terms, &before, word);
    }
    terms.extend(title.keys.iter().map(|key| format!("{KEY}{key}")));
}

/// Single characters and pairs of neighbours. A query of two or more characters asks for its
/// pairs only.
fn unspaced_terms(word: &str, is_query: bool) -> Vec<String> {
    let chars: Vec<char> = word.chars().take(WORDS_MAX).collect();
    let pairs = chars.windows(2).map(|pair| pair.iter().collect());
    if is_query && chars.len() > 1 {
        pairs.collect()
    } else {
        chars.iter().map(char::to_string).chain(pairs).collect()
    }
}

/// A title without what follows it in brackets or behind a dash: `Help! - Remastered`.
fn main_title(title: &str) -> Option<&str> {
    let cut = [" (", " [", " - ", " – ", " — "].iter().filter_map(|sign| title.find(sign)).min()?;
    Some(title[..cut].trim()).filter(|short| !short.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(title: &str, context: &[&str], popularity: u64) -> Document {
        Document {
            kind: Kind::Track,
            id: Uuid::nil(),
            title: title.into(),
            context: context.iter().map(|&text| text.into()).collect(),
            popularity,
        }
    }

    #[test]
    fn terms_are_beginnings_whole_words_and_keys() {
        let terms = document("The Ox (Live)", &["Ab"], 0).terms();
        let list = |terms: &BTreeSet<String>| terms.iter().cloned().collect::<Vec<_>>().join("|");
        assert_eq!(list(&terms.title), "l|li|liv|live|live |o|ox|ox |t|th|the|the ");
        assert_eq!(list(&terms.head), "=ox|=ox live|^o|^ox|^ox |^t|^th|^the|^the ");
        assert_eq!(list(&terms.any), "a|ab|ab |l|li|liv|live|live |o|ox|ox |t|th|the|the ");
    }

    #[test]
    fn terms_of_unspaced_scripts_are_characters_and_pairs() {
        let terms = document("坂本龍", &[], 0).terms().title;
        assert_eq!(terms.into_iter().collect::<Vec<_>>().join("|"), "坂|坂本|本|本龍|龍");
        assert_eq!(query_terms("坂本龍", true, true), ["坂本", "本龍"]);
        assert_eq!(query_terms("坂", true, true), ["坂"]);
    }

    #[test]
    fn popular_ranks_first_then_short() {
        let rank = |title: &str, popularity| document(title, &[], popularity).rank();
        assert!(rank("a long title", 1000) > rank("a", 100));
        assert!(rank("ab", 100) > rank("abc", 100));
        assert!(rank(&"x".repeat(999), u64::MAX) <= RANK_MAX);
        assert_eq!(rank(&"x".repeat(999), 0), 0);
    }
}
