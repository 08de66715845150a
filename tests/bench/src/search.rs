//! Typing into the search of a large library, beside SQLite's own full text index.
//!
//! The catalog is put into the server's database through the catalog service; the server then
//! fills its index from it as it does in life. Requests go over HTTP one at a time. Nothing has
//! been played, so that popularity does not shorten anything.

mod fts;
mod names;

use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use api_tests::{Client, ServerProcess};
use domain::{
    AudioFacts, BlockHistogram, Codec, TrackId,
    imported::{CreditedArtist, ImportedTrack},
};
use names::{Catalog, Random, typed};
use tokio::runtime::Runtime;

use crate::report::{Limit, Report, quantile};

/// Tracks put into the catalog at once.
const BATCH: usize = 500;
/// Requests that each side answers before it is the other's turn.
const ROUND: usize = 250;
/// Queries with a slip that must find something; else their times say nothing.
const FOUND_PCT_MIN: f64 = 95.0;
/// Longest that the server may take to fill its index.
const PATIENCE: Duration = Duration::from_hours(1);

#[derive(clap::Args)]
pub struct Options {
    /// How many tracks the library has.
    #[arg(long, default_value_t = 1_000_000)]
    tracks: usize,
    /// How many requests of each kind are timed.
    #[arg(long, default_value_t = 5_000)]
    requests: usize,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(options.tracks > 0 && options.requests > 0, "nothing to measure");
    let mut report = Report::new("search");
    let runtime = Runtime::new()?;
    let catalog = Catalog::new(options.tracks);
    let data = Arc::new(tempfile::tempdir()?);
    runtime.block_on(fill_catalog(&catalog, data.path()))?;
    let server = ServerProcess::start_on(Arc::clone(&data), "127.0.0.1:0")?;
    wait_until_filled(&server)?;
    let client = runtime.block_on(server.client()?.listener("listener@example.org"))?;
    let mut random = Random::new(77);
    let plain = queries(&catalog, &mut random, options.requests, false);
    let slips = queries(&catalog, &mut random, options.requests, true);
    let fts = fts::Index::new(&catalog, &data.path().join("fts.db"))?;
    let (mut plain_ms, mut fts_ms) = (Vec::new(), Vec::new());
    for round in plain.chunks(ROUND) {
        for query in round {
            plain_ms.push(runtime.block_on(ask(&client, query))?.ms);
        }
        for query in round {
            fts_ms.push(fts.time_ms(query)?);
        }
    }
    let (mut slips_ms, mut n_found) = (Vec::new(), 0);
    for query in &slips {
        let answer = runtime.block_on(ask(&client, query))?;
        slips_ms.push(answer.ms);
        n_found += usize::from(answer.is_found);
    }
    let found_pct = 100.0 * n_found as f64 / slips.len() as f64;
    ensure!(found_pct >= FOUND_PCT_MIN, "only {found_pct:.1} % of the slips found anything");
    let rss_mb = rss_mb(server.pid())?;
    let index_mb = size_bytes(&data.path().join("search"))? as f64 / 1e6;

    report.condition("library", format!("{} synthetic tracks, none played", options.tracks));
    report.condition(
        "requests",
        format!(
            "{} of each kind, one at a time on one connection that stays open, from the request to \
             the last byte of the answer; FTS5 in turn with the plain ones, {ROUND} each, in this \
             process and without HTTP",
            options.requests
        ),
    );
    let p50 = quantile(&mut plain_ms, 0.5);
    report.limited("p50_ms", p50, Limit::AtMost(2.0));
    report.limited("p99_ms", quantile(&mut plain_ms, 0.99), Limit::AtMost(10.0));
    report.figure("typo_found_pct", found_pct);
    report.figure("typo_p50_ms", quantile(&mut slips_ms, 0.5));
    report.limited("typo_p99_ms", quantile(&mut slips_ms, 0.99), Limit::AtMost(20.0));
    report.limited("rss_mb", rss_mb, Limit::AtMost(300.0));
    report.figure("index_mb", index_mb);
    report.figure("fts5_p50_ms", quantile(&mut fts_ms, 0.5));
    report.figure("fts5_p99_ms", quantile(&mut fts_ms, 0.99));
    report.figure("vs_fts5", quantile(&mut fts_ms, 0.5) / p50);
    Ok(report)
}

