//! `import DIR`: read a folder of music into the catalog, beside a running server or without.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use api::imports::{Import, ImportProblem, ImportState};

use super::serve::stop_signal;
use crate::{config::Config, data_dir::DataDir, wiring};

/// How often a line is printed where nobody watches it change in place.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Problems shown again at the end; the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

/// What a shell reports of a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

pub async fn import(
    config: Config,
    directory: PathBuf,
    is_terminal: bool,
) -> anyhow::Result<ExitCode> {
    let stop = stop_signal()?;
    let data = DataDir::open(config.storage.data_dir()?)?;
    let directory = std::path::absolute(&directory)
        .with_context(|| format!("there is no folder {}", directory.display()))?;
    let importer = wiring::Importer::assemble(&config, &data).await?;
    let progress = Arc::new(Progress::new(is_terminal));
    let telling = Arc::clone(&progress);
    let run = importer.ingest.import_run(
        &directory,
        |import| progress.show(import),
        move |problem| telling.tell(problem),
    );
    let mut run = Box::pin(run);
    let (result, is_interrupted) = tokio::select! {
        result = run.as_mut() => (result, false),
        () = stop => {
            // What is found is stored; the next run goes on from there.
            let stopped = async { tokio::join!(importer.ingest.stop(), run.as_mut()).1 };
            tokio::select! {
                result = stopped => (result, true),
                // Asked again: whoever does cannot wait.
                () = stop_signal()? => return Ok(ExitCode::from(INTERRUPTED)),
            }
        }
    };
    drop(run);
    progress.finish();
    let shown = result.context("the import could not start").and_then(|import| {
        print_summary(&import)?;
        Ok(import.state)
    });
    importer.close().await;
    Ok(match shown? {
        _ if is_interrupted => ExitCode::from(INTERRUPTED),
        ImportState::Failed => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// The line of progress: rewritten in place on a terminal, one now and then elsewhere.
struct Progress {
    is_terminal: bool,
    last_line: Mutex<Option<Instant>>,
}

impl Progress {
    fn new(is_terminal: bool) -> Self {
        Self { is_terminal, last_line: Mutex::default() }
    }

    fn show(&self, import: &Import) {
        let mut stdout = io::stdout().lock();
        let line = progress_line(import);
        // A terminal that went away is no reason to stop importing.
        let _ = if self.is_terminal {
            write!(stdout, "\r\x1b[2K{line}").and_then(|()| stdout.flush())
        } else if self.is_due() {
            writeln!(stdout, "{line}")
        } else {
            Ok(())
        };
    }

    /// Names a problem when it happens. Elsewhere than on a terminal the log does that.
    fn tell(&self, problem: &ImportProblem) {
        if self.is_terminal {
            let _ = writeln!(io::stdout(), "\r\x1b[2K{}: {}", problem.path, problem.reason);
        }
    }

    fn finish(&self) {
        if self.is_terminal {
            let _ = writeln!(io::stdout());
        }
    }

    fn is_due(&self) -> bool {
        let mut last = self.last_line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= LINE_INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

fn progress_line(import: &Import) -> String {
    let what = match import.state {
        ImportState::Scanning => "scanning",
        ImportState::Running => "importing",
        ImportState::Done => "done",
        ImportState::Failed => "stopped",
    };
    let mut line = format!(
        "{what}: {} of {} files, {:.1} files/s, {:.0}x real time",
        import.n_done, import.n_found, import.files_per_s, import.realtime_x
    );
    if import.n_failed > 0 {
        line = format!("{line}, {} failed", import.n_failed);
    }
    if let Some(remaining_ms) = import.remaining_ms.filter(|_| import.finished_at_us.is_none()) {
        line = format!("{line}, {} left", clock(remaining_ms));
    }
    line
}

fn print_summary(import: &Import) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let took_us = import.finished_at_us.map_or(0, |end| end - import.started_at_us);
    let took_ms = u64::try_from(took_us / 1_000).unwrap_or(0);
    writeln!(
        out,
        "{} files in {}: {} added, {} changed, {} moved, {} unchanged, {} failed, {} missing",
        import.n_done,
        clock(took_ms),
        import.n_added,
        import.n_changed,
        import.n_moved,
        import.n_unchanged,
        import.n_failed,
        import.n_missing,
    )?;
    for problem in import.problems.iter().take(PROBLEMS_SHOWN) {
        writeln!(out, "  {}: {}", problem.path, problem.reason)?;
    }
    let n_shown = import.problems.len().min(PROBLEMS_SHOWN) as u64;
    if import.n_failed > n_shown {
        writeln!(out, "  and {} more, named above", import.n_failed - n_shown)?;
    }
    if let Some(failure) = &import.failure {
        writeln!(out, "The import stopped: {failure}")?;
        writeln!(out, "Run it again to go on from there.")?;
    }
    Ok(())
}

/// `m:ss`, or `h:mm:ss`.
fn clock(ms: u64) -> String {
    let s = ms.div_ceil(1_000);
    match s / 3_600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(61_001), "1:02");
        assert_eq!(clock(3_600_000 + 62_000), "1:01:02");
    }

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let import = Import {
            id: domain::ImportId::new(1, [1; 10]),
            directory: "/music".to_owned(),
            state: ImportState::Running,
            n_found: 10,
            n_done: 4,
            n_added: 3,
            n_changed: 0,
            n_moved: 0,
            n_unchanged: 0,
            n_failed: 1,
            n_missing: 0,
            files_per_s: 2.04,
            realtime_x: 140.4,
            remaining_ms: Some(3_000),
            problems: Vec::new(),
            failure: None,
            started_at_us: 0,
            finished_at_us: None,
        };
        assert_eq!(
            progress_line(&import),
            "importing: 4 of 10 files, 2.0 files/s, 140x real time, 1 failed, 0:03 left"
        );
    }
}
