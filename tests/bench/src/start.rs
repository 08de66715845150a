//! From the play command to the first sample that is not silence.
//!
//! The engine is the player's own; memory stands in for the sound device and takes samples as
//! one would, in blocks of 2 ms. The server is the real program, as a process.

mod link;
mod peers;

use std::{
    path::{Path, PathBuf},
    process::Command as Process,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use api_tests::ServerProcess;
use audio_engine::{
    Authorize, AuthorizeError, Capture, Command, Config, Engine, Event, Item, MemoryOutput, Output,
    Pace, PlayToken, Source,
};
use futures::future::BoxFuture;
use tokio::sync::mpsc::Receiver;

use crate::report::{Limit, Report, quantile};
use link::{Link, Shape};

/// Longest that one start may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Kinds of files, in turn.
const FORMATS: [(&str, &[&str]); 5] = [
    ("flac", &["-sample_fmt", "s16"]),
    ("mp3", &["-b:a", "192k"]),
    ("ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ("opus", &["-c:a", "libopus", "-b:a", "128k"]),
    ("m4a", &["-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"]),
];
const RATE: u32 = 48_000;

#[derive(clap::Args)]
pub struct Options {
    /// How many tracks are started.
    #[arg(long, default_value_t = 100)]
    tracks: usize,
    /// How many seeks are made on the shaped line.
    #[arg(long, default_value_t = 40)]
    seeks: usize,
}

/// Sends the token of the one session that the benchmark has.
struct Token(String);

impl Authorize for Token {
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>> {
        Box::pin(async move {
            if is_stale { Err(AuthorizeError::SignedOut) } else { Ok(Some(self.0.clone())) }
        })
    }
}

/// One imported track, under the path of its stream.
struct Track {
    format: &'static str,
    path: String,
    duration_ms: u64,
}

struct Player {
    engine: Engine,
    events: Receiver<Event>,
    capture: Capture,
    authorize: Arc<dyn Authorize>,
    n_loaded: u64,
}

impl Player {
    fn start(pace: Pace, token: &str) -> anyhow::Result<Self> {
        let capture = Capture::default();
        let memory =
            MemoryOutput { sample_rate: RATE, channels: 2, pace, capture: capture.clone() };
        let (engine, events) =
            Engine::start(Config { output: Output::Memory(memory), ..Config::default() })?;
        let mut player = Self {
            engine,
            events,
            capture,
            authorize: Arc::new(Token(token.to_owned())),
            n_loaded: 0,
        };
        player.wait_for(|event| matches!(event, Event::DeviceChanged { .. }))?;
        Ok(player)
    }

    fn item(&mut self, base: &str, track: &Track) -> anyhow::Result<Item> {
        let url = format!("{base}{}", track.path).parse()?;
        let source = Source::Http { url, authorize: Arc::clone(&self.authorize) };
        Ok(self.item_of(source, track.duration_ms))
    }

    fn item_of(&mut self, source: Source, duration_ms: u64) -> Item {
        self.n_loaded += 1;
        Item {
            token: PlayToken(self.n_loaded),
            source,
            gain_db: 0.0,
            content_type: String::new(),
            duration_ms,
        }
    }

    fn wait_for(&mut self, mut is_wanted: impl FnMut(&Event) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.events.try_recv() {
                Ok(event) if is_wanted(&event) => return Ok(()),
                Ok(Event::Failed { reason, .. }) => bail!("it does not play: {reason}"),
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_micros(500)),
            }
        }
        bail!("the engine did not do what was expected")
    }

    /// Unloads, and waits until all is quiet.
    fn stop(&mut self) -> anyhow::Result<()> {
        self.engine.send(Command::Stop)?;
        self.wait_for(|event| *event == Event::Stopped)?;
        thread::sleep(Duration::from_millis(25));
        self.capture.take();
        Ok(())
    }

    /// Milliseconds from the play command to the first sound.
    fn time_start(&mut self, item: Item) -> anyhow::Result<f64> {
        let began = Instant::now();
        self.engine.send(Command::Load { item, position_ms: 0, is_playing: true })?;
        let sound = self.capture.wait_for_sound(PATIENCE).context("no sound came")?;
        Ok(sound.duration_since(began).as_secs_f64() * 1000.0)
    }

    /// Starts each track once; with `n_more`, each is waited for until it is here and then
    /// started so many times more, and only those count.
    fn time_starts(
        &mut self,
        base: &str,
        tracks: &[Track],
        n_more: usize,
    ) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        for track in tracks {
            let item = self.item(base, track)?;
            let first = self.time_start(item)?;
            if n_more == 0 {
                times.push(first);
            } else {
                let whole = track.duration_ms;
                self.wait_for(|event| {
                    matches!(event, Event::Position { buffered_ms, .. } if *buffered_ms >= whole)
                })?;
            }
            self.stop()?;
            // A listener leaves this much time; a connection ahead needs two round trips.
            thread::sleep(Duration::from_millis(250));
            for _ in 0..n_more {
                let item = self.item(base, track)?;
                times.push(self.time_start(item)?);
                self.stop()?;
            }
        }
        Ok(times)
    }

    /// Frames heard of these files, each following the one before it.
    fn count_frames(&mut self, files: &[&Path]) -> anyhow::Result<usize> {
        self.capture.take();
        let items: Vec<Item> =
            files.iter().map(|path| self.item_of(Source::File(path.into()), 0)).collect();
        let last = items.last().context("at least one file")?.token;
        for (index, item) in items.into_iter().enumerate() {
            self.engine.send(if index == 0 {
                Command::Load { item, position_ms: 0, is_playing: true }
            } else {
                Command::Prepare(item)
            })?;
        }
        self.wait_for(|event| *event == Event::Ended { token: last })?;
        Ok(self.capture.take().len() / 2)
    }
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let music = folder.path().join("music");
    std::fs::create_dir(&music)?;
    for index in 0..options.tracks {
        make_track(&music, index, 20)?;
    }
    // Long enough to be far from loaded when they are sought.
    for index in 0..FORMATS.len() {
        make_track(&music, options.tracks + index, 150)?;
    }

    let runtime = tokio::runtime::Runtime::new()?;
    let server = ServerProcess::start()?;
    server.import(&music)?;
    let client = server.client()?;
    let client = runtime.block_on(client.listener("bench@example.org"))?;
    let token = client.token.clone().context("a session has a token")?;
    let page: serde_json::Value = runtime.block_on(client.get("/api/v1/tracks?limit=200"))?;
    let (long, short): (Vec<Track>, Vec<Track>) =
        tracks_of(&page)?.into_iter().partition(|track| track.duration_ms > 100_000);
    ensure!(short.len() == options.tracks, "{} tracks were imported", short.len());

    let mut report = Report::new("start");
    report.condition("tracks", format!("{} of 20 s, {} formats", short.len(), FORMATS.len()));
    report.condition("line", "50 ms round trip, 10 Mbit/s, 200 ms stall at 1 % of packets");
    let mut player = Player::start(Pace::RealTime, &token)?;

    player.engine.prewarm(format!("{}/healthz", server.url()).parse()?);
    thread::sleep(Duration::from_millis(300));
    let mut cold = player.time_starts(server.url(), &short, 0)?;
    report.limited("cold_p50_ms", quantile(&mut cold, 0.5), Limit::AtMost(60.0));
    report.limited("cold_p99_ms", quantile(&mut cold, 0.99), Limit::AtMost(150.0));

    let mut cached = player.time_starts(server.url(), &short[..short.len().min(10)], 10)?;
    let cached_p50 = quantile(&mut cached, 0.5);
    report.limited("cached_p50_ms", cached_p50, Limit::AtMost(5.0));
    let mut mpd = peers::mpd_starts(&music, folder.path(), cached.len().min(50))?;
    let mpd_p50 = quantile(&mut mpd, 0.5);
    report.figure("mpd_p50_ms", mpd_p50);
    report.limited("cached_vs_mpd", mpd_p50 / cached_p50, Limit::AtLeast(1.0));

    report.limited("next_gap_samples", next_gap(folder.path(), &token)?, Limit::AtMost(0.0));

    let link = runtime.block_on(Link::open(server.url(), Shape::default()))?;
    // Another engine: this one has the tracks in its cache, under another address though.
    let mut player = Player::start(Pace::RealTime, &token)?;
    player.engine.prewarm(format!("{}/healthz", link.url()).parse()?);
    thread::sleep(Duration::from_secs(1));
    let mut shaped = player.time_starts(link.url(), &short, 0)?;
    let shaped_p50 = quantile(&mut shaped, 0.5);
    report.limited("shaped_p50_ms", shaped_p50, Limit::AtMost(150.0));
    report.limited("shaped_p99_ms", quantile(&mut shaped, 0.99), Limit::AtMost(300.0));
    let urls: Vec<String> =
        short.iter().take(30).map(|track| format!("{}{}", link.url(), track.path)).collect();
    let mut mpv = peers::mpv_starts(&urls, &token, folder.path())?;
    let mpv_p50 = quantile(&mut mpv, 0.5);
    report.figure("mpv_p50_ms", mpv_p50);
    report.limited("shaped_vs_mpv", mpv_p50 / shaped_p50, Limit::AtLeast(1.0));

    let mut seeks = Vec::new();
    for index in 0..options.seeks {
        seeks.push(time_seek(&mut player, &link, &long[index % long.len()], index)?);
    }
    report_seeks(&mut report, &seeks);
    Ok(report)
}