fn queries(catalog: &Catalog, random: &mut Random, n: usize, has_slip: bool) -> Vec<String> {
    let mut queries = Vec::with_capacity(n);
    while queries.len() < n {
        queries.extend(typed(catalog, random, has_slip));
    }
    queries.truncate(n);
    queries
}

async fn fill_catalog(catalog: &Catalog, data: &Path) -> anyhow::Result<()> {
    let data = server::data_dir::DataDir::open(data.to_owned())?;
    let db = engine_sql::Db::open(&data.database_url()?).await?;
    let blobs = engine_blobs::Blobs::in_folder(&data.blobs())?;
    let service = svc_catalog::Service::open(db, blobs).await?;
    for (batch_idx, batch) in catalog.tracks.chunks(BATCH).enumerate() {
        let track = |(idx, track): (usize, &names::Track)| {
            let number = (batch_idx * BATCH + idx) as u64;
            let mut random = [0; 10];
            random[..8].copy_from_slice(&number.to_be_bytes());
            (TrackId::new(1_700_000_000_000 + number, random), imported(catalog, track))
        };
        service.tracks_put(batch.iter().enumerate().map(track).collect()).await?;
    }
    Ok(())
}

fn imported(catalog: &Catalog, track: &names::Track) -> ImportedTrack {
    let artist =
        CreditedArtist { name: catalog.artist_of(track).name.clone(), musicbrainz_id: None };
    ImportedTrack {
        title: track.title.clone(),
        artists: vec![artist.clone()],
        album_artists: vec![artist],
        release_title: Some(catalog.releases[track.release_idx].title.clone()),
        is_compilation: false,
        disc_number: 1,
        track_number: 0,
        date: None,
        genres: Vec::new(),
        isrc: None,
        musicbrainz_recording_id: None,
        musicbrainz_release_id: None,
        release_folder: track.release_idx.to_string(),
        cover: None,
        duration_ms: 200_000,
        audio: AudioFacts {
            codec: Codec::Flac,
            content_type: "audio/flac".into(),
            sample_rate_hz: 44_100,
            bits_per_sample: Some(16),
            n_channels: 2,
            bitrate_bps: 800_000,
            size_bytes: 20_000_000,
        },
        loudness: None,
        loudness_blocks: BlockHistogram::default(),
    }
}

fn wait_until_filled(server: &ServerProcess) -> anyhow::Result<()> {
    let started = Instant::now();
    while !server.log().contains("the search index is filled") {
        ensure!(started.elapsed() < PATIENCE, "the index was not filled: {}", server.log());
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

struct Answer {
    /// From the request to the last byte of the answer.
    ms: f64,
    is_found: bool,
}

async fn ask(client: &Client, query: &str) -> anyhow::Result<Answer> {
    let request = client.request("GET".parse()?, "/api/v1/search").query(&[("q", query)]);
    let started = Instant::now();
    let bytes = request.send().await?.error_for_status()?.bytes().await?;
    let ms = started.elapsed().as_secs_f64() * 1e3;
    let answer: serde_json::Value = serde_json::from_slice(&bytes)?;
    let has = |group: &str| answer[group].as_array().is_some_and(|hits| !hits.is_empty());
    Ok(Answer { ms, is_found: ["tracks", "artists", "releases"].into_iter().any(has) })
}

fn rss_mb(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}

fn size_bytes(dir: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        sum += if meta.is_dir() { size_bytes(&entry.path())? } else { meta.len() };
    }
    Ok(sum)
}
