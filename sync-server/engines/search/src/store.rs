//! One index on disk, embedded: tantivy.
//!
//! Documents lie in segments in the order of their rank, best first, so that a search may stop
//! at the first ones it meets; a merge keeps that order. Every commit carries the place in the
//! order of changes it stands for, so that both become durable together or not at all.

mod near;
mod schema;
mod search;
mod view;

use std::{
    path::Path,
    sync::{Arc, RwLock},
    thread,
    time::Duration,
};

use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    directory::MmapDirectory,
    index::IndexMeta,
    indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy},
};
use uuid::Uuid;

use self::schema::{Fields, TERM_LIST, TermList};
pub use self::search::{Found, Hit};
pub(crate) use self::view::View;
use crate::{
    Error,
    document::{Document, Kind},
};

/// Changes with the terms of documents or the layout of the index; an index of another format
/// is made anew.
const FORMAT: u32 = 1;
/// Memory of a writer for what is not on disk yet, in bytes.
const WRITER_BYTES: usize = 32 << 20;
/// Segments of about one size before they are merged.
const SEGMENTS_MERGED: usize = 4;
/// Segments up to so many documents count as one size.
const SMALL_SEGMENT_DOCS: u32 = 2_000;
/// Share of deleted documents above which a segment is written anew.
const DELETED_SHARE_MAX: f32 = 0.3;

/// How often, and with which pause, merging everything is tried while other merges run: for a
/// minute in all.
const COMPACT_TRIES: usize = 300;
const COMPACT_PAUSE: Duration = Duration::from_millis(200);

pub(crate) struct Store {
    fields: Fields,
    reader: IndexReader,
    view: RwLock<Arc<View>>,
}

/// The one who may change a store.
pub(crate) struct Writer {
    fields: Fields,
    writer: IndexWriter,
}

impl Store {
    /// Makes an empty index in an empty folder.
    pub fn create(dir: &Path) -> Result<(Self, Writer), Error> {
        let fail = Error::engine("create the search index");
        let (schema, _) = schema::schema();
        let directory = MmapDirectory::open(dir).map_err(|e| fail(e.into()))?;
        let builder = Index::builder().schema(schema).settings(schema::settings());
        let index = builder.open_or_create(directory).map_err(fail)?;
        let (store, mut writer) = Self::with(index)?;
        writer.commit(None)?;
        Ok((store, writer))
    }

    /// Opens an index. `Err` as well where it is damaged or of another format.
    pub fn open(dir: &Path) -> Result<(Self, Writer), Error> {
        let fail = Error::engine("open the search index");
        let index = Index::open_in_dir(dir).map_err(fail)?;
        let meta = index.load_metas().map_err(fail)?;
        if format(&meta) != Some(FORMAT) || meta.schema != schema::schema().0 {
            return Err(Error::OtherFormat);
        }
        let damaged = index.validate_checksum().map_err(fail)?;
        if let Some(path) = damaged.into_iter().next() {
            return Err(Error::Damaged { path });
        }
        Self::with(index)
    }

    fn with(index: Index) -> Result<(Self, Writer), Error> {
        let fail = Error::engine("open the search index");
        let (_, fields) = schema::schema();
        index.tokenizers().register(TERM_LIST, TermList::default());
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = index.writer_with_options(options).map_err(fail)?;
        writer.set_merge_policy(Box::new(merge_policy()));
        let builder = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader: IndexReader = builder.try_into().map_err(fail)?;
        let view = View::new(&reader.searcher(), &fields).map_err(fail)?;
        let store = Self { fields: fields.clone(), reader, view: RwLock::new(Arc::new(view)) };
        Ok((store, Writer { fields, writer }))
    }

