//! The verbs: create, append, view, delete.

mod append;

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::uploads::{UploadEntry, UploadList};
use axum::http::StatusCode;
use domain::{AccountId, UploadId};
use engine_sql::Db;
use tokio_util::sync::CancellationToken;
use web::{ApiError, clock::Clock};

use crate::{
    Error,
    folder::Folder,
    places::Places,
    store::{Row, Store},
    turns::{Held, Turns},
    tus::{self, Metadata},
};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Between two looks for uploads whose time is over.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);

/// Bounds that an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the files are while they come in.
    pub folder: PathBuf,
    /// Left free on the disk for the rest of the server. Without it, a gigabyte, or a twentieth of
    /// a small disk.
    pub free_bytes_min: Option<u64>,
    /// Of one file.
    pub file_bytes_max: u64,
    /// Of all files of one account that were not used yet.
    pub quota_bytes: u64,
    /// Days after the last piece.
    pub n_days_kept: u32,
    /// Pieces that come in at once; of one account, a fourth of that.
    pub n_pieces_max: usize,
}

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub settings: Settings,
}

/// The uploads of one server.
pub struct Service {
    store: Store,
    clock: Clock,
    folder: Folder,
    settings: Settings,
    turns: Turns,
    places: Places,
    stopping: CancellationToken,
}

/// What a client wants to send.
#[derive(Clone, Debug)]
pub struct NewUpload {
    pub length_bytes: u64,
    pub metadata: Metadata,
}

/// How far an upload is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    pub id: UploadId,
    pub length_bytes: u64,
    /// So much of it is there.
    pub offset_bytes: u64,
    /// As the client sent it.
    pub metadata: String,
    pub expires_at_us: i64,
}

