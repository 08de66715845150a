//! Seeks on the shaped line, far behind what has arrived.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use audio_engine::Command;

use super::{
    link::{Link, Shape},
    player::{PATIENCE, Player},
    tracks::{FORMATS, Track},
};
use crate::report::{Limit, Report, quantile};

/// How much of a track arrives before it is sought in.
const LOADED: Duration = Duration::from_millis(600);
/// The connection that the next seek will use is opened meanwhile.
const PAUSE: Duration = Duration::from_millis(300);

/// What one seek took until the first sound.
pub struct SeekCost {
    format: &'static str,
    ms: f64,
    n_requests: f64,
    /// Packets that came down the line.
    n_packets: f64,
}

pub fn report_all(report: &mut Report, seeks: &[SeekCost]) {
    let all = |value: fn(&SeekCost) -> f64| seeks.iter().map(value).collect::<Vec<_>>();
    let mut requests = all(|seek| seek.n_requests);
    let mut times = all(|seek| seek.ms);
    // Of the one that needed most.
    report.limited("seek_requests", quantile(&mut requests, 1.0), Limit::AtMost(1.0));
    let mean = requests.iter().sum::<f64>() / requests.len() as f64;
    report.figure("seek_requests_mean", mean);
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
    report.condition(
        "seeks",
        format!(
            "{} of {} tracks of 150 s, loaded paused for {LOADED:?} and sought to 60 to 90 %; from \
             the seek command to the first sound; {PAUSE:?} between them",
            seeks.len(),
            FORMATS.len()
        ),
    );
}

/// Loads a long track, and seeks far behind what has arrived.
pub fn time_one(
    player: &mut Player,
    link: &Link,
    track: &Track,
    index: usize,
) -> anyhow::Result<SeekCost> {
    let item = player.item(link.url(), track)?;
    // Paused, so that the first sound is that of the new place.
    player.engine.send(Command::Load { item, position_ms: 0, is_playing: false })?;
    thread::sleep(LOADED);
    let (before, packets_before) = (link.n_streams(), link.n_packets());
    let began = Instant::now();
    let position_ms = track.duration_ms * (60 + index as u64 * 7 % 30) / 100;
    player.engine.send(Command::Seek { position_ms })?;
    player.engine.send(Command::Play)?;
    let sound = player.capture.wait_for_sound(PATIENCE).context("no sound came")?;
    let n_requests = (link.n_streams() - before) as f64;
    let n_packets = (link.n_packets() - packets_before) as f64;
    player.stop()?;
    thread::sleep(PAUSE);
    let ms = sound.duration_since(began).as_secs_f64() * 1000.0;
    Ok(SeekCost { format: track.format(), ms, n_requests, n_packets })
}