/// What one seek took until the first sound.
struct SeekCost {
    format: &'static str,
    ms: f64,
    n_requests: f64,
    /// Packets that came down the line.
    n_packets: f64,
}

fn report_seeks(report: &mut Report, seeks: &[SeekCost]) {
    let all = |value: fn(&SeekCost) -> f64| seeks.iter().map(value).collect::<Vec<_>>();
    let mut requests = all(|seek| seek.n_requests);
    let mut times = all(|seek| seek.ms);
    report.limited("seek_requests", quantile(&mut requests, 0.5), Limit::AtMost(1.0));
    report.figure("seek_requests_max", quantile(&mut requests, 1.0));
    report.figure("seek_p50_ms", quantile(&mut times, 0.5));
    report.limited("seek_p95_ms", quantile(&mut times, 0.95), Limit::AtMost(120.0));
    let stalls =
        |n_packets: f64| 1.0 - (1.0 - 1.0 / Shape::default().one_in as f64).powf(n_packets);
    // Each packet down and the request may be the one that stalls, and one seek in twenty may
    // at most.
    let expected = seeks.iter().map(|seek| stalls(seek.n_packets + 1.0)).sum::<f64>();
    report.figure("seek_stalls_expected_pct", expected * 100.0 / seeks.len() as f64);
    let per_format = FORMATS.map(|(format, _)| {
        let of = |value: fn(&SeekCost) -> f64| {
            let mut values: Vec<f64> =
                seeks.iter().filter(|seek| seek.format == format).map(value).collect();
            quantile(&mut values, 0.5)
        };
        format!("{format} {:.0} ms by {:.0} packets", of(|seek| seek.ms), of(|seek| seek.n_packets))
    });
    report.condition("seeks, p50", per_format.join(", "));
}

