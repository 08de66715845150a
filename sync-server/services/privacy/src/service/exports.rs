//! Exports (GDPR, articles 15 and 20): asked for, collected by a job, there for some days.
//!
//! The file is sealed under a key of its own, which is a field of the person in the vault: with
//! the person's key the file is lost as well, whoever has a copy of it.

use std::{collections::HashSet, fs::File, io::BufWriter, path::PathBuf};

use api::privacy::{ExportState, ExportView};
use domain::{AccountId, ids::ExportId, subject::Holding};
use dossier::{About, Archive, FileKey, Opener, Sealer};
use engine_sql::acts::{self, By};
use web::ApiError;

use super::Service;
use crate::{
    Error,
    calendar::DAY_US,
    own,
    peer::{Holder, Page, Subject},
    store::{Export, NewExport},
};

/// Exports worked on or looked at in one round.
const BATCH: u32 = 50;

/// An export that could not be made so often is given up.
const TRIES_MAX: u32 = 5;

/// Rows collected at a time.
const PAGE_ROWS: u32 = 2_000;

type Writer = Box<Archive<Sealer<BufWriter<File>>>>;

impl Service {
    /// Begins an export, unless one is under way: then that is the answer. `by` is the person, or
    /// an officer.
    pub async fn export_create(
        &self,
        account: AccountId,
        by: AccountId,
    ) -> Result<ExportView, Error> {
        let now_us = (self.clock)();
        let n_total = u32::try_from(self.holdings().count()).unwrap_or(u32::MAX);
        let new = NewExport {
            account,
            id: ExportId::new(self.now_ms(), rand::random()),
            n_total,
            now_us,
            act: By::account(by, now_us).privacy("subject_export", acts::account(account)),
        };
        let export = self.store.export_create(&new).await?;
        self.acted();
        self.export_asked.notify_one();
        Ok(export.view)
    }

    pub async fn export(&self, account: AccountId, id: ExportId) -> Result<ExportView, Error> {
        let export = self.store.export(account, id).await?;
        Ok(export.ok_or_else(|| ApiError::not_found("export"))?.view)
    }

    /// The plain bytes of an export's file, and how many there are.
    pub async fn export_open(
        &self,
        account: AccountId,
        id: ExportId,
    ) -> Result<(Opener, u64), Error> {
        let export = self.export(account, id).await?;
        let size_bytes = export.size_bytes.filter(|_| export.state == ExportState::Ready);
        let key = self.vault.get(account, &own::export_field(id)).await?;
        let key = key.and_then(|key| FileKey::try_from(key).ok());
        let (Some(size_bytes), Some(key)) = (size_bytes, key) else {
            let gone = ApiError::not_found("file of this export");
            return Err(gone.with_hint("Wait until it is ready, or ask for a new export.").into());
        };
        let path = own::export_path(&self.settings.exports, id);
        let opener = Opener::open(&path, &key, &id.to_string()).await?;
        let now_us = (self.clock)();
        let act =
            By::account(account, now_us).access("subject_export_file", acts::account(account));
        self.store.record(&act).await?;
        self.acted();
        Ok((opener, size_bytes))
    }

    /// Makes the exports that wait.
    pub async fn exports_make(&self) -> Result<(), Error> {
        for export in self.store.exports_in(ExportState::Running, BATCH).await? {
            if export.n_tries >= TRIES_MAX {
                self.store.export_fail(&export).await?;
                tracing::error!(export.id = %export.view.id, "an export was given up");
                continue;
            }
            self.store.export_begin(&export).await?;
            if let Err(error) = self.export_make(&export).await {
                let error = web::error::chain(&error);
                tracing::error!(export.id = %export.view.id, error, "an export was not made");
            }
        }
        Ok(())
    }

    /// Deletes the files whose time has come.
    pub async fn exports_expire(&self) -> Result<(), Error> {
        let now_us = (self.clock)();
        for export in self.store.exports_past(now_us, BATCH).await? {
            // In this order: without its key, a file that is left behind holds nothing.
            self.vault.delete(export.account, &own::export_field(export.view.id)).await?;
            own::file_delete(&own::export_path(&self.settings.exports, export.view.id)).await?;
            self.store.export_expire(&export).await?;
        }
        Ok(())
    }