    /// What searches look at: the latest commit that was [refreshed](Store::refresh) to.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().expect("nothing panics while holding the view"))
    }

    /// Looks at the latest commit and merges from now on.
    pub fn refresh(&self) -> Result<(), Error> {
        let fail = Error::engine("look at the latest commit");
        let n_before = self.reader.searcher().generation().generation_id();
        self.reader.reload().map_err(fail)?;
        let searcher = self.reader.searcher();
        if searcher.generation().generation_id() != n_before {
            let view = Arc::new(View::new(&searcher, &self.fields).map_err(fail)?);
            *self.view.write().expect("nothing panics while holding the view") = view;
        }
        Ok(())
    }
}

impl Writer {
    /// Place in the order of changes of the last commit; `None` in an index not yet filled.
    pub fn position(&self) -> Result<Option<i64>, Error> {
        let meta = self.writer.index().load_metas().map_err(Error::engine("read the position"))?;
        Ok(meta.payload.as_deref().and_then(|payload| payload.split_once(' ')?.1.parse().ok()))
    }

    /// Adds a document or replaces the one of its id.
    pub fn put(&mut self, document: &Document) -> Result<(), Error> {
        self.remove(document.kind, document.id);
        let terms = document.terms();
        let id = document.id.as_u128();
        let mut row = TantivyDocument::new();
        row.add_bytes(self.fields.id, &schema::id_bytes(document.kind, document.id));
        row.add_u64(self.fields.id_high, (id >> 64) as u64);
        row.add_u64(self.fields.id_low, id as u64);
        row.add_u64(self.fields.rank, document.rank());
        let of_kind = self.fields.of(document.kind);
        row.add_text(of_kind.title, schema::term_list(&terms.title));
        row.add_text(of_kind.head, schema::term_list(&terms.head));
        if of_kind.any != of_kind.title {
            row.add_text(of_kind.any, schema::term_list(&terms.any));
        }
        self.writer.add_document(row).map_err(Error::engine("add to the search index"))?;
        Ok(())
    }

    pub fn remove(&mut self, kind: Kind, id: Uuid) {
        let id = schema::id_bytes(kind, id);
        self.writer.delete_term(Term::from_field_bytes(self.fields.id, &id));
    }

    /// Makes all changes durable, together with the place they stand for.
    pub fn commit(&mut self, position: Option<i64>) -> Result<(), Error> {
        let fail = Error::engine("commit the search index");
        let mut commit = self.writer.prepare_commit().map_err(fail)?;
        let position = position.map(|position| position.to_string()).unwrap_or_default();
        commit.set_payload(&format!("{FORMAT} {position}"));
        commit.commit().map_err(fail)?;
        Ok(())
    }

    /// Forgets what was not committed, after a failure.
    pub fn rollback(&mut self) -> Result<(), Error> {
        self.writer.rollback().map_err(Error::engine("roll the search index back"))?;
        Ok(())
    }

    /// Merges all into one segment: the fastest to search. Merges that run in the background
    /// are waited for; where they take too long it is left to them.
    pub fn compact(&mut self) -> Result<(), Error> {
        let fail = Error::engine("merge the search index");
        self.writer.set_merge_policy(Box::new(NoMergePolicy));
        for _ in 0..COMPACT_TRIES {
            let segments = self.writer.index().searchable_segment_ids().map_err(fail)?;
            if segments.len() < 2 {
                break;
            }
            match self.writer.merge(&segments).wait() {
                // One of them is being merged already.
                Err(TantivyError::InvalidArgument(_)) => thread::sleep(COMPACT_PAUSE),
                merged => {
                    merged.map_err(fail)?;
                    break;
                }
            }
        }
        self.writer.set_merge_policy(Box::new(merge_policy()));
        Ok(())
    }
}

fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(SEGMENTS_MERGED);
    policy.set_min_layer_size(SMALL_SEGMENT_DOCS);
    policy.set_del_docs_ratio_before_merge(DELETED_SHARE_MAX);
    policy
}

fn format(meta: &IndexMeta) -> Option<u32> {
    meta.payload.as_deref()?.split_once(' ')?.0.parse().ok()
}
