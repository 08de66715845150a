//! Files that are the listener's own, in the folder where downloads go.
//!
//! A file grows under a hidden name and takes its own once it is whole. It never takes that of
//! another file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ipc::Fault;
use tokio::{
    fs::File,
    sync::{Mutex as AsyncMutex, MutexGuard},
};

use crate::{clock::blocking, fault};

/// Names that are tried before giving up: `a.zip`, `a (2).zip` and so on.
const NAMES_MAX: u32 = 1_000;

/// The folder, and what was saved last.
pub(crate) struct Downloads {
    folder: PathBuf,
    /// One at a time: two of the same would write into one file.
    saving: AsyncMutex<()>,
    last: Mutex<Option<PathBuf>>,
}

/// A file that is not whole yet. It goes unless it is kept.
pub(crate) struct Part<'a> {
    downloads: &'a Downloads,
    _saving: MutexGuard<'a, ()>,
    path: PathBuf,
    stem: &'a str,
    extension: &'a str,
    pub file: File,
}

impl Downloads {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, saving: AsyncMutex::default(), last: Mutex::default() }
    }

    /// What was saved last, where it lies.
    pub fn last(&self) -> Option<PathBuf> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a file that is to be `{stem}.{extension}`.
    pub async fn begin<'a>(&'a self, stem: &'a str, extension: &'a str) -> Result<Part<'a>, Fault> {
        let saving = self.saving.lock().await;
        let path = self.folder.join(format!(".{stem}.{extension}.part"));
        let (folder, at) = (self.folder.clone(), path.clone());
        let file = blocking(move || {
            fs::create_dir_all(folder)?;
            fs::File::create(at)
        });
        let file = File::from_std(file.await.map_err(|error| fault::not_written(&error))?);
        Ok(Part { downloads: self, _saving: saving, path, stem, extension, file })
    }
}

impl Part<'_> {
    /// Gives the file its name, or that with a number behind where it is taken.
    pub async fn keep(self) -> Result<PathBuf, Fault> {
        let (part, folder) = (self.path.clone(), self.downloads.folder.clone());
        let (stem, extension) = (self.stem.to_owned(), self.extension.to_owned());
        let named = blocking(move || rename(&part, &folder, &stem, &extension)).await;
        let saved = named.map_err(|error| fault::not_written(&error))?;
        *self.downloads.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(saved.clone());
        Ok(saved)
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        // Not there any more where it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

/// Gives a file the first name that is free. Making it anew claims it, so that nothing that comes
/// there meanwhile is lost.
fn rename(part: &Path, folder: &Path, stem: &str, extension: &str) -> io::Result<PathBuf> {
    for n in 1..=NAMES_MAX {
        let number = if n == 1 { String::new() } else { format!(" ({n})") };
        let path = folder.join(format!("{stem}{number}.{extension}"));
        match fs::File::create_new(&path) {
            Ok(_) => return fs::rename(part, &path).map(|()| path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