impl Service {
    /// Opens the database and the folder, and drops files that nobody knows.
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, settings } = parts;
        let folder = Folder::open(settings.folder.clone(), settings.free_bytes_min);
        let folder = folder.map_err(Error::file("make"))?;
        let service = Self {
            store: Store::open(db).await?,
            clock,
            folder,
            turns: Turns::default(),
            places: Places::new(settings.n_pieces_max),
            stopping: CancellationToken::new(),
            settings,
        };
        service.drop_strays().await?;
        Ok(service)
    }

    pub fn file_bytes_max(&self) -> u64 {
        self.settings.file_bytes_max
    }

    pub async fn create(&self, account: AccountId, new: NewUpload) -> Result<Upload, Error> {
        let now_us = (self.clock)();
        let length_bytes = new.length_bytes;
        let id = UploadId::new(u64::try_from(now_us / 1_000).unwrap_or(0), rand::random());
        let row = Row {
            id,
            length_bytes,
            name: new.metadata.name,
            metadata: new.metadata.header,
            created_at_us: now_us,
            expires_at_us: self.expiry_us(now_us),
            unproven_from: None,
            completed_at_us: None,
        };
        // The row first: a file that no row knows is dropped at the next start.
        if !self.store.create(account, &row, self.settings.quota_bytes).await? {
            return Err(tus::too_large(
                "The place for your uploads is used up.",
                "Publish or delete what you uploaded before.",
            )
            .into());
        }
        let made = self.on_disk("make", move |folder| folder.create(id, length_bytes)).await;
        if let Err(error) = made {
            self.store.delete(account, id).await?;
            return Err(error);
        }
        if row.length_bytes == 0 {
            self.store.complete(account, id, now_us).await?;
        }
        Ok(upload(&row, 0))
    }

    /// How far it is. Who still writes to it gives way: its client has lost it.
    pub async fn view(&self, account: AccountId, id: UploadId) -> Result<Upload, Error> {
        self.living(account, id).await?;
        let held = self.turns.take(id).await?;
        let (row, offset_bytes) = self.settled(account, id, &held).await?;
        Ok(upload(&row, offset_bytes))
    }

    /// All of an account, the newest first. Nobody is disturbed.
    pub async fn uploads(&self, account: AccountId) -> Result<UploadList, Error> {
        let rows = self.store.uploads(account).await?;
        let look = move |folder: &Folder| {
            let entry = |row: Row| -> std::io::Result<UploadEntry> {
                let size_bytes = folder.size_bytes(row.id)?.unwrap_or(0);
                let offset_bytes = size_bytes.min(row.proven_bytes());
                Ok(UploadEntry {
                    id: row.id,
                    name: row.name,
                    length_bytes: row.length_bytes,
                    offset_bytes,
                    is_complete: offset_bytes == row.length_bytes,
                    created_at_us: row.created_at_us,
                    expires_at_us: row.expires_at_us,
                })
            };
            rows.into_iter().map(entry).collect::<std::io::Result<Vec<_>>>()
        };
        Ok(UploadList { uploads: self.on_disk("look at", look).await? })
    }

    /// Forgets an upload, and who still writes to it.
    pub async fn delete(&self, account: AccountId, id: UploadId) -> Result<(), Error> {
        self.living(account, id).await?;
        self.drop_upload(account, id).await
    }

    /// Forgets the account.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        for row in self.store.uploads(account).await? {
            self.drop_upload(account, row.id).await?;
        }
        Ok(())
    }

    /// Ends what comes in: what came of it is kept, and its clients go on at the next start.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Drops what is over, until it is told to stop.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            if let Err(error) = self.sweep().await {
                let error = web::error::chain(&error);
                tracing::warn!(error, "cannot look for uploads whose time is over");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            }
        }
    }

    /// Drops uploads whose time is over; answers with how many. One that cannot be dropped keeps
    /// none of the others.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let mut n_dropped = 0;
        for (account, id) in self.store.expired((self.clock)()).await? {
            match self.drop_expired(account, id).await {
                Ok(is_dropped) => n_dropped += usize::from(is_dropped),
                Err(error) => {
                    let error = web::error::chain(&error);
                    tracing::warn!(error, upload.id = %id, "cannot drop an upload");
                }
            }
        }
        Ok(n_dropped)
    }

    /// Whether it was dropped: who was at it may have got more time meanwhile.
    async fn drop_expired(&self, account: AccountId, id: UploadId) -> Result<bool, Error> {
        let held = self.turns.take(id).await?;
        let row = self.store.upload(account, id).await?;
        if row.is_none_or(|row| row.expires_at_us > (self.clock)()) {
            return Ok(false);
        }
        self.drop_held(account, id, &held).await?;
        Ok(true)
    }

    async fn drop_upload(&self, account: AccountId, id: UploadId) -> Result<(), Error> {
        let held = self.turns.take(id).await?;
        self.drop_held(account, id, &held).await
    }

    /// The row goes last: the file of a row that is there can be deleted again.
    async fn drop_held(&self, account: AccountId, id: UploadId, held: &Held) -> Result<(), Error> {
        self.on_disk_held("delete", held, move |folder| folder.delete(id)).await?;
        self.store.delete(account, id).await
    }

    async fn drop_strays(&self) -> Result<(), Error> {
        for id in self.on_disk("list", Folder::uploads).await? {
            if !self.store.is_known(id).await? {
                self.on_disk("delete", move |folder| folder.delete(id)).await?;
            }
        }
        Ok(())
    }

    /// The row of an upload whose time is not over.
    async fn living(&self, account: AccountId, id: UploadId) -> Result<Row, Error> {
        let row = self.store.upload(account, id).await?;
        let row = row.ok_or_else(|| ApiError::not_found("upload"))?;
        if row.expires_at_us <= (self.clock)() {
            return Err(gone().into());
        }
        Ok(row)
    }

    /// An upload and how much of it is there, once what a crash left half done is settled.
    async fn settled(
        &self,
        account: AccountId,
        id: UploadId,
        held: &Held,
    ) -> Result<(Row, u64), Error> {
        let mut row = self.living(account, id).await?;
        let size_bytes = self.on_disk("look at", move |folder| folder.size_bytes(id)).await?;
        // Its file was taken away by hand, or with the disk.
        let Some(mut size_bytes) = size_bytes else { return Err(gone().into()) };
        let proven_bytes = row.proven_bytes();
        if size_bytes > proven_bytes {
            let shorten = move |folder: &Folder| folder.truncate(id, proven_bytes);
            self.on_disk_held("shorten", held, shorten).await?;
            size_bytes = proven_bytes;
        }
        if row.unproven_from.take().is_some() {
            self.store.end_unproven(account, id).await?;
        }
        if size_bytes == row.length_bytes && row.completed_at_us.is_none() {
            let now_us = (self.clock)();
            self.store.complete(account, id, now_us).await?;
            row.completed_at_us = Some(now_us);
        }
        Ok((row, size_bytes))
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Folder) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let folder = self.folder.clone();
        blocking(operation, move || work(&folder)).await
    }

    /// Work on the file of an upload that the next one waits for, even where who wanted it is gone.
    async fn on_disk_held<T: Send + 'static>(
        &self,
        operation: &'static str,
        held: &Held,
        work: impl FnOnce(&Folder) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let held = held.clone();
        let work = move |folder: &Folder| {
            let done = work(folder);
            drop(held);
            done
        };
        self.on_disk(operation, work).await
    }

    fn expiry_us(&self, now_us: i64) -> i64 {
        now_us.saturating_add(i64::from(self.settings.n_days_kept) * DAY_US)
    }
}

async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(Error::file(operation))
}

fn upload(row: &Row, offset_bytes: u64) -> Upload {
    Upload {
        id: row.id,
        length_bytes: row.length_bytes,
        offset_bytes,
        metadata: row.metadata.clone(),
        expires_at_us: row.expires_at_us,
    }
}

/// 410: it was there once.
fn gone() -> ApiError {
    let mut error = ApiError::not_found("upload").with_hint("Begin a new one.");
    "The time of this upload is over.".clone_into(&mut error.message);
    error.status = StatusCode::GONE;
    error
}
