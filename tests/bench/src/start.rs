//! From the play command to the first sample that is not silence.
//!
//! The engine is the player's own; memory stands in for the sound device and takes samples as
//! one would, in blocks of 2 ms. The server is the real program, as a process. Comparisons start
//! the same tracks in turn: ours, theirs, ours, theirs.

mod gap;
mod link;
mod peers;
mod player;
mod seeks;
mod tracks;

use std::{path::Path, thread, time::Duration};

use anyhow::{Context as _, ensure};
use api_tests::ServerProcess;

use crate::report::{Limit, Report, quantile};
use link::{Link, Shape};
use peers::{Mpd, Mpv};
use player::{PAUSE, Player};
use tracks::{FORMATS, Track, file_of, make_track, tracks_of};

const RATE: u32 = 48_000;
/// Tracks that are started again and again, and how often each.
const N_CACHED: usize = 10;
const N_ROUNDS: usize = 10;
/// Tracks that mpv starts as well.
const N_MPV: usize = 30;

#[derive(clap::Args)]
pub struct Options {
    /// How many tracks are started.
    #[arg(long, default_value_t = 100)]
    tracks: usize,
    /// How many seeks are made on the shaped line.
    #[arg(long, default_value_t = 40)]
    seeks: usize,
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
    let whole = gap::make_pair(&music, &folder.path().join("whole.wav"))?;

    let runtime = tokio::runtime::Runtime::new()?;
    let server = ServerProcess::start()?;
    server.import(&music)?;
    let client = server.client()?;
    let client = runtime.block_on(client.listener("bench@example.org"))?;
    let token = client.token.clone().context("a session has a token")?;
    let page: serde_json::Value = runtime.block_on(client.get("/api/v1/tracks?limit=200"))?;
    let all = tracks_of(&page)?;
    let (long, short): (Vec<Track>, Vec<Track>) = all
        .iter()
        .filter(|track| track.index().is_some())
        .cloned()
        .partition(|track| track.duration_ms > 100_000);
    ensure!(short.len() == options.tracks, "{} tracks were imported", short.len());

    let mut report = Report::new("start");
    report.condition("tracks", format!("{} of 20 s, {} formats", short.len(), FORMATS.len()));
    let url = server.url();
    let mut player = Player::start(RATE, &token)?;
    prewarm(&player, url)?;
    cold(&mut report, &mut player, url, &short)?;
    cached(&mut report, &mut player, url, &short, &music, folder.path())?;
    report.condition(
        "next",
        format!(
            "two FLAC files cut from one, over HTTP and in real time, against the one; the worst \
             of {} plays, frames that are too many, missing or different",
            gap::N_PLAYS
        ),
    );
    report.limited("next_gap_samples", gap::worst(url, &token, &all, &whole)?, Limit::AtMost(0.0));

    let link = runtime.block_on(Link::open(url, Shape::default()))?;
    let their_link = runtime.block_on(Link::open(url, Shape::default()))?;
    // Another engine: this one has the tracks in its cache, under another address though.
    let mut player = Player::start(RATE, &token)?;
    prewarm(&player, link.url())?;
    let mut mpv = Mpv::start(&token, folder.path())?;
    shaped(
        &mut report,
        &short,
        |track| player.time_start(link.url(), track),
        |track| mpv.time_start(&format!("{}{}", their_link.url(), track.path)),
    )?;
    drop(mpv);

    let mut costs = Vec::new();
    for index in 0..options.seeks {
        costs.push(seeks::time_one(&mut player, &link, &long[index % long.len()], index)?);
    }
    seeks::report_all(&mut report, &costs);
    Ok(report)
}

/// Lets the engine open its connections, as the player does when a server is chosen.
fn prewarm(player: &Player, url: &str) -> anyhow::Result<()> {
    player.engine.prewarm(format!("{url}/healthz").parse()?);
    thread::sleep(Duration::from_secs(1));
    Ok(())
}

