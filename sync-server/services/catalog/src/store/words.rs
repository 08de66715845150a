//! Words of names, for filters: a word is found by its beginning.

use std::collections::BTreeSet;

use engine_sql::{bulk, sqlx::AnyConnection};

use crate::error::Error;

/// Words kept of one name, and letters kept of one word.
const WORDS_MAX: usize = 24;
const WORD_BYTES_MAX: usize = 48;

/// Whose words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    Artists,
    Releases,
    Tracks,
}

impl Of {
    pub const fn table(self) -> &'static str {
        match self {
            Self::Artists => "artist_word",
            Self::Releases => "release_word",
            Self::Tracks => "track_word",
        }
    }

    pub const fn id(self) -> &'static str {
        match self {
            Self::Artists => "artist_id",
            Self::Releases => "release_id",
            Self::Tracks => "track_id",
        }
    }
}

/// The words of a name, each once. Bytes, since databases agree on the order of bytes only.
pub fn words(name: &str) -> BTreeSet<Vec<u8>> {
    domain::text::words(name).into_iter().map(cut).take(WORDS_MAX).collect()
}

/// The first and the first-not-any-more of all words that begin like this one.
pub fn range(word: &str) -> (Vec<u8>, Vec<u8>) {
    let from = cut(word.to_owned());
    // No UTF-8 text holds this byte: it sorts behind every way to go on.
    let to = [from.as_slice(), &[0xff]].concat();
    (from, to)
}

fn cut(word: String) -> Vec<u8> {
    let mut bytes = word.into_bytes();
    bytes.truncate(WORD_BYTES_MAX);
    bytes
}

/// Adds the words of `(id, name)` pairs.
pub async fn put(tx: &mut AnyConnection, of: Of, names: &[(String, &str)]) -> Result<(), Error> {
    let pairs = pairs(names);
    let head = format!("INSERT INTO {} (word, {})", of.table(), of.id());
    Ok(bulk::insert(tx, &head, "ON CONFLICT DO NOTHING", &pairs, 2, |values, (word, id)| {
        values.add(word.clone()).add((*id).to_owned());
    })
    .await?)
}

/// Removes the words of `(id, name)` pairs.
pub async fn remove(tx: &mut AnyConnection, of: Of, names: &[(String, &str)]) -> Result<(), Error> {
    for chunk in pairs(names).chunks(bulk::PARAMETERS_MAX / 2) {
        let mut values = bulk::Values::default();
        for (word, id) in chunk {
            values.add(word.clone()).add((*id).to_owned());
        }
        let (table, id) = (of.table(), of.id());
        let rows = bulk::rows(chunk.len(), 2);
        let sql = format!("DELETE FROM {table} WHERE (word, {id}) IN (VALUES {rows})");
        bulk::execute(tx, sql, values).await?;
    }
    Ok(())
}

fn pairs<'a>(names: &'a [(String, &str)]) -> Vec<(Vec<u8>, &'a str)> {
    let pairs = |(id, name): &'a (String, &str)| {
        words(name).into_iter().map(move |word| (word, id.as_str()))
    };
    names.iter().flat_map(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_holds_exactly_what_begins_with_the_word() {
        let (from, to) = range("bjo");
        let within = |word: &str| from.as_slice() <= word.as_bytes() && word.as_bytes() < &to[..];
        assert!(within("bjo") && within("bjork") && within("bjo\u{10ffff}"));
        assert!(!within("bj") && !within("bjp") && !within("bk"));
    }
}
