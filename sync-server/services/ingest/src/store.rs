//! What the import remembers: every file by path, and past runs.

mod steps;

use std::{collections::HashSet, path::PathBuf};

use api::imports::{Import, ImportState};
use domain::{ImportId, TrackId};
use engine_sql::{
    Db, Error,
    sqlx::{self, AssertSqlSafe, Row as _, any::AnyRow},
};

use examine::paths;

use crate::{
    Located, covers,
    scan::{self, Entry},
};

/// Raised when files deserve another look: because more is read in them, or because the catalog
/// sorts what is read by other rules. The next import looks into every file again.
const EXAMINER: i64 = 2;
/// Imports are remembered this long.
const IMPORTS_KEPT_US: i64 = 90 * 24 * 3_600 * 1_000_000;
/// Rows read at a time where all of a root are.
const PAGE: i64 = 2_000;
/// Values looked for in one query.
const VALUES_MAX: usize = 256;

/// A folder that was imported; named by the hash of its path.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RootId(pub String);

impl RootId {
    pub fn of(directory: &std::path::Path) -> Self {
        let hash = blake3::hash(&paths::to_bytes(directory));
        Self(paths::hex(&hash.as_bytes()[..16]))
    }
}

/// How a file stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It has a track id, but the catalog may not know yet.
    Pending,
    Here,
    Missing,
    Broken,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Here => "here",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "here" => Self::Here,
            "missing" => Self::Missing,
            "broken" => Self::Broken,
            _ => Self::Pending,
        }
    }
}

/// A file as it was when last looked into.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Known {
    pub entry: Entry,
    /// Empty where it never decoded.
    pub content_hash: Vec<u8>,
    pub track: Option<TrackId>,
    pub content_type: String,
    /// Opaque name of the release's folder, kept when files move.
    pub release_key: String,
    pub state: State,
    /// Why it is broken, or what is not quite right with it.
    pub remark: Option<String>,
    /// By which version of the examination it was looked into.
    pub examiner: i64,
}

impl Known {
    /// As it is to be stored.
    pub fn new(entry: Entry, state: State) -> Self {
        Self {
            entry,
            content_hash: Vec::new(),
            track: None,
            content_type: String::new(),
            release_key: String::new(),
            state,
            remark: None,
            examiner: EXAMINER,
        }
    }

    pub fn is_same_file(&self, entry: &Entry) -> bool {
        let known = &self.entry;
        (&known.path, known.size_bytes, known.mtime_us)
            == (&entry.path, entry.size_bytes, entry.mtime_us)
    }

    pub fn was_examined_as_now(&self) -> bool {
        self.examiner == EXAMINER
    }

    /// Whether another look would find the same: by the same rules, beside the same images.
    pub fn is_up_to_date(&self, entry: &Entry) -> bool {
        let images = self.entry.images;
        self.was_examined_as_now() && (images == covers::EMBEDDED || images == entry.images)
    }
}

/// A file of a track, maybe under another root.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub root: RootId,
    /// Absolute.
    pub absolute: PathBuf,
    pub track: TrackId,
    /// As it was when last looked into.
    pub known: Known,
    /// Whether it is there now, as it was then; set by [`look_for`].
    pub is_there: bool,
}

impl Source {
    pub fn is(&self, root: &RootId, path: &[u8]) -> bool {
        self.root == *root && self.known.entry.path == path
    }
}

/// Says of each file whether it is there with the content it is known by.
pub(crate) async fn look_for(mut sources: Vec<Source>) -> Vec<Source> {
    let looked = tokio::task::spawn_blocking(move || {
        for source in &mut sources {
            let entry = &source.known.entry;
            source.is_there = source.known.state == State::Here
                && scan::look(&source.absolute) == Some((entry.size_bytes, entry.mtime_us));
        }
        sources
    });
    // The thread does nothing that panics.
    looked.await.unwrap_or_default()
}

