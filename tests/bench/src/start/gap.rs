//! From one track to the next: what is heard of two that were cut from one, over HTTP and at a
//! device's pace, beside the one that they were.

use std::{path::Path, process::Command as Process};

use audio_engine::{Command, Event};
use e2e::{
    desktop::SAMPLE_RATE_HZ,
    sound::{self, Stereo},
};

use super::{
    player::Player,
    tracks::{Track, ffmpeg, tone},
};

/// The files' length, and where they are cut: at no multiple of a codec's frame.
const WHOLE_S: usize = 6;
const CUT: usize = 3 * 44_100 + 217;
/// How much on each side of the seam says where that side is.
const SIDE: usize = 22_050;
/// Titles of the two, in turn.
const TITLES: [&str; 2] = ["Former", "Latter"];
/// How often the two are played; the worst counts.
pub const N_PLAYS: usize = 5;

/// Writes the two into the folder that will be imported; answers with what they were.
pub fn make_pair(music: &Path, whole: &Path) -> anyhow::Result<Stereo> {
    let tone = tone(1_000, WHOLE_S);
    ffmpeg(Process::new("ffmpeg").args(["-v", "error", "-f", "lavfi", "-i", &tone]).arg(whole))?;
    let parts = [format!("end_sample={CUT}"), format!("start_sample={CUT}")];
    for (title, part) in TITLES.iter().zip(parts) {
        let cut = format!("atrim={part},asetpts=PTS-STARTPTS");
        let file = music.join(title).with_extension("flac");
        ffmpeg(
            Process::new("ffmpeg")
                .args(["-v", "error", "-i"])
                .arg(whole)
                .args(["-af", &cut, "-sample_fmt", "s16", "-metadata"])
                .arg(format!("title={title}"))
                .arg(file),
        )?;
    }
    Stereo::decode(whole)
}

/// The worst of several plays, in frames.
pub fn worst(base: &str, token: &str, tracks: &[Track], whole: &Stereo) -> anyhow::Result<f64> {
    let find = |title: &&str| tracks.iter().find(|track| track.title == **title).cloned();
    let pair: Vec<Track> = TITLES.iter().filter_map(find).collect();
    let [former, latter] = &pair[..] else { anyhow::bail!("the pair was not imported") };
    let mut worst = 0;
    for _ in 0..N_PLAYS {
        // With nothing in its cache.
        let mut player = Player::start(SAMPLE_RATE_HZ, token)?;
        let heard = play(&mut player, base, former, latter)?;
        worst = worst.max(n_wrong(&heard, whole)?);
    }
    Ok(worst as f64)
}

fn play(player: &mut Player, base: &str, former: &Track, latter: &Track) -> anyhow::Result<Stereo> {
    let (one, two) = (player.item(base, former)?, player.item(base, latter)?);
    let (first, last) = (one.token, two.token);
    player.engine.send(Command::Load { item: one, position_ms: 0, is_playing: true })?;
    // As the player does: what follows is told once this is heard.
    player.wait_for(|event| *event == Event::Started { token: first })?;
    player.engine.send(Command::Prepare(two))?;
    player.wait_for(|event| *event == Event::Ended { token: last })?;
    Ok(Stereo { samples: player.capture.take() })
}

/// Frames between the two that should not be there or are missing, and all others that are not
/// those of the whole.
fn n_wrong(heard: &Stereo, whole: &Stereo) -> anyhow::Result<u64> {
    let frames = |from: usize, n: usize| Stereo {
        samples: whole.samples[from * 2..(from + n) * 2].to_vec(),
    };
    let before = sound::find(&frames(CUT - SIDE, SIDE), heard)?.offset_frames;
    let after = sound::find(&frames(CUT, SIDE), heard)?.offset_frames;
    let side = i64::try_from(SIDE)?;
    let head = n_different(heard, &frames(0, CUT), before + side - i64::try_from(CUT)?);
    let tail = n_different(heard, &frames(CUT, whole.n_frames() - CUT), after);
    Ok((after - before - side).unsigned_abs() + head + tail)
}

/// Frames of a part that are not heard where it should be.
fn n_different(heard: &Stereo, part: &Stereo, offset: i64) -> u64 {
    let is_there = |(idx, wanted): (usize, &[f32])| {
        let at = i64::try_from(idx).ok().and_then(|idx| usize::try_from(idx + offset).ok());
        let found = at.and_then(|at| heard.samples.get(at * 2..at * 2 + 2));
        found.is_some_and(|found| found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-4))
    };
    part.samples.chunks_exact(2).enumerate().filter(|part| !is_there(*part)).count() as u64
}
