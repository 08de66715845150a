//! The data folder: what lies where in it, and who may use it.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// The folder of one service. Everything in it belongs to this program.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// Held while a service runs on a data folder; the system lets go of it however it ends.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl DataDir {
    /// Makes the folder where it is missing, for its owner alone: keys are in it.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        let cannot = || format!("cannot use the data folder {}", path.display());
        if !path.exists() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&path).with_context(cannot)?;
        }
        if !fs::metadata(&path).with_context(cannot)?.is_dir() {
            bail!("{} is a file; the data folder must be a folder", path.display());
        }
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// URL of the SQLite database.
    pub fn database_url(&self) -> anyhow::Result<String> {
        let path = self.path.join("melodyud.db");
        let url = url_path(&path).with_context(|| {
            format!("the path of the data folder must be UTF-8: {}", self.path.display())
        })?;
        Ok(format!("sqlite://{url}?mode=rwc"))
    }

    pub fn signing_keys(&self) -> PathBuf {
        self.path.join("signing-keys")
    }

    pub fn audit_key(&self) -> PathBuf {
        self.path.join("audit-key")
    }

    pub fn vault_key(&self) -> PathBuf {
        self.path.join("vault-key")
    }

    pub fn mails(&self) -> PathBuf {
        self.path.join("mails")
    }

    pub fn exports(&self) -> PathBuf {
        self.path.join("exports")
    }

    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    pub fn uploads(&self) -> PathBuf {
        self.path.join("uploads")
    }

    pub fn search_index(&self) -> PathBuf {
        self.path.join("search")
    }

    pub fn import_locks(&self) -> PathBuf {
        self.path.join("locks")
    }

    /// Takes the folder for one running service. A second one is told who has it.
    pub fn lock_for_serving(&self) -> anyhow::Result<ServeLock> {
        let path = self.path.join("serve.lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.read_to_string(&mut process);
                bail!(
                    "another melodyud-server (process {}) runs on the data folder {}; stop it \
                     first, or name another folder with --data",
                    process.trim(),
                    self.path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(ServeLock { _file: file })
    }
}

/// Bytes that mean something else in a URL, or nothing as line breaks do, are percent-encoded.
fn url_path(path: &Path) -> Option<String> {
    use std::fmt::Write as _;
    let mut url = String::new();
    for c in path.to_str()?.chars() {
        if c.is_ascii_control() || matches!(c, '%' | '?' | '#') {
            write!(url, "%{:02X}", u32::from(c)).expect("writing to a String cannot fail");
        } else {
            url.push(c);
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path().join("a/b")).unwrap();
        let lock = data.lock_for_serving().unwrap();
        let refused = data.lock_for_serving().unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(lock);
        data.lock_for_serving().unwrap();
    }

    #[test]
    fn a_file_is_no_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(DataDir::open(file).is_err());
    }

    #[tokio::test]
    async fn odd_names_of_folders_reach_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path().join("a b?c#d%25é\n\te")).unwrap();
        let db = engine_sql::Db::open(&data.database_url().unwrap()).await.unwrap();
        db.ping().await.unwrap();
        assert!(data.path().join("melodyud.db").exists());
    }
}
