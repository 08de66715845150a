//! Answers that are too large to be held: read into a file, a piece at a time.

use std::time::Duration;

use ipc::Fault;
use tokio::{fs::File, io::AsyncWriteExt as _, time::timeout};

use super::{Request, Server};
use crate::{address, fault};

/// How long a whole file may take.
const PATIENCE: Duration = Duration::from_hours(6);

/// How long the line may be silent in the middle of it.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Largest file that is taken, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 30;

impl Server {
    /// Writes what lies at `path` into `file`, telling how much of it has come, and answers with
    /// its size in bytes. What is in the file after a fault is of no use.
    pub async fn download(
        &self,
        path: &str,
        file: &mut File,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, Fault> {
        let request = Request { patience: Some(PATIENCE), ..Request::get(path) };
        let mut answer = self.send(&request).await?;
        let url = answer.url().clone();
        let mut n_bytes = 0;
        loop {
            let chunk = match timeout(SILENCE_MAX, answer.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(self.unreachable(&url, &error)),
                Err(_) => return Err(fault::offline(&address::host(&url))),
            };
            n_bytes += chunk.len() as u64;
            if n_bytes > FILE_BYTES_MAX {
                return Err(fault::not_understood(&address::host(&url)));
            }
            file.write_all(&chunk).await.map_err(|error| fault::not_written(&error))?;
            progress(n_bytes);
        }
        file.sync_all().await.map_err(|error| fault::not_written(&error))?;
        Ok(n_bytes)
    }
}
