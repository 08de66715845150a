//! Counts of a run, and what they say about its end.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use api::imports::{Import, ImportProblem, ImportState};
use examine::paths;
use tokio::sync::watch;

use crate::scan::Entry;

/// Files that failed and are named one by one.
const PROBLEMS_MAX: usize = 100;
/// News are told at most this often.
const NEWS_TIME: Duration = Duration::from_millis(100);

/// Hears of every file that fails, when it does.
pub(crate) type OnProblem = Box<dyn Fn(&ImportProblem) + Send + Sync>;

/// The progress of one run, told to whoever watches.
pub(crate) struct Progress {
    counts: Mutex<Counts>,
    news: watch::Sender<Import>,
    on_problem: OnProblem,
    started: Instant,
}

struct Counts {
    import: Import,
    decoded_ms: u64,
    /// Bytes of the files that the workers may have to look into, and of those they did.
    todo_bytes: u64,
    examined_bytes: u64,
    n_todo: u64,
    n_examined: u64,
    told: Option<Instant>,
}

/// What a file costs besides its bytes, in bytes, when the remaining time is reckoned.
const FILE_COST_BYTES: u64 = 100_000;

impl Progress {
    pub fn new(import: Import, on_problem: OnProblem) -> Self {
        let counts = Counts {
            import: import.clone(),
            decoded_ms: 0,
            todo_bytes: 0,
            examined_bytes: 0,
            n_todo: 0,
            n_examined: 0,
            told: None,
        };
        Self {
            counts: Mutex::new(counts),
            news: watch::Sender::new(import),
            on_problem,
            started: Instant::now(),
        }
    }

    pub fn watch(&self) -> watch::Receiver<Import> {
        self.news.subscribe()
    }

    /// Files that the walk came by. Until more is known, each may have to be looked into.
    pub fn found(&self, entries: &[Entry]) {
        self.change(|counts| {
            counts.import.n_found += entries.len() as u64;
            counts.n_todo += entries.len() as u64;
            counts.todo_bytes += entries.iter().map(|entry| entry.size_bytes).sum::<u64>();
        });
    }

    /// A file that need not be looked into.
    pub fn passed_over(&self, entry: &Entry) {
        self.change(|counts| {
            counts.n_todo -= 1;
            counts.todo_bytes -= entry.size_bytes;
        });
    }

    pub fn examined(&self, size_bytes: u64) {
        self.change(|counts| {
            counts.n_examined += 1;
            counts.examined_bytes += size_bytes;
        });
    }

    /// All files are found: what remains can be told.
    pub fn scanned(&self) {
        self.change(|counts| {
            if counts.import.state == ImportState::Scanning {
                counts.import.state = ImportState::Running;
            }
        });
    }

    pub fn added(&self, decoded_ms: u64) {
        self.change(|counts| {
            counts.import.n_added += 1;
            counts.decoded_ms += decoded_ms;
        });
    }

    pub fn changed(&self, decoded_ms: u64) {
        self.change(|counts| {
            counts.import.n_changed += 1;
            counts.decoded_ms += decoded_ms;
        });
    }

    pub fn moved(&self, decoded_ms: u64) {
        self.change(|counts| {
            counts.import.n_moved += 1;
            counts.decoded_ms += decoded_ms;
        });
    }

    pub fn unchanged(&self) {
        self.change(|counts| counts.import.n_unchanged += 1);
    }

    pub fn missing(&self, n_files: u64) {
        self.change(|counts| counts.import.n_missing += n_files);
    }

    pub fn failed(&self, path: &[u8], reason: String) {
        self.change(|counts| counts.import.n_failed += 1);
        self.problem(path, reason);
    }

    /// A file that could not even be looked at was not among those found.
    pub fn failed_unopened(&self, path: &[u8], reason: String) {
        self.change(|counts| counts.import.n_found += 1);
        self.failed(path, reason);
    }

    /// Names what is wrong; a folder is named only, for it is no file to be counted.
    pub fn problem(&self, path: &[u8], reason: String) {
        let problem = ImportProblem { path: paths::shown(path), reason };
        tracing::warn!(path = problem.path, reason = problem.reason, "not imported");
        (self.on_problem)(&problem);
        self.change(|counts| {
            if counts.import.problems.len() < PROBLEMS_MAX {
                counts.import.problems.push(problem);
            }
        });
    }

    /// The end, not told yet; `failure` says why it came early.
    pub fn ended(&self, failure: Option<String>, finished_at_us: i64) -> Import {
        let mut counts = self.counts();
        counts.import.state =
            if failure.is_some() { ImportState::Failed } else { ImportState::Done };
        counts.import.failure = failure;
        counts.import.finished_at_us = Some(finished_at_us);
        counts.reckon(self.started.elapsed());
        counts.import.clone()
    }

    pub fn tell_end(&self) {
        self.news.send_replace(self.counts().import.clone());
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts();
        change(&mut counts);
        if counts.told.is_none_or(|told| told.elapsed() >= NEWS_TIME) {
            counts.told = Some(Instant::now());
            counts.reckon(self.started.elapsed());
            self.news.send_replace(counts.import.clone());
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counts are whole after every change: a panic elsewhere spoils nothing.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn reckon(&mut self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let import = &mut self.import;
        import.n_done = import.n_added
            + import.n_changed
            + import.n_moved
            + import.n_unchanged
            + import.n_failed;
        import.files_per_s = import.n_done as f64 / seconds;
        import.realtime_x = self.decoded_ms as f64 / 1_000.0 / seconds;
        let cost = |bytes: u64, n_files: u64| (bytes + n_files * FILE_COST_BYTES) as f64;
        let done = cost(self.examined_bytes, self.n_examined);
        let left = cost(self.todo_bytes, self.n_todo) - done;
        import.remaining_ms = match import.state {
            ImportState::Running if left <= 0.0 => Some(0),
            ImportState::Running if done > 0.0 => Some((seconds * 1_000.0 * left / done) as u64),
            _ => None,
        };
    }
}
