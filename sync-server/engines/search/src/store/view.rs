//! The segments of one commit, with everything at hand that a search reads.

use std::sync::Arc;

use tantivy::{
    DocId, InvertedIndexReader, Searcher, SegmentReader, columnar::Column, fastfield::AliveBitSet,
    postings::SegmentPostings, schema::IndexRecordOption,
};
use uuid::Uuid;

use super::schema::{Fields, KindFields};
use crate::document::{Kind, Scope};

pub(crate) struct View {
    pub(super) fields: Fields,
    pub(super) segments: Vec<Segment>,
    n_documents: u64,
}

pub(super) struct Segment {
    kinds: [KindIndexes; 3],
    alive: Option<AliveBitSet>,
    id_high: Column<u64>,
    id_low: Column<u64>,
    rank: Column<u64>,
}

struct KindIndexes {
    title: Arc<InvertedIndexReader>,
    head: Arc<InvertedIndexReader>,
    any: Arc<InvertedIndexReader>,
}

impl View {
    pub(super) fn new(searcher: &Searcher, fields: &Fields) -> tantivy::Result<Self> {
        let segments = searcher
            .segment_readers()
            .iter()
            .map(|reader| Segment::new(reader, fields))
            .collect::<tantivy::Result<_>>()?;
        Ok(Self { fields: fields.clone(), segments, n_documents: searcher.num_docs() })
    }

    pub fn n_documents(&self) -> u64 {
        self.n_documents
    }
}

impl Segment {
    fn new(reader: &SegmentReader, fields: &Fields) -> tantivy::Result<Self> {
        let column =
            |name: &str| -> tantivy::Result<Column<u64>> { reader.fast_fields().u64(name) };
        let index = |fields: &KindFields| -> tantivy::Result<KindIndexes> {
            Ok(KindIndexes {
                title: reader.inverted_index(fields.title)?,
                head: reader.inverted_index(fields.head)?,
                any: reader.inverted_index(fields.any)?,
            })
        };
        let [track, artist, release] = Kind::ALL.map(|kind| index(fields.of(kind)));
        Ok(Self {
            kinds: [track?, artist?, release?],
            alive: reader.alive_bitset().cloned(),
            id_high: column("id_high")?,
            id_low: column("id_low")?,
            rank: column("rank")?,
        })
    }

    pub fn index(&self, kind: Kind, scope: Scope) -> &InvertedIndexReader {
        let indexes = &self.kinds[kind as usize];
        match scope {
            Scope::Title => &indexes.title,
            Scope::Head => &indexes.head,
            Scope::Any => &indexes.any,
        }
    }

    /// Documents that have a term; `None` where there are none.
    pub fn postings(
        &self,
        kind: Kind,
        scope: Scope,
        term: &str,
    ) -> tantivy::Result<Option<SegmentPostings>> {
        let index = self.index(kind, scope);
        let Some(info) = index.terms().get(term)? else {
            return Ok(None);
        };
        Ok(Some(index.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?))
    }

    pub fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    pub fn rank(&self, doc: DocId) -> u64 {
        self.rank.first(doc).unwrap_or(0)
    }

    pub fn id(&self, doc: DocId) -> Uuid {
        let part = |column: &Column<u64>| u128::from(column.first(doc).unwrap_or(0));
        Uuid::from_u128(part(&self.id_high) << 64 | part(&self.id_low))
    }
}
