//! The parent's side of the decode workers: each is started when first needed, takes one file
//! at a time, and is replaced when it dies or takes too long.

use std::{ffi::OsString, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    paths,
    protocol::{Answer, Job, READY},
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

/// A program that ends up in [`crate::worker::main`].
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    pub program: PathBuf,
    pub args: Vec<OsString>,
}

/// What a worker found in a file.
#[derive(Debug)]
pub struct Examined {
    pub answer: Answer,
    pub cover: Vec<u8>,
}

/// No worker can be started: the import cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("start the decode worker {program}")]
pub struct StartError {
    program: String,
    #[source]
    source: std::io::Error,
}

/// One worker, or the place of one.
pub struct Worker {
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

    /// Looks into one file. A worker that dies or hangs makes the file a broken one, for now. With
    /// `is_known`, a file is not decoded when that says so of its hash.
    pub async fn examine<F, A>(
        &mut self,
        path: &[u8],
        size_bytes: u64,
        is_known: Option<F>,
    ) -> Result<Examined, StartError>
    where
        F: FnOnce(Vec<u8>) -> A,
        A: Future<Output = bool>,
    {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start().await?,
        };
        let job = Job { path: paths::hex(path), must_ask: is_known.is_some() };
        let time_max = self.time_base + Duration::from_secs(size_bytes / BYTES_PER_SECOND);
        let reason = match tokio::time::timeout(time_max, running.ask(&job, is_known)).await {
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
        Ok(Examined { answer: Answer::Broken { reason, is_passing: true }, cover: Vec::new() })
    }

    async fn start(&self) -> Result<Running, StartError> {
        let failed =
            |source| StartError { program: self.command.program.display().to_string(), source };
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
    async fn ask<F, A>(&mut self, job: &Job, is_known: Option<F>) -> std::io::Result<Examined>
    where
        F: FnOnce(Vec<u8>) -> A,
        A: Future<Output = bool>,
    {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        let mut answer = self.answer().await?;
        if let (Answer::Hashed { content_hash }, Some(is_known)) = (&answer, is_known) {
            let is_known = match paths::unhex(content_hash) {
                Some(hash) => is_known(hash).await,
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    async fn examine(worker: &mut Worker) -> Result<Examined, StartError> {
        worker.examine(b"/a.mp3", 10, None::<fn(Vec<u8>) -> std::future::Ready<bool>>).await
    }

    /// A shell that plays a worker: what it does after it took a job.
    fn worker(then: &str) -> Worker {
        let script = format!("printf 'melodyud decode worker 1\\n'; read job; {then}");
        let command =
            WorkerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()] };
        Worker { time_base: Duration::from_millis(300), ..Worker::new(Arc::new(command)) }
    }

    async fn check(then: &str, reason: &str) {
        let mut worker = worker(then);
        // Twice: after a death the next file gets a new worker.
        for _ in 0..2 {
            let examined = examine(&mut worker).await.unwrap();
            let broken = Answer::Broken { reason: reason.to_owned(), is_passing: true };
            assert_eq!(examined.answer, broken, "{then}");
        }
    }

    #[tokio::test]
    async fn whatever_happens_to_a_worker_costs_one_file() {
        check("exec sleep 600", "it took longer than 0 seconds to decode").await;
        check("kill -9 $$", "the decoder broke down over it").await;
        check("echo nonsense", "the decoder broke down over it").await;
        check(
            "echo 'memory allocation of 34000000000 bytes failed' >&2; kill -6 $$",
            "decoding it needs more memory than is allowed",
        )
        .await;
    }

    #[tokio::test]
    async fn what_is_no_worker_is_told_from_a_broken_file() {
        for (program, args) in [("/nonexistent", vec![]), ("/bin/echo", vec!["hello".into()])] {
            let command = WorkerCommand { program: program.into(), args };
            let mut worker = Worker::new(Arc::new(command));
            let error = examine(&mut worker).await.unwrap_err();
            assert!(error.to_string().contains(program), "{error}");
        }
    }
}
