//! Files that few libraries have many of: layouts, rates, lengths and containers off the beaten
//! track.

use std::path::Path;

use audio_engine::{Command, Event, Pace, Source};

use super::support::{
    Player, convert, correlation, decoded, music, temp_dir, worst_difference, write_wav,
};

const RATE: u32 = 48_000;

fn source(folder: &Path, rate: u32, n_frames: usize) -> std::path::PathBuf {
    let wav = folder.join("source.wav");
    write_wav(&wav, rate, &music(rate, n_frames));
    wav
}

/// Plays a file whole and compares it with what another decoder makes of it.
fn check_whole(path: &Path, duration_ms: u64, at_least: f64) {
    let wanted = decoded(path, RATE);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let heard = player.play(Source::File(path.to_owned()), duration_ms);
    let n_off = heard.len().abs_diff(wanted.len());
    assert!(n_off <= 4, "{}: {n_off} samples more or less", path.display());
    let agreement = correlation(&heard, &wanted);
    assert!(agreement > at_least, "{}: {agreement}", path.display());
}

fn refusal(path: &Path) -> String {
    let mut player = Player::start(RATE, Pace::Unpaced);
    player.load(Source::File(path.to_owned()), 1_000);
    let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
    let Event::Failed { reason, .. } = failed else { unreachable!() };
    reason
}

#[test]
fn mono_high_and_low_resolution_play_whole() {
    let folder = temp_dir();
    for (file, rate, args) in [
        ("mono.flac", 48_000, ["-ac", "1"].as_slice()),
        ("mono.mp3", 48_000, &["-ac", "1", "-b:a", "96k"]),
        ("high.flac", 96_000, &["-sample_fmt", "s32", "-bits_per_raw_sample", "24"]),
        ("low.wav", 8_000, &[]),
        ("low.mp3", 8_000, &["-b:a", "32k"]),
    ] {
        let wav = source(folder.path(), rate, rate as usize * 3);
        let path = folder.path().join(file);
        convert(&wav, &path, args);
        check_whole(&path, 3_000, 0.995);
    }
}

#[test]
fn surround_is_folded_to_what_the_device_has() {
    let folder = temp_dir();
    let wav = source(folder.path(), RATE, RATE as usize * 2);
    let path = folder.path().join("a.flac");
    // Left and right go behind, and nothing is in front.
    let pan = "pan=5.1|FL=0*c0|FR=0*c0|FC=0*c0|LFE=c0|BL=c0|BR=c1";
    convert(&wav, &path, &["-af", pan, "-sample_fmt", "s16"]);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let heard = player.play(Source::File(path), 2_000);
    let wanted = music(RATE, RATE as usize * 2);
    assert_eq!(heard.len(), wanted.len());
    let agreement = correlation(&heard, &wanted);
    assert!(agreement > 0.999, "{agreement}");
}

#[test]
fn surround_that_cannot_be_decoded_is_refused_in_true_words() {
    let folder = temp_dir();
    let wav = source(folder.path(), RATE, RATE as usize);
    for (file, name, codec) in [("a.m4a", "AAC", "aac"), ("a.opus", "Opus", "libopus")] {
        let path = folder.path().join(file);
        convert(&wav, &path, &["-ac", "6", "-c:a", codec]);
        let reason = refusal(&path);
        assert_eq!(reason, format!("{name} with more than two channels cannot be played"));
    }
}

/// The header of an Opus file may ask for a gain, and players have to follow (RFC 7845).
#[test]
fn opus_is_played_as_loud_as_its_header_asks() {
    let folder = temp_dir();
    let wav = source(folder.path(), RATE, RATE as usize * 2);
    let path = folder.path().join("a.opus");
    convert(&wav, &path, &["-c:a", "libopus", "-b:a", "128k"]);
    let level = |samples: &[f32]| {
        10.0 * (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).log10()
    };
    let mut player = Player::start(RATE, Pace::Unpaced);
    let plain = level(&player.play(Source::File(path.clone()), 2_000));
    let mut bytes = std::fs::read(&path).unwrap();
    let head = bytes.windows(8).position(|eight| eight == b"OpusHead").unwrap();
    bytes[head + 16..head + 18].copy_from_slice(&(-6 * 256_i16).to_le_bytes());
    std::fs::write(&path, renewed_checksum(bytes)).unwrap();
    let quiet = level(&player.play(Source::File(path), 2_000));
    assert!((plain - quiet - 6.0).abs() < 0.1, "{plain} dB, then {quiet} dB");
}

/// The first page of an Ogg file with the checksum that its bytes have now (RFC 3533, section 6).
fn renewed_checksum(mut file: Vec<u8>) -> Vec<u8> {
    let n_segments = usize::from(file[26]);
    let n_body: usize = file[27..27 + n_segments].iter().map(|len| usize::from(*len)).sum();
    file[22..26].fill(0);
    let mut crc = 0u32;
    for byte in &file[..27 + n_segments + n_body] {
        crc ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
        }
    }
    file[22..26].copy_from_slice(&crc.to_le_bytes());
    file
}

/// Noise and then silence, by a variable bit rate: the first frames are much larger than most.
fn uneven(folder: &Path) -> std::path::PathBuf {
    let wav = folder.join("source.wav");
    let mut samples = music(RATE, RATE as usize * 20);
    let mut noise = 1u32;
    for sample in &mut samples[..RATE as usize * 4] {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = (noise >> 8) as f32 / (1 << 24) as f32 - 0.5;
    }
    write_wav(&wav, RATE, &samples);
    wav
}