fn cold(
    report: &mut Report,
    player: &mut Player,
    url: &str,
    tracks: &[Track],
) -> anyhow::Result<()> {
    let times = tracks.iter().map(|track| player.time_start(url, track));
    let mut times = times.collect::<Result<Vec<_>, _>>()?;
    report.condition(
        "cold",
        format!(
            "{} starts of tracks not heard before, over the loopback; connections opened 1 s \
             ahead, {PAUSE:?} between the starts; from the play command to the first sample that \
             is not silence at the device",
            times.len()
        ),
    );
    report.limited("cold_p50_ms", quantile(&mut times, 0.5), Limit::AtMost(60.0));
    report.limited("cold_p99_ms", quantile(&mut times, 0.99), Limit::AtMost(150.0));
    Ok(())
}

/// Tracks that have arrived, beside mpd with the same files on its disk.
fn cached(
    report: &mut Report,
    player: &mut Player,
    url: &str,
    tracks: &[Track],
    music: &Path,
    folder: &Path,
) -> anyhow::Result<()> {
    let tracks = &tracks[..tracks.len().min(N_CACHED)];
    let files = tracks.iter().filter_map(Track::index).map(|index| file_of(music, index));
    let mut mpd = Mpd::start(&files.collect::<Vec<_>>(), folder)?;
    for (song, track) in tracks.iter().enumerate() {
        player.fetch(url, track)?;
        // Its bytes are in the system's cache then.
        mpd.time_start(song)?;
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..N_ROUNDS {
        for (song, track) in tracks.iter().enumerate() {
            ours.push(player.time_start(url, track)?);
            theirs.push(mpd.time_start(song)?);
        }
    }
    report.condition(
        "cached",
        format!(
            "{} starts each of {} tracks, ours and mpd's in turn; ours has them in its cache, mpd \
             on disk with pages warm; {PAUSE:?} between the starts; from the play command to the \
             first sample that is not silence at the device, for mpd in its pipe output",
            ours.len(),
            tracks.len()
        ),
    );
    let (our_p50, their_p50) = (quantile(&mut ours, 0.5), quantile(&mut theirs, 0.5));
    report.limited("cached_p50_ms", our_p50, Limit::AtMost(5.0));
    report.figure("mpd_p50_ms", their_p50);
    report.limited("cached_vs_mpd", their_p50 / our_p50, Limit::AtLeast(1.0));
    Ok(())
}

/// Tracks not heard before on the shaped line, each with a line of its own, beside mpv.
fn shaped(
    report: &mut Report,
    tracks: &[Track],
    mut time_ours: impl FnMut(&Track) -> anyhow::Result<f64>,
    mut time_mpv: impl FnMut(&Track) -> anyhow::Result<f64>,
) -> anyhow::Result<()> {
    let (mut ours, mut beside, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for (idx, track) in tracks.iter().enumerate() {
        ours.push(time_ours(track)?);
        if idx < N_MPV {
            beside.push(ours[idx]);
            theirs.push(time_mpv(track)?);
        }
    }
    report.condition(
        "line",
        "50 ms round trip, 10 Mbit/s each way for all connections together, 200 ms stall of one \
         connection at 1 % of its packets; a line for each player",
    );
    report.condition(
        "shaped",
        format!(
            "{} starts of tracks not heard before, the first {} in turn with mpv; our connections \
             are opened 1 s before the first start and between the starts, mpv opens one for each; \
             {PAUSE:?} between the starts; ours from the play command to the first sample that is \
             not silence, mpv's from loadfile to its own word that playback has begun",
            ours.len(),
            theirs.len()
        ),
    );
    report.limited("shaped_p50_ms", quantile(&mut ours, 0.5), Limit::AtMost(150.0));
    report.limited("shaped_p99_ms", quantile(&mut ours, 0.99), Limit::AtMost(300.0));
    let (our_p50, their_p50) = (quantile(&mut beside, 0.5), quantile(&mut theirs, 0.5));
    report.figure("mpv_p50_ms", their_p50);
    report.limited("shaped_vs_mpv", their_p50 / our_p50, Limit::AtLeast(1.0));
    Ok(())
}
