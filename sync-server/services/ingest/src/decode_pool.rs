//! The parent's side of the decode workers: each is started when first needed, takes one file
//! at a time, and is replaced when it dies or takes too long.

use std::{process::Stdio, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    WorkerCommand, paths,
    protocol::{Answer, Job, READY},
    store::Store,
};

/// Every file gets this much time, for slow disks and busy machines.
const TIME_BASE: Duration = Duration::from_secs(30);
/// And for its size: at 1 MB per second an hour of CD sound is given ten minutes.
const BYTES_PER_SECOND: u64 = 1_000_000;
/// Longest answer: loudness of many thousand blocks in 800 bins, and texts.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const COVER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a worker may take to start.
const START_TIME: Duration = Duration::from_secs(20);
/// How much of a dead worker's last words is looked at.
const LAST_WORDS_BYTES: u64 = 4_096;
/// How long a dead worker's last words are waited for.
const LAST_WORDS_TIME: Duration = Duration::from_secs(2);

/// What a worker found in a file.
#[derive(Debug)]
pub(crate) struct Examined {
    pub answer: Answer,
    pub cover: Vec<u8>,
}

/// No worker can be started: the import cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("start the decode worker {program}")]
pub(crate) struct StartError {
    program: String,
    #[source]
    source: std::io::Error,
}

/// One worker, or the place of one.
pub(crate) struct Worker {
    command: Arc<WorkerCommand>,
    time_base: Duration,
    running: Option<Running>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub fn new(command: Arc<WorkerCommand>) -> Self {
        Self { command, time_base: TIME_BASE, running: None }
    }

    /// Looks into one file. A worker that dies or hangs makes the file a broken one. With
    /// `store`, a file whose content is known there is not decoded.
    pub async fn examine(
        &mut self,
        path: &[u8],
        size_bytes: u64,
        store: Option<&Store>,
    ) -> Result<Examined, StartError> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start().await?,
        };
        let job = Job { path: paths::hex(path), must_ask: store.is_some() };
        let time_max = self.time_base + Duration::from_secs(size_bytes / BYTES_PER_SECOND);
        let reason = match tokio::time::timeout(time_max, running.ask(&job, store)).await {
            Ok(Ok(examined)) => {
                self.running = Some(running);
                return Ok(examined);
            }
            Ok(Err(_)) => running.cause_of_death().await,
            Err(_) => {
                format!("it took longer than {} seconds to decode", time_max.as_secs())
            }
        };
        // Killed where it hangs, collected in any case; a failure means that it is gone.
        let _ = running.child.kill().await;
        Ok(Examined { answer: Answer::Broken { reason }, cover: Vec::new() })
    }

    async fn start(&self) -> Result<Running, StartError> {
        let failed = |source| StartError {
            program: self.command.program.display().to_string(),
            source,
        };
        let mut child = Command::new(&self.command.program)
            .args(&self.command.args)
            // Nothing of the server's environment is its business.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(std::io::Error::other("its pipes are missing")));
        };
        let mut running =
            Running { child, input, output: BufReader::with_capacity(256 * 1024, output) };
        let mut greeting = [0; READY.len()];
        let greeted =
            tokio::time::timeout(START_TIME, running.output.read_exact(&mut greeting)).await;
        match greeted {
            Ok(Ok(_)) if greeting == *READY => Ok(running),
            Ok(Err(error)) => Err(failed(error)),
            _ => Err(failed(std::io::Error::other("it is not a decode worker"))),
        }
    }
}

impl Running {
    async fn ask(&mut self, job: &Job, store: Option<&Store>) -> std::io::Result<Examined> {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        let mut answer = self.answer().await?;
        if let (Answer::Hashed { content_hash }, Some(store)) = (&answer, store) {
            let is_known = match paths::unhex(content_hash) {
                Some(hash) => store.is_content_known(&hash).await.map_err(std::io::Error::other)?,
                None => false,
            };
            self.input.write_all(if is_known { b"true\n" } else { b"false\n" }).await?;
            answer = self.answer().await?;
        }
        let n_cover = if let Answer::Read(report) = &answer { report.cover_bytes } else { 0 };
        if n_cover > COVER_BYTES_MAX {
            return Err(std::io::Error::other("the cover is too large"));
        }
        let mut cover = vec![0; n_cover];
        self.output.read_exact(&mut cover).await?;
        Ok(Examined { answer, cover })
    }

    async fn answer(&mut self) -> std::io::Result<Answer> {
        let mut line = Vec::new();
        (&mut self.output).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_slice(&line)?)
    }

    async fn cause_of_death(&mut self) -> String {
        let mut last_words = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let mut errors = errors.take(LAST_WORDS_BYTES);
            // Silence tells as much as words that never come.
            let read = errors.read_to_end(&mut last_words);
            let _ = tokio::time::timeout(LAST_WORDS_TIME, read).await;
        }
        let last_words = String::from_utf8_lossy(&last_words);
        tracing::debug!(last_words = %last_words.trim(), "a decode worker ended");
        if last_words.contains("memory allocation") {
            "decoding it needs more memory than is allowed".to_owned()
        } else {
            "the decoder broke down over it".to_owned()
        }
    }
}