/// The import's tables.
#[derive(Clone)]
pub(crate) struct Store {
    db: Db,
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("ingest", steps::STEPS).await?;
        Ok(Self { db })
    }

    pub async fn root_put(&self, root: &RootId, directory: &std::path::Path) -> Result<(), Error> {
        let directory = paths::to_bytes(directory);
        let directory = &directory;
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "INSERT INTO ingest_root (root_id, directory) VALUES ($1, $2)
                     ON CONFLICT (root_id) DO NOTHING",
                )
                .bind(root.0.clone())
                .bind(directory.clone())
                .execute(&mut *tx)
                .await?;
                Ok(())
            })
            .await
    }

    /// The files known under these paths.
    pub async fn files(&self, root: &RootId, entries: &[Entry]) -> Result<Vec<Known>, Error> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "{FILE} WHERE f.root_id = $1 AND f.path IN ({})",
            placeholders(2, entries.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(root.0.clone());
        for entry in entries {
            query = query.bind(entry.path.clone());
        }
        let rows = query.fetch_all(self.db.read()).await?;
        Ok(rows.iter().map(known).collect::<Result<_, _>>()?)
    }

    /// Which of these sizes any known file has.
    pub async fn sizes_known(&self, sizes: &[u64]) -> Result<Vec<u64>, Error> {
        if sizes.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT DISTINCT size_bytes FROM ingest_file WHERE size_bytes IN ({})",
            placeholders(1, sizes.len())
        );
        let mut query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql));
        for size in sizes {
            query = query.bind(size.cast_signed());
        }
        let sizes = query.fetch_all(self.db.read()).await?;
        Ok(sizes.into_iter().map(i64::cast_unsigned).collect())
    }

    /// Whether a file with this content became a track.
    pub async fn is_content_known(&self, content_hash: &[u8]) -> Result<bool, Error> {
        let found: i64 = sqlx::query_scalar(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM ingest_file
             WHERE content_hash = $1 AND track_id <> '' AND state IN ('here', 'missing'))
             THEN 1 ELSE 0 END",
        )
        .bind(content_hash.to_vec())
        .fetch_one(self.db.read())
        .await?;
        Ok(found != 0)
    }

    /// Files with these contents that became tracks.
    pub async fn sources_by_content(&self, hashes: &[Vec<u8>]) -> Result<Vec<Source>, Error> {
        self.sources_by("f.track_id <> '' AND f.content_hash", hashes).await
    }

    /// Files of these tracks.
    pub async fn sources_by_track(&self, tracks: &[TrackId]) -> Result<Vec<Source>, Error> {
        let tracks: Vec<_> = tracks.iter().map(TrackId::to_string).collect();
        self.sources_by("f.track_id", &tracks).await
    }

    async fn sources_by<T>(&self, column: &str, values: &[T]) -> Result<Vec<Source>, Error>
    where
        T: Clone + Send + for<'q> sqlx::Encode<'q, sqlx::Any> + sqlx::Type<sqlx::Any> + 'static,
    {
        let mut sources = Vec::new();
        for chunk in values.chunks(VALUES_MAX) {
            let sql = format!(
                "{SOURCE} WHERE {column} IN ({}) ORDER BY f.root_id, f.path LIMIT 10000",
                placeholders(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for value in chunk {
                query = query.bind(value.clone());
            }
            for row in query.fetch_all(self.db.read()).await? {
                sources.extend(source(&row)?);
            }
        }
        Ok(sources)
    }

    /// The key under which tracks in a release's folder went to the catalog before.
    pub async fn release_key(&self, root: &RootId, folder: &[u8]) -> Result<Option<String>, Error> {
        let key = sqlx::query_scalar(
            "SELECT release_key FROM ingest_file
             WHERE root_id = $1 AND folder = $2 AND release_key <> ''
             ORDER BY path LIMIT 1",
        )
        .bind(root.0.clone())
        .bind(folder.to_vec())
        .fetch_optional(self.db.read())
        .await?;
        Ok(key)
    }

    /// Stores files as they are now, and forgets those that moved away.
    pub async fn files_put(
        &self,
        root: &RootId,
        files: &[Known],
        gone: &[(RootId, Vec<u8>)],
    ) -> Result<(), Error> {
        if files.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.db
            .with_tx(|mut tx| async move {
                for (root, path) in gone {
                    sqlx::query("DELETE FROM ingest_file WHERE root_id = $1 AND path = $2")
                        .bind(root.0.clone())
                        .bind(path.clone())
                        .execute(&mut *tx)
                        .await?;
                }
                for file in files {
                    sqlx::query(PUT)
                        .bind(root.0.clone())
                        .bind(file.entry.path.clone())
                        .bind(crate::folder::release_folder(&file.entry.path).to_vec())
                        .bind(file.entry.size_bytes.cast_signed())
                        .bind(file.entry.mtime_us)
                        .bind(file.content_hash.clone())
                        .bind(file.track.map(|track| track.to_string()).unwrap_or_default())
                        .bind(file.content_type.clone())
                        .bind(file.release_key.clone())
                        .bind(file.state.as_str())
                        .bind(file.remark.clone().unwrap_or_default())
                        .bind(file.examiner)
                        .bind(file.entry.images)
                        .execute(&mut *tx)
                        .await?;
                }
                Ok(())
            })
            .await
    }

    /// A page of the files of a root that should be there, by path after `after`.
    pub async fn files_page(
        &self,
        root: &RootId,
        after: &[u8],
    ) -> Result<Vec<(Vec<u8>, State, Option<TrackId>)>, Error> {
        let rows = sqlx::query(
            "SELECT path, state, track_id FROM ingest_file
             WHERE root_id = $1 AND path > $2 ORDER BY path LIMIT $3",
        )
        .bind(root.0.clone())
        .bind(after.to_vec())
        .bind(PAGE)
        .fetch_all(self.db.read())
        .await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get(0)?,
                    State::from_name(&row.try_get::<String, _>(1)?),
                    row.try_get::<String, _>(2)?.parse().ok(),
                ))
            })
            .collect()
    }

    /// Marks files as missing; those that never became a track are forgotten.
    pub async fn files_set_missing(
        &self,
        root: &RootId,
        paths: &HashSet<Vec<u8>>,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                for path in paths {
                    sqlx::query(
                        "UPDATE ingest_file SET state = 'missing'
                         WHERE root_id = $1 AND path = $2 AND track_id <> ''",
                    )
                    .bind(root.0.clone())
                    .bind(path.clone())
                    .execute(&mut *tx)
                    .await?;
                    sqlx::query(
                        "DELETE FROM ingest_file
                         WHERE root_id = $1 AND path = $2 AND track_id = ''",
                    )
                    .bind(root.0.clone())
                    .bind(path.clone())
                    .execute(&mut *tx)
                    .await?;
                }
                Ok(())
            })
            .await
    }

    /// Files of a track that were there when last seen, or all of it.
    pub async fn sources(&self, track: TrackId) -> Result<Vec<Located>, Error> {
        let rows = sqlx::query(
            "SELECT r.directory, f.path, f.size_bytes, f.mtime_us, f.content_hash, f.content_type
             FROM ingest_file f JOIN ingest_root r ON r.root_id = f.root_id
             WHERE f.track_id = $1 AND f.state = 'here'
             ORDER BY f.root_id, f.path LIMIT 20",
        )
        .bind(track.to_string())
        .fetch_all(self.db.read())
        .await?;
        let mut sources = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(content_hash) = row.try_get::<Vec<u8>, _>(4)?.try_into() else { continue };
            sources.push(Located {
                path: paths::from_bytes(&row.try_get::<Vec<u8>, _>(0)?)
                    .join(paths::from_bytes(&row.try_get::<Vec<u8>, _>(1)?)),
                size_bytes: row.try_get::<i64, _>(2)?.cast_unsigned(),
                mtime_us: row.try_get(3)?,
                content_hash,
                content_type: row.try_get(5)?,
            });
        }
        Ok(sources)
    }

    /// Marks all files of these tracks as missing, whatever root they are under.
    pub async fn tracks_set_missing(&self, tracks: &[TrackId]) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                for track in tracks {
                    sqlx::query(
                        "UPDATE ingest_file SET state = 'missing'
                         WHERE track_id = $1 AND state = 'here'",
                    )
                    .bind(track.to_string())
                    .execute(&mut *tx)
                    .await?;
                }
                Ok(())
            })
            .await
    }

    /// Stores how an import stands.
    pub async fn import_put(&self, root: &RootId, import: &Import) -> Result<(), Error> {
        // A struct of texts and numbers always has a JSON form.
        let body = serde_json::to_string(import).unwrap_or_default();
        let (body, state) = (&body, state_name(import.state));
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "INSERT INTO ingest_import (import_id, root_id, state, body, started_at_us)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (import_id) DO UPDATE
                     SET state = excluded.state, body = excluded.body",
                )
                .bind(import.id.to_string())
                .bind(root.0.clone())
                .bind(state)
                .bind(body.clone())
                .bind(import.started_at_us)
                .execute(&mut *tx)
                .await?;
                sqlx::query("DELETE FROM ingest_import WHERE started_at_us < $1")
                    .bind(import.started_at_us - IMPORTS_KEPT_US)
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }

    /// An import as it was stored last, and its root.
    pub async fn import(&self, id: ImportId) -> Result<Option<(RootId, Import)>, Error> {
        let row = sqlx::query("SELECT root_id, body FROM ingest_import WHERE import_id = $1")
            .bind(id.to_string())
            .fetch_optional(self.db.read())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let import = serde_json::from_str(&row.try_get::<String, _>(1)?);
        Ok(import.ok().zip(row.try_get(0).ok()).map(|(import, root)| (RootId(root), import)))
    }
}