    /// Deletes the files that no export has: a crash left them. To be called while none is made.
    pub async fn exports_sweep(&self) -> Result<(), Error> {
        let ready: HashSet<PathBuf> = self
            .store
            .exports_ready()
            .await?
            .into_iter()
            .map(|id| own::export_path(&self.settings.exports, id))
            .collect();
        let read = Error::file("look for");
        let mut files = tokio::fs::read_dir(&self.settings.exports).await.map_err(read)?;
        while let Some(file) = files.next_entry().await.map_err(Error::file("look for"))? {
            if !ready.contains(&file.path()) {
                own::file_delete(&file.path()).await?;
            }
        }
        Ok(())
    }

    /// Collects everything about a person into a sealed file. Cut off anywhere, the next try
    /// begins anew, under another key.
    async fn export_make(&self, export: &Export) -> Result<(), Error> {
        let id = export.view.id;
        let subject = self.subject(export.account).await?;
        let key: FileKey = rand::random();
        self.vault.put(export.account, &own::export_field(id), &key).await?;
        let path = own::export_path(&self.settings.exports, id);
        let part = path.with_extension("part");
        let about = About { id, account: export.account, made_at_us: (self.clock)() };
        let mut archive = begin(part.clone(), key, about).await?;
        let mut n_done = 0;
        for holder in &self.holders {
            for holding in holder.holdings() {
                archive = collect(archive, &**holder, holding, &subject).await?;
                n_done += 1;
                self.store.export_progress(export, n_done).await?;
            }
            let service = holder.service();
            for file in holder.files(&subject).await? {
                archive = on_thread(archive, move |archive| {
                    archive.file(service, &file.name, &file.bytes)
                })
                .await?;
            }
        }
        let size_bytes = finish(archive, part, path).await?;
        let days = i64::from(self.settings.export_days);
        self.store.export_ready(export, size_bytes, (self.clock)() + days * DAY_US).await?;
        tracing::info!(export.id = %id, size_bytes, "an export is ready");
        Ok(())
    }
}

/// Adds a table, some rows at a time.
async fn collect(
    archive: Writer,
    holder: &dyn Holder,
    holding: &'static Holding,
    subject: &Subject,
) -> Result<Writer, Error> {
    let service = holder.service();
    let begin = move |archive: &mut Writer| archive.table_begin(service, holding);
    let mut archive = on_thread(archive, begin).await?;
    for offset in (0..).step_by(PAGE_ROWS as usize) {
        let rows = holder.rows(holding, subject, Page { offset, limit: PAGE_ROWS }).await?;
        let is_last = rows.len() < PAGE_ROWS as usize;
        archive = on_thread(archive, move |archive| archive.rows(&rows)).await?;
        if is_last {
            break;
        }
    }
    on_thread(archive, |archive| archive.table_end()).await
}

async fn begin(part: PathBuf, key: FileKey, about: About) -> Result<Writer, Error> {
    tokio::task::spawn_blocking(move || {
        let file = File::create(part).map_err(Error::file("make"))?;
        let sealer = Sealer::begin(BufWriter::new(file), &key, &about.id.to_string());
        let archive = Archive::begin(sealer.map_err(Error::file("write"))?, about)?;
        Ok(Box::new(archive))
    })
    .await?
}

/// Ends the file and gives it its name. Answers how many plain bytes are in it.
async fn finish(archive: Writer, part: PathBuf, path: PathBuf) -> Result<u64, Error> {
    tokio::task::spawn_blocking(move || {
        let (file, size_bytes) = (*archive).finish()?.finish().map_err(Error::file("write"))?;
        let file = file.into_inner().map_err(|error| Error::file("write")(error.into_error()))?;
        file.sync_all().map_err(Error::file("write"))?;
        std::fs::rename(&part, &path).map_err(Error::file("name"))?;
        Ok(size_bytes)
    })
    .await?
}

/// Packing takes a while: the async threads have other work.
async fn on_thread(
    mut archive: Writer,
    work: impl FnOnce(&mut Writer) -> Result<(), dossier::Error> + Send + 'static,
) -> Result<Writer, Error> {
    tokio::task::spawn_blocking(move || {
        work(&mut archive)?;
        Ok(archive)
    })
    .await?
}