/// Loads a long track, and seeks far behind what has arrived.
fn time_seek(
    player: &mut Player,
    link: &Link,
    track: &Track,
    index: usize,
) -> anyhow::Result<SeekCost> {
    let item = player.item(link.url(), track)?;
    // Paused, so that the first sound is that of the new place.
    player.engine.send(Command::Load { item, position_ms: 0, is_playing: false })?;
    thread::sleep(Duration::from_millis(600));
    let (before, packets_before) = (link.n_streams(), link.n_packets());
    let began = Instant::now();
    let position_ms = track.duration_ms * (60 + index as u64 * 7 % 30) / 100;
    player.engine.send(Command::Seek { position_ms })?;
    player.engine.send(Command::Play)?;
    let sound = player.capture.wait_for_sound(PATIENCE).context("no sound came")?;
    let n_requests = (link.n_streams() - before) as f64;
    let n_packets = (link.n_packets() - packets_before) as f64;
    player.stop()?;
    // The connection that the next seek will use is opened meanwhile.
    thread::sleep(Duration::from_millis(300));
    let ms = sound.duration_since(began).as_secs_f64() * 1000.0;
    Ok(SeekCost { format: track.format, ms, n_requests, n_packets })
}

/// Frames too many when two files follow each other, over what each has alone.
fn next_gap(folder: &Path, token: &str) -> anyhow::Result<f64> {
    let music = folder.join("gap");
    std::fs::create_dir(&music)?;
    let one = make_track(&music, 0, 3)?;
    let two = make_track(&music, FORMATS.len(), 3)?;
    let mut player = Player::start(Pace::Unpaced, token)?;
    let alone = player.count_frames(&[&one])? + player.count_frames(&[&two])?;
    let together = player.count_frames(&[&one, &two])?;
    Ok(together.abs_diff(alone) as f64)
}

fn make_track(folder: &Path, index: usize, seconds: usize) -> anyhow::Result<PathBuf> {
    let (extension, args) = FORMATS[index % FORMATS.len()];
    let path = folder.join(format!("{index:03}.{extension}"));
    let tone = format!(
        "aevalsrc=0.3*sin(2*PI*{}*t)+0.1*random({index})|0.3*sin(2*PI*{}*t):s=44100:d={seconds}",
        200 + index * 3,
        201 + index * 3
    );
    let status = Process::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &tone, "-metadata"])
        .arg(format!("title=Track {index}"))
        .args(args)
        .arg(&path)
        .status()
        .context("ffmpeg makes the tracks")?;
    ensure!(status.success(), "ffmpeg: {status}");
    Ok(path)
}

fn tracks_of(page: &serde_json::Value) -> anyhow::Result<Vec<Track>> {
    let items = page["items"].as_array().context("a page of tracks")?;
    items
        .iter()
        .map(|item| {
            let id = item["id"].as_str().context("a track has an id")?;
            let duration_ms = item["duration_ms"].as_u64().context("a track has a length")?;
            let title = item["title"].as_str().context("a track has a title")?;
            let index: usize = title.trim_start_matches("Track ").parse()?;
            let (format, _) = FORMATS[index % FORMATS.len()];
            Ok(Track { format, path: format!("/api/v1/tracks/{id}/stream"), duration_ms })
        })
        .collect()
}
