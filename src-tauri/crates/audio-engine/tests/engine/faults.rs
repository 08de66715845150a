//! Broken files: they play as far as they go or fail in words, and never hang or panic.

use std::time::Instant;

use audio_engine::{Command, Event, Pace, Source};

use super::support::{PATIENCE, Player, convert, music, temp_dir, wait_until, write_wav};

const RATE: u32 = 44_100;
const FILES: &[(&str, &[&str])] = &[
    ("a.flac", &["-sample_fmt", "s16"]),
    ("a.mp3", &["-b:a", "128k"]),
    ("a.ogg", &["-c:a", "libvorbis"]),
    ("a.opus", &["-c:a", "libopus"]),
    ("a.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
    ("alac.m4a", &["-c:a", "alac"]),
    ("a.wav", &[]),
    ("a.aiff", &[]),
];

/// Plays and says how it ended and how many samples were heard.
fn outcome(player: &mut Player, bytes: &[u8], path: &std::path::Path) -> (Event, usize) {
    std::fs::write(path, bytes).unwrap();
    player.capture.take();
    let started = Instant::now();
    player.load(Source::File(path.to_owned()), 3_000);
    let last = player.wait_for(|event| matches!(event, Event::Ended { .. } | Event::Failed { .. }));
    assert!(started.elapsed() < PATIENCE);
    (last, player.capture.take().len())
}

#[test]
fn truncated_files_play_as_far_as_they_go() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 3));
    let mut player = Player::start(RATE, Pace::Unpaced);
    for (name, args) in FILES {
        let path = folder.path().join(name);
        convert(&wav, &path, args);
        let whole = std::fs::read(&path).unwrap();
        let (_, n_whole) = outcome(&mut player, &whole, &path);
        for share in [0, 1, 3, 10, 60, 99] {
            let part = &whole[..whole.len() * share / 100];
            let (last, n_heard) = outcome(&mut player, part, &path);
            assert!(n_heard <= n_whole + 10_000, "{name} at {share} %: {n_heard}");
            if share == 0 {
                assert!(matches!(last, Event::Failed { .. }), "{name}: an empty file {last:?}");
            }
            // An MP4 may be refused, for its index speaks of more; an Ogg page lasts a second.
            if share == 60 && !name.ends_with("m4a") {
                assert!(
                    n_heard > n_whole * 3 / 10,
                    "{name} at {share} %: {n_heard} of {n_whole}, {last:?}"
                );
            }
        }
    }
}

#[test]
fn flipped_bits_never_panic_and_always_end() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 3));
    let mut player = Player::start(RATE, Pace::Unpaced);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for (name, args) in FILES {
        let path = folder.path().join(name);
        convert(&wav, &path, args);
        let whole = std::fs::read(&path).unwrap();
        for round in 0..12 {
            let mut bytes = whole.clone();
            // Half of the rounds hit the headers, where it hurts most.
            let span = if round % 2 == 0 { bytes.len().min(400) } else { bytes.len() };
            for _ in 0..=round * 3 {
                let at = random(span);
                bytes[at] ^= 1 << random(8);
            }
            let (_, n_heard) = outcome(&mut player, &bytes, &path);
            assert!(n_heard < 100 * RATE as usize, "{name}, round {round}: {n_heard}");
        }
    }
}

#[test]
fn noise_instead_of_music_fails_in_words() {
    let folder = temp_dir();
    let mut player = Player::start(RATE, Pace::Unpaced);
    let noise: Vec<u8> =
        (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (last, n_heard) = outcome(&mut player, &noise, &folder.path().join("a.mp3"));
    assert!(
        matches!(&last, Event::Failed { reason, .. } if reason.len() > 10) || n_heard < 50_000,
        "{last:?}"
    );
}

#[test]
fn a_device_that_is_lost_and_found_costs_no_sound() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(RATE, RATE as usize * 4);
    write_wav(&wav, RATE, &samples);
    let mut player = Player::start(RATE, Pace::RealTime);
    player.capture.take();
    let token = player.load(Source::File(wav), 4_000);
    player.wait_for(|event| matches!(event, Event::Position { position_ms: 400.., .. }));
    player.capture.set_plugged(false);
    player.wait_for(|event| matches!(event, Event::NoDevice { reason } if !reason.is_empty()));
    let n_heard = player.capture.samples().len();
    player.send(Command::Pause);
    player.send(Command::Play);
    player.wait_for(|event| *event == Event::Resumed);
    assert_eq!(player.capture.samples().len(), n_heard, "nothing plays without a device");
    player.capture.set_plugged(true);
    player.wait_for(|event| matches!(event, Event::DeviceChanged { .. }));
    player.wait_for_end(token);
    let heard = player.capture.take();
    let sounding = |samples: &[f32]| samples.iter().filter(|sample| sample.abs() > 1e-3).count();
    let (got, wanted) = (sounding(&heard), sounding(&samples));
    assert!(got.abs_diff(wanted) < 2_000, "{got} of {wanted}");
}

#[test]
fn without_a_device_loading_waits_for_one() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize / 2));
    let mut player = Player::start(RATE, Pace::RealTime);
    player.capture.set_plugged(false);
    player.wait_for(|event| matches!(event, Event::NoDevice { .. }));
    let token = player.load(Source::File(wav), 500);
    player.capture.set_plugged(true);
    player.wait_for(|event| *event == Event::Started { token });
    player.wait_for_end(token);
    wait_until(|| player.capture.samples().iter().any(|sample| sample.abs() > 1e-3));
}