const FILE: &str = "SELECT f.path, f.size_bytes, f.mtime_us, f.content_hash, f.track_id,
    f.content_type, f.release_key, f.state, f.remark, f.examiner, f.images FROM ingest_file f";

const SOURCE: &str = "SELECT f.path, f.size_bytes, f.mtime_us, f.content_hash, f.track_id,
    f.content_type, f.release_key, f.state, f.remark, f.examiner, f.images, f.root_id, r.directory
    FROM ingest_file f JOIN ingest_root r ON r.root_id = f.root_id";

const PUT: &str = "INSERT INTO ingest_file (root_id, path, folder, size_bytes, mtime_us,
    content_hash, track_id, content_type, release_key, state, remark, examiner, images)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (root_id, path) DO UPDATE SET size_bytes = excluded.size_bytes,
    mtime_us = excluded.mtime_us, content_hash = excluded.content_hash,
    track_id = excluded.track_id, content_type = excluded.content_type,
    release_key = excluded.release_key, state = excluded.state, remark = excluded.remark,
    examiner = excluded.examiner, images = excluded.images";

/// `None` where the row is of no track.
fn source(row: &AnyRow) -> Result<Option<Source>, sqlx::Error> {
    let known = known(row)?;
    let Some(track) = known.track else { return Ok(None) };
    Ok(Some(Source {
        root: RootId(row.try_get(11)?),
        absolute: paths::from_bytes(&row.try_get::<Vec<u8>, _>(12)?)
            .join(paths::from_bytes(&known.entry.path)),
        track,
        known,
        is_there: false,
    }))
}

fn known(row: &AnyRow) -> Result<Known, sqlx::Error> {
    let remark: String = row.try_get(8)?;
    Ok(Known {
        entry: Entry {
            path: row.try_get(0)?,
            size_bytes: row.try_get::<i64, _>(1)?.cast_unsigned(),
            mtime_us: row.try_get(2)?,
            images: row.try_get(10)?,
        },
        content_hash: row.try_get(3)?,
        track: row.try_get::<String, _>(4)?.parse().ok(),
        content_type: row.try_get(5)?,
        release_key: row.try_get(6)?,
        state: State::from_name(&row.try_get::<String, _>(7)?),
        remark: Some(remark).filter(|remark| !remark.is_empty()),
        examiner: row.try_get(9)?,
    })
}

fn placeholders(from: usize, n: usize) -> String {
    (from..from + n).map(|idx| format!("${idx}")).collect::<Vec<_>>().join(", ")
}

fn state_name(state: ImportState) -> &'static str {
    match state {
        ImportState::Scanning => "scanning",
        ImportState::Running => "running",
        ImportState::Done => "done",
        ImportState::Failed => "failed",
    }
}
