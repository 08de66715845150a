//! Broken files: they play as far as they go or fail in words, and never hang or panic.

use std::{sync::atomic::Ordering, time::Instant};

use audio_engine::{Command, Event, Pace, Source};

use super::support::{
    PATIENCE, Player, Server, convert, music, temp_dir, wait_until, worst_difference, write_wav,
};

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

/// A file that was cut off after it came into the catalog ended as if it had been whole, and
/// nobody was told.
#[test]
fn what_is_cut_off_or_damaged_is_told_when_the_rest_was_played() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 8));
    let mut player = Player::start(RATE, Pace::Unpaced);
    for (name, args) in FILES.iter().filter(|(name, _)| !name.ends_with("m4a")) {
        let path = folder.path().join(name);
        convert(&wav, &path, args);
        let whole = std::fs::read(&path).unwrap();
        let mut play = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            player.capture.take();
            player.load(Source::File(path.clone()), 8_000);
            let is_last =
                |event: &Event| matches!(event, Event::Ended { .. } | Event::Failed { .. });
            (player.wait_for(is_last), player.capture.take().len() / 2)
        };
        let (last, n_whole) = play(&whole);
        assert!(matches!(last, Event::Ended { .. }), "{name}: {last:?}");

        let (last, n_heard) = play(&whole[..whole.len() / 2]);
        let Event::Failed { reason, .. } = last else { panic!("{name}: {last:?}") };
        let played = n_heard as u64 / u64::from(RATE);
        let words = format!("the file is damaged or cut off: 0:{played:02} of 0:08 played");
        assert_eq!(reason, words, "{name}");
        assert!(n_heard > n_whole * 3 / 10, "{name}: {n_heard} of {n_whole}");
    }
}

#[test]
fn a_hole_of_seconds_in_the_middle_is_told() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 8));
    let mut player = Player::start(RATE, Pace::Unpaced);
    for (name, args) in [("a.flac", ["-sample_fmt", "s16"]), ("a.mp3", ["-b:a", "128k"])] {
        let path = folder.path().join(name);
        convert(&wav, &path, &args);
        let mut bytes = std::fs::read(&path).unwrap();
        let (from, to) = (bytes.len() * 3 / 8, bytes.len() * 5 / 8);
        bytes[from..to].fill(0);
        std::fs::write(&path, bytes).unwrap();
        player.load(Source::File(path), 8_000);
        let last =
            player.wait_for(|event| matches!(event, Event::Ended { .. } | Event::Failed { .. }));
        assert!(
            matches!(&last, Event::Failed { reason, .. } if reason.contains("of 0:08 played")),
            "{name}: {last:?}"
        );
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

/// A device of another rate wants another ring, filled from where the last one was heard.
#[test]
fn a_device_of_another_rate_goes_on_where_the_last_one_was_heard() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(RATE, RATE as usize * 6);
    write_wav(&wav, RATE, &samples);
    for (name, args) in [("a.flac", ["-sample_fmt", "s16"]), ("a.mp3", ["-b:a", "192k"])] {
        let path = folder.path().join(name);
        convert(&wav, &path, &args);
        // All of it is not here yet, so that going on is a seek by guess.
        let server = Server::start(folder.path());
        let size = std::fs::metadata(&path).unwrap().len();
        server.manners.bytes_per_s.store(size / 2, Ordering::SeqCst);
        let mut player = Player::start(RATE, Pace::RealTime);
        player.capture.take();
        let token = player.load(server.source(name), 6_000);
        player.wait_for(|event| matches!(event, Event::Position { position_ms: 1_000.., .. }));
        player.capture.set_plugged(false);
        player.wait_for(|event| matches!(event, Event::NoDevice { .. }));
        let before = player.capture.take();
        player.capture.set_sample_rate(48_000);
        player.capture.set_plugged(true);
        player.wait_for_end(token);
        let after = player.capture.take();
        let n_sounding = |samples: &[f32]| {
            let is_sound = |sample: &f32| sample.abs() > 1e-4;
            let first = samples.iter().position(is_sound).unwrap_or(0);
            samples.iter().rposition(is_sound).map_or(0, |last| last - first) / 2
        };
        let heard_ms =
            n_sounding(&before) * 1000 / RATE as usize + n_sounding(&after) * 1000 / 48_000;
        assert!(heard_ms.abs_diff(6_000) <= 15, "{name}: {heard_ms} ms of 6000");
    }
}

/// Devices chosen in quick succession: what the first was to play is not played by the last.
#[test]
fn devices_switched_in_quick_succession_play_once_and_at_their_rate() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(48_000, 48_000 * 2);
    write_wav(&wav, 48_000, &samples);
    let mut player = Player::start(RATE, Pace::RealTime);
    for round in 0..20 {
        player.capture.set_sample_rate(if round % 2 == 0 { 44_100 } else { 48_000 });
        player.send(Command::SetDevice(Some(format!("device {round}"))));
    }
    for _ in 0..20 {
        player.wait_for(|event| matches!(event, Event::DeviceChanged { .. }));
    }
    player.capture.take();
    let token = player.load(Source::File(wav), 2_000);
    player.wait_for_end(token);
    let heard = player.capture.take();
    let first = heard.iter().position(|sample| sample.abs() > 1e-4).unwrap() / 2 * 2;
    let wanted = samples.iter().position(|sample| sample.abs() > 1e-4).unwrap() / 2 * 2;
    let n = 48_000;
    let difference = worst_difference(&heard[first..first + n], &samples[wanted..wanted + n]);
    assert!(difference < 1e-4, "{difference}");
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
