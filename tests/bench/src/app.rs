//! The whole app as it is shipped: memory, processor, start, size. The server's idle memory too.
//!
//! Memory of the app is the proportional share (PSS) of its process and everything it started,
//! so the web engine's processes count.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use e2e::{
    App, Desktop, Server, demo,
    desktop::SoundOutput,
    process::{self, Process},
    server::Listener,
};
use ipc::Playback;
use tokio::runtime::Runtime;

use crate::report::{Limit, Report, quantile};

/// What the shell logs when the first page is there to be used.
const READY: &str = "the interface is ready to use";
/// Longest that a start may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the server has been left alone when its memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// How long the app plays before it is looked at, and how long it is looked at.
const SETTLE: Duration = Duration::from_secs(5);
const WATCHED: Duration = Duration::from_secs(15);
/// Clock ticks of `/proc/*/stat` in a second, on every Linux.
const TICKS_PER_S: f64 = 100.0;

#[derive(clap::Args)]
pub struct Options {
    /// How often the app is started; the median counts.
    #[arg(long, default_value_t = 7)]
    starts: usize,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(options.starts > 0, "nothing to measure");
    // Looked for first: without it the rest would be for nothing.
    let deb = deb()?;
    e2e::init();
    let mut report = Report::new("app");
    Runtime::new()?.block_on(measure(options, &mut report))?;
    report.limited("wasm_gz_kb", wasm_gz_kb()?, Limit::AtMost(900.0));
    report.limited("deb_mb", fs::metadata(&deb)?.len() as f64 / 1e6, Limit::AtMost(15.0));
    Ok(report)
}

async fn measure(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let music = dir.path().join("music");
    let n_tracks = demo_music::write_catalog(&music)?.len();
    let server = Server::start(&dir.path().join("server"), dir.path()).await?;
    server.import(&music).await?;
    let listener = Listener::demo();
    server.account_create(&listener).await?;
    let token = server.sign_in(&listener).await?;
    let track = server.tracks(&token).await?.into_iter().max_by_key(|track| track.duration_ms);
    let track = track.context("the import found nothing")?;
    tokio::time::sleep(IDLE).await;
    report.condition("server", format!("{n_tracks} tracks, one listener, idle for {IDLE:?}"));
    report.limited("server_idle_mb", memory_mb(&[server.id()], "Rss:")?, Limit::AtMost(60.0));

    let desktop = Desktop::start(SoundOutput::NullSink).await?;
    let mut starts_ms = Vec::with_capacity(options.starts);
    for _ in 0..options.starts {
        starts_ms.push(start_ms(&desktop)?);
    }
    report.condition(
        "start",
        format!(
            "process to the first page drawn, new data, median of {} (the first, with cold \
             caches, took {:.0} ms), virtual display without a graphics card",
            options.starts, starts_ms[0]
        ),
    );
    report.limited("app_usable_ms", quantile(&mut starts_ms, 0.5), Limit::AtMost(1000.0));

    let app = App::open(&desktop, &dir.path().join("app")).await?;
    demo::sign_in(&app, &server, &listener).await?;
    app.go(&format!("/release/{}", track.release.id)).await?;
    app.double_click("[data-row='0']").await?;
    let plays = |view: &ipc::PlayerView| view.playback == Playback::Playing && view.position_ms > 0;
    app.wait_for_player("music", plays).await?;
    tokio::time::sleep(SETTLE).await;
    let processes = app.processes()?;
    let before = busy_s(&processes)?;
    tokio::time::sleep(WATCHED).await;
    let busy = busy_s(&processes)? - before;
    ensure!(plays(&app.player().await?), "the music stopped meanwhile");
    report.condition(
        "playing",
        format!("{} processes, watched for {WATCHED:?} on a release's page", processes.len()),
    );
    report.figure("app_playing_pss_mb", memory_mb(&processes, "Pss:")?);
    report.figure("app_playing_cpu_pct", 100.0 * busy / WATCHED.as_secs_f64());
    app.quit().await?;
    server.stop()
}

/// From the start of the process until it says that the first page is there.
fn start_ms(desktop: &Desktop) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let mut command = Command::new(process::built("melodyud")?);
    desktop.dress(&mut command).env("MELODYUD_DATA", dir.path().join("data"));
    let started = Instant::now();
    let mut app = Process::start("app", &mut command, dir.path())?;
    while !app.log_tail().contains(READY) {
        app.check_alive()?;
        ensure!(started.elapsed() < PATIENCE, "the app is not ready:\n{}", app.log_tail());
        thread::sleep(Duration::from_millis(2));
    }
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

/// Memory of the processes, of the kind that a line of the kernel's summary begins with.
fn memory_mb(processes: &[u32], kind: &str) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for id in processes {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
        let line =
            rollup.lines().find_map(|line| line.strip_prefix(kind)).context("no such kind")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        sum += kib * 1024.0 / 1e6;
    }
    Ok(sum)
}

/// Processor time that the processes have taken.
fn busy_s(processes: &[u32]) -> anyhow::Result<f64> {
    let mut ticks = 0;
    for id in processes {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th
        // fields behind it.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<u64>()?;
        }
    }
    Ok(ticks as f64 / TICKS_PER_S)
}

fn wasm_gz_kb() -> anyhow::Result<f64> {
    let wasm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist/ui_app_bg.wasm");
    ensure!(wasm.is_file(), "the interface is not built: run `cargo xtask ui`");
    let packed = Command::new("gzip").args(["-9", "-c"]).arg(&wasm).stderr(Stdio::null()).output();
    let packed = packed.context("gzip")?;
    ensure!(packed.status.success(), "gzip ended with {}", packed.status);
    Ok(packed.stdout.len() as f64 / 1e3)
}

/// The newest package; it must hold the app, a desktop entry and an icon.
fn deb() -> anyhow::Result<PathBuf> {
    let folder = std::env::current_exe()?.with_file_name("bundle").join("deb");
    let mut packages = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "deb") {
            packages.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    let (_, package) = packages.into_iter().max().context("no package was built")?;
    let listed = Command::new("dpkg-deb").arg("--contents").arg(&package).output()?;
    ensure!(listed.status.success(), "dpkg-deb: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8_lossy(&listed.stdout);
    for (what, part) in [
        ("the app", "usr/bin/melodyud\n"),
        ("a desktop entry", ".desktop\n"),
        ("an icon", "usr/share/icons/hicolor/128x128/apps/"),
    ] {
        ensure!(listed.contains(part), "the package lacks {what}");
    }
    Ok(package)
}