/// Without a count of frames, the length was guessed from the first, the rest was cut off, and
/// seeks into it ended the track.
#[test]
fn mp3_without_a_count_plays_whole_and_seeks_to_its_end() {
    let folder = temp_dir();
    for (file, args) in [("cbr.mp3", ["-b:a", "128k"]), ("vbr.mp3", ["-q:a", "3"])] {
        let path = folder.path().join(file);
        let all = [args.as_slice(), &["-write_xing", "0"]].concat();
        convert(&uneven(folder.path()), &path, &all);
        check_whole(&path, 20_000, 0.98);
        let wanted = decoded(&path, RATE);
        let mut player = Player::start(RATE, Pace::Unpaced);
        player.capture.take();
        let item = player.item(Source::File(path), 20_000);
        let token = item.token;
        player.send(Command::Load { item, position_ms: 17_000, is_playing: true });
        player.wait_for_end(token);
        let heard = player.capture.take();
        let tail = &wanted[RATE as usize * 17 * 2..];
        assert!(heard.len().abs_diff(tail.len()) <= 4, "{} of {}", heard.len(), tail.len());
        assert!(correlation(&heard[2_000..], &tail[2_000..]) > 0.98);
    }
}

/// Two Ogg files one behind the other are one (RFC 3533, section 4).
#[test]
fn chained_ogg_plays_all_its_parts_and_seeks_into_the_second() {
    let folder = temp_dir();
    let samples = music(RATE, RATE as usize * 8);
    for (file, args) in [
        ("a.ogg", ["-c:a", "libvorbis", "-q:a", "6"].as_slice()),
        ("a.opus", &["-c:a", "libopus", "-b:a", "160k"]),
    ] {
        let mut chain = Vec::new();
        for (part, range) in [(0, 0..samples.len() / 2), (1, samples.len() / 2..samples.len())] {
            let wav = folder.path().join("part.wav");
            write_wav(&wav, RATE, &samples[range]);
            let path = folder.path().join(format!("{part}{file}"));
            convert(&wav, &path, args);
            chain.extend(std::fs::read(&path).unwrap());
        }
        let path = folder.path().join(file);
        std::fs::write(&path, chain).unwrap();
        let mut player = Player::start(RATE, Pace::Unpaced);
        let heard = player.play(Source::File(path.clone()), 8_000);
        assert_eq!(heard.len(), samples.len(), "{file}");
        assert!(correlation(&heard, &samples) > 0.98, "{file}");

        let item = player.item(Source::File(path), 8_000);
        let token = item.token;
        player.send(Command::Load { item, position_ms: 6_000, is_playing: true });
        player.wait_for_end(token);
        let heard = player.capture.take();
        let tail = &samples[RATE as usize * 6 * 2..];
        assert_eq!(heard.len(), tail.len(), "{file}");
        assert!(correlation(&heard[2_000..], &tail[2_000..]) > 0.98, "{file}");
    }
}

/// In an Ogg file with two streams of sound, a seek looked for ever for a packet of one behind a
/// packet of the other, and not even the end of the program ended that.
#[test]
fn ogg_with_two_streams_of_sound_can_be_sought_and_closed() {
    let folder = temp_dir();
    let wav = source(folder.path(), RATE, RATE as usize * 10);
    let other = folder.path().join("other.wav");
    write_wav(&other, RATE, &vec![0.0; RATE as usize * 10 * 2]);
    let path = folder.path().join("a.ogg");
    let two = ["-i", other.to_str().unwrap(), "-map", "0:a", "-map", "1:a", "-c:a", "libvorbis"];
    convert(&wav, &path, &two);
    let mut player = Player::start(RATE, Pace::Unpaced);
    for position_ms in [5_000, 1_000, 8_000] {
        let item = player.item(Source::File(path.clone()), 10_000);
        let token = item.token;
        player.capture.take();
        player.send(Command::Load { item, position_ms, is_playing: true });
        player.wait_for_end(token);
        let n_heard = player.capture.take().len() as u64 / 2;
        let n_wanted = (10_000 - position_ms) * u64::from(RATE) / 1000;
        assert!(n_heard.abs_diff(n_wanted) < 2_000, "{n_heard} of {n_wanted}");
    }
}

/// Tracks of a few milliseconds each follow one another like long ones. One that was prepared
/// just as the last had ended was passed over unheard.
#[test]
fn very_short_tracks_in_a_row_are_all_heard_in_their_order() {
    let folder = temp_dir();
    let samples = music(RATE, 20 * 480);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let parts: Vec<_> = samples
        .chunks(2 * 480)
        .enumerate()
        .map(|(number, part)| {
            let path = folder.path().join(format!("{number}.wav"));
            write_wav(&path, RATE, part);
            path
        })
        .collect();
    player.capture.take();
    let mut last = player.load(Source::File(parts[0].clone()), 10);
    for part in &parts[1..] {
        let next = player.prepare(Source::File(part.clone()), 10);
        let advanced = Event::Advanced { from: last, to: next };
        let ended = Event::Ended { token: last };
        // One so short may be over before the next is there; then it is loaded.
        if player.wait_for(|event| *event == advanced || *event == ended) == ended {
            let mut item = player.item(Source::File(part.clone()), 10);
            item.token = next;
            player.send(Command::Load { item, position_ms: 0, is_playing: true });
            player.wait_for(|event| *event == Event::Started { token: next });
        }
        last = next;
    }
    player.wait_for_end(last);
    let heard = player.capture.take();
    assert_eq!(heard.len(), samples.len(), "{:?}", player.heard);
    assert!(worst_difference(&heard, &samples) < 1e-4);
}
