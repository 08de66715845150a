//! Fields of the index, and the tokenizer that takes terms as they are.

use std::collections::BTreeSet;

use tantivy::{
    IndexSettings, IndexSortByField, Order,
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{Token, TokenStream, Tokenizer},
};
use uuid::Uuid;

use crate::document::Kind;

/// Name of [`TermList`].
pub(super) const TERM_LIST: &str = "term_list";
const RANK: &str = "rank";

#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// Kind and id, to replace and remove by.
    pub id: Field,
    pub id_high: Field,
    pub id_low: Field,
    pub rank: Field,
    kinds: [KindFields; 3],
}

/// Fields that hold the terms of one kind of document, by [`Scope`](crate::document::Scope).
#[derive(Clone, Copy, Debug)]
pub(super) struct KindFields {
    pub title: Field,
    pub head: Field,
    /// The same as `title` for artists.
    pub any: Field,
}

impl Fields {
    pub fn of(&self, kind: Kind) -> &KindFields {
        &self.kinds[kind as usize]
    }
}

pub(super) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let terms = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(TERM_LIST)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic),
    );
    let kinds = Kind::ALL.map(|kind| {
        let name = kind.as_str();
        let title = schema.add_text_field(&format!("{name}_title"), terms.clone());
        let head = schema.add_text_field(&format!("{name}_head"), terms.clone());
        let any = match kind {
            Kind::Artist => title,
            _ => schema.add_text_field(&format!("{name}_any"), terms.clone()),
        };
        KindFields { title, head, any }
    });
    let fields = Fields {
        id: schema.add_bytes_field("id", INDEXED),
        id_high: schema.add_u64_field("id_high", FAST),
        id_low: schema.add_u64_field("id_low", FAST),
        rank: schema.add_u64_field(RANK, FAST),
        kinds,
    };
    (schema.build(), fields)
}

/// Documents stand by rank, the best first.
pub(super) fn settings() -> IndexSettings {
    let by_rank = IndexSortByField { field: RANK.to_owned(), order: Order::Desc };
    IndexSettings { sort_by_field: Some(by_rank), ..IndexSettings::default() }
}

pub(super) fn id_bytes(kind: Kind, id: Uuid) -> [u8; 17] {
    let mut bytes = [kind as u8; 17];
    bytes[1..].copy_from_slice(id.as_bytes());
    bytes
}

/// Terms as the value of a field. No term holds the sign between them: words have no white
/// space in them.
pub(super) fn term_list(terms: &BTreeSet<String>) -> String {
    let mut list = String::with_capacity(terms.iter().map(|term| term.len() + 1).sum());
    for term in terms {
        list.push_str(term);
        list.push('\n');
    }
    list
}

/// Takes each line as a term.
#[derive(Clone, Default)]
pub(super) struct TermList {
    token: Token,
}

pub(super) struct TermStream<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl Tokenizer for TermList {
    type TokenStream<'a> = TermStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermStream<'a> {
        self.token.reset();
        TermStream { rest: text, token: &mut self.token }
    }
}

impl TokenStream for TermStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((term, rest)) = self.rest.split_once('\n') else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(term);
        self.token.position = self.token.position.wrapping_add(1);
        self.rest = rest;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
