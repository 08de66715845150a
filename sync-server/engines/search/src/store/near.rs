//! What a misspelt word may have meant: terms of the index within one slip or two.
//!
//! A Levenshtein automaton (Schulz and Mihov, 2002; a swap of neighbours counts as one slip)
//! walks the term dictionary. Beginnings of words are terms themselves, so that the same walk
//! serves a word that is still being typed.

use std::collections::HashMap;

use tantivy::{
    Term,
    query::{DfaWrapper, FuzzyTermQuery},
    schema::Field,
};

use super::{schema::Fields, view::View};
use crate::{
    document::{GRAM_CHARS_MAX, KEY, Kind, Scope, WHOLE},
    highlight::{SLIP_CHARS_MIN, TWO_SLIPS_CHARS_MIN},
    query::{Forms, Query, QueryWord},
};

/// Most terms that stand for one word: those in most documents.
const TERMS_MAX: usize = 12;
/// Longest key in which a slip is looked for, in characters.
const KEY_CHARS_MAX: usize = 40;

/// What a query may have meant, ready to be looked up. Made once for all kinds: an automaton
/// costs about as much as a walk.
pub(super) struct Slips<'a> {
    query: &'a Query,
    /// For each word; `None` where it is taken as it was typed.
    words: Vec<Option<Wanted>>,
    key: Option<Wanted>,
}

struct Wanted {
    text: String,
    automaton: DfaWrapper,
    /// Only terms that begin with it are looked at.
    under: Option<char>,
}

impl<'a> Slips<'a> {
    pub(super) fn new(fields: &Fields, query: &'a Query, n_slips: u8) -> tantivy::Result<Self> {
        // Which field it is does not matter to an automaton.
        let field = fields.of(Kind::Track).any;
        let words = query
            .words
            .iter()
            .map(|word| wanted_word(field, word, n_slips))
            .collect::<tantivy::Result<_>>()?;
        let n_chars = query.key().chars().count();
        let key = (n_slips == 1 && (SLIP_CHARS_MIN..=KEY_CHARS_MAX).contains(&n_chars))
            .then(|| Wanted::new(field, format!("{KEY}{}", query.key()), 1, Some(KEY)))
            .transpose()?;
        Ok(Self { query, words, key })
    }
}

impl Wanted {
    fn new(field: Field, text: String, n_slips: u8, under: Option<char>) -> tantivy::Result<Self> {
        let term = Term::from_field_text(field, &text);
        let automaton = FuzzyTermQuery::new(term, n_slips, true).automaton()?;
        Ok(Self { text, automaton, under })
    }
}

fn wanted_word(field: Field, word: &QueryWord, n_slips: u8) -> tantivy::Result<Option<Wanted>> {
    if !may_slip(word, n_slips) {
        return Ok(None);
    }
    let mut wanted: String = word.text.chars().take(GRAM_CHARS_MAX).collect();
    if !word.is_open {
        wanted.push(WHOLE);
    }
    // Two slips are only looked for behind the right first letter: the walk is then a twentieth
    // of the dictionary.
    let under = word.text.chars().next().filter(|_| n_slips > 1);
    Wanted::new(field, wanted, n_slips, under).map(Some)
}

impl View {
    /// What each word of a query may have meant.
    pub(super) fn near_forms(&self, kind: Kind, slips: &Slips<'_>) -> tantivy::Result<Vec<Forms>> {
        let mut forms = slips.query.forms();
        for ((word, wanted), forms) in slips.query.words.iter().zip(&slips.words).zip(&mut forms) {
            if let Some(wanted) = wanted
                && let [forms] = forms.as_mut_slice()
            {
                forms.extend(self.near_words(kind, word, wanted)?);
            }
        }
        Ok(forms)
    }

    /// Whole titles within one slip of a query.
    pub(super) fn near_keys(&self, kind: Kind, slips: &Slips<'_>) -> tantivy::Result<Vec<String>> {
        let Some(wanted) = &slips.key else {
            return Ok(Vec::new());
        };
        let mut keys = self.terms_near(kind, Scope::Head, wanted)?;
        keys.retain(|key, _| has_digits_of(key, &wanted.text));
        Ok(most_frequent(keys).into_iter().map(|key| key[1..].to_owned()).collect())
    }

    fn near_words(
        &self,
        kind: Kind,
        word: &QueryWord,
        wanted: &Wanted,
    ) -> tantivy::Result<Vec<String>> {
        let mut found = self.terms_near(kind, Scope::Any, wanted)?;
        found.retain(|term, _| match term.strip_suffix(WHOLE) {
            _ if !has_digits_of(term, &wanted.text) => false,
            // The beginnings of what was typed would match far too much, unless they are a
            // whole word.
            None => word.is_open && !word.text.starts_with(term),
            Some(whole) => !word.is_open || word.text.starts_with(whole),
        });
        // What goes on from another find is found with it.
        let beginnings: Vec<String> = found.keys().cloned().collect();
        found.retain(|term, _| {
            !beginnings.iter().any(|other| other.len() < term.len() && term.starts_with(other))
        });
        Ok(most_frequent(found))
    }

    /// Terms near what is wanted, with the number of documents that have them.
    fn terms_near(
        &self,
        kind: Kind,
        scope: Scope,
        wanted: &Wanted,
    ) -> tantivy::Result<HashMap<String, u64>> {
        let mut found = HashMap::new();
        for segment in &self.segments {
            let mut range = segment.index(kind, scope).terms().search(&wanted.automaton);
            if let Some(under) = wanted.under {
                let after = char::from_u32(under as u32 + 1).unwrap_or(char::MAX);
                range = range.ge(under.to_string()).lt(after.to_string());
            }
            let mut terms = range.into_stream()?;
            while terms.advance() {
                if let Ok(term) = std::str::from_utf8(terms.key()) {
                    let n_documents = u64::from(terms.value().doc_freq);
                    *found.entry(term.to_owned()).or_default() += n_documents;
                }
            }
        }
        Ok(found)
    }
}

/// Numbers are meant as they are typed, and short words are too near to everything.
fn may_slip(word: &QueryWord, n_slips: u8) -> bool {
    let n_chars_min = if n_slips > 1 { TWO_SLIPS_CHARS_MIN } else { SLIP_CHARS_MIN };
    !word.is_unspaced
        && word.text.chars().count() >= n_chars_min
        && !word.text.chars().all(char::is_numeric)
}

/// Numbers inside are meant as they are typed, too.
fn has_digits_of(one: &str, two: &str) -> bool {
    one.chars().filter(|c| c.is_numeric()).eq(two.chars().filter(|c| c.is_numeric()))
}

fn most_frequent(found: HashMap<String, u64>) -> Vec<String> {
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(one, n_one), (two, n_two)| n_two.cmp(n_one).then_with(|| one.cmp(two)));
    found.truncate(TERMS_MAX);
    found.into_iter().map(|(term, _)| term).collect()
}
