//! What is heard is what the file holds, in every format.

use std::path::Path;

use audio_engine::{Command, Event, Pace, Source};

use super::support::{
    Player, Server, convert, correlation, decoded, music, temp_dir, worst_difference, write_wav,
};

const RATE: u32 = 48_000;
/// No multiple of any codec's frame.
const FRAMES: usize = 48_000 * 4 + 1_237;

struct Format {
    file: &'static str,
    args: &'static [&'static str],
    is_lossless: bool,
}

const FORMATS: &[Format] = &[
    Format { file: "a.wav", args: &[], is_lossless: true },
    Format { file: "a.flac", args: &["-sample_fmt", "s16"], is_lossless: true },
    Format { file: "a.aiff", args: &[], is_lossless: true },
    Format { file: "alac.m4a", args: &["-c:a", "alac"], is_lossless: true },
    Format { file: "a.mp3", args: &["-c:a", "libmp3lame", "-b:a", "192k"], is_lossless: false },
    Format { file: "vbr.mp3", args: &["-c:a", "libmp3lame", "-q:a", "2"], is_lossless: false },
    Format { file: "a.ogg", args: &["-c:a", "libvorbis", "-q:a", "6"], is_lossless: false },
    Format { file: "a.opus", args: &["-c:a", "libopus", "-b:a", "160k"], is_lossless: false },
    Format { file: "aac.m4a", args: &["-c:a", "aac", "-b:a", "192k"], is_lossless: false },
    Format {
        file: "fast.m4a",
        args: &["-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"],
        is_lossless: false,
    },
];

fn make_all(folder: &Path) -> Vec<f32> {
    let samples = music(RATE, FRAMES);
    let wav = folder.join("source.wav");
    write_wav(&wav, RATE, &samples);
    for format in FORMATS {
        convert(&wav, &folder.join(format.file), format.args);
    }
    decoded(&wav, RATE)
}

/// What is wrong with what was heard of a file, if anything.
fn check(format: &Format, heard: &[f32], source: &[f32], reference: &[f32]) -> Result<(), String> {
    let file = format.file;
    if heard.len() != source.len() {
        return Err(format!("{file}: {} samples of {}", heard.len(), source.len()));
    }
    if format.is_lossless {
        let worst = worst_difference(heard, source);
        return if worst < 1e-6 { Ok(()) } else { Err(format!("{file}: off by {worst}")) };
    }
    // A lossy file differs from its source, but not from what others decode it to.
    let at_least = if std::ptr::eq(source, reference) { 0.98 } else { 0.999 };
    let with_source = correlation(heard, source);
    let with_reference = correlation(heard, reference);
    if with_source > 0.98 && with_reference > at_least {
        Ok(())
    } else {
        Err(format!("{file}: {with_source} with the source, {with_reference} with another decoder"))
    }
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_format_plays_whole_and_trimmed_from_a_file() {
    let folder = temp_dir();
    let source = make_all(folder.path());
    let mut player = Player::start(RATE, Pace::Unpaced);
    let mut faults = Vec::new();
    for format in FORMATS {
        let path = folder.path().join(format.file);
        let heard = player.play(Source::File(path.clone()), 4_000);
        faults.extend(check(format, &heard, &source, &decoded(&path, RATE)).err());
    }
    assert_none(&faults);
}

#[test]
fn every_format_plays_whole_and_trimmed_over_http() {
    let folder = temp_dir();
    let source = make_all(folder.path());
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::Unpaced);
    let mut faults = Vec::new();
    for format in FORMATS {
        let before = server.n_requests();
        let heard = player.play(server.source(format.file), 4_000);
        let reference = decoded(&folder.path().join(format.file), RATE);
        faults.extend(check(format, &heard, &source, &reference).err());
        let n_requests = server.n_requests() - before;
        // An MP4 with its index at the end costs a few; everything else comes in one stream.
        let most =
            if format.file.ends_with("aac.m4a") || format.file == "alac.m4a" { 4 } else { 1 };
        if n_requests > most {
            faults.push(format!("{}: {:?}", format.file, &server.requests()[before..]));
        }
    }
    assert_none(&faults);
}

/// ffmpeg writes such files from long Ogg ones. They lost 10 ms of music every ten seconds.
#[test]
fn uneven_durations_in_an_mp4_lose_nothing() {
    let folder = temp_dir();
    let source = music(RATE, FRAMES);
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &source);
    let path = folder.path().join("a.m4a");
    convert(&wav, &path, &["-c:a", "alac"]);
    let mut bytes = std::fs::read(&path).unwrap();
    shift_a_packet(&mut bytes, 20, 448);
    std::fs::write(&path, bytes).unwrap();
    let mut player = Player::start(RATE, Pace::Unpaced);
    let heard = player.play(Source::File(path), 4_000);
    assert_eq!(heard.len(), source.len());
    assert!(worst_difference(&heard, &decoded(&wav, RATE)) < 1e-6);
}

/// Gives time to a packet of an MP4 whose index is at its end, and takes it from the next one.
fn shift_a_packet(bytes: &mut Vec<u8>, packet: u32, frames: u32) {
    let index = bytes.windows(4).rposition(|four| four == b"moov").unwrap();
    let mut times = 0;
    // Three more entries of eight bytes in the table of times, and in all boxes around it.
    for name in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"] {
        times = index + bytes[index..].windows(4).position(|four| four == name).unwrap();
        let size = word(bytes, times - 4);
        put(bytes, times - 4, size + 24);
    }
    let (n_entries, n_packets, each) = (times + 8, times + 12, times + 16);
    let (rest, each) = (word(bytes, n_packets) - packet - 2, word(bytes, each));
    let n = word(bytes, n_entries);
    put(bytes, n_entries, n + 3);
    put(bytes, n_packets, packet);
    let more = [1, each + frames, 1, each - frames, rest, each].map(u32::to_be_bytes);
    bytes.splice(times + 20..times + 20, more.concat());
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
}

/// No free encoder makes HE-AAC: a file of AAC-LC that says that it needs one for its upper half
/// is what a decoder without it meets.
#[test]
fn he_aac_fails_in_words() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, 22_050, &music(22_050, 22_050));
    let path = folder.path().join("a.m4a");
    convert(&wav, &path, &["-c:a", "aac", "-movflags", "+faststart"]);
    let mut bytes = std::fs::read(&path).unwrap();
    // AudioSpecificConfig: object type 2, 22.05 kHz, stereo; then object type 5 for 44.1 kHz.
    let at = bytes.windows(5).position(|five| five == [0x13, 0x90, 0x56, 0xe5, 0]).unwrap();
    bytes[at..at + 5].copy_from_slice(&[0x2b, 0x92, 0x08, 0, 0]);
    std::fs::write(&path, bytes).unwrap();
    let mut player = Player::start(RATE, Pace::Unpaced);
    let token = player.load(Source::File(path), 1_000);
    let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
    assert!(
        matches!(&failed, Event::Failed { token: of, reason } if *of == token && reason.contains("HE-AAC")),
        "{failed:?}"
    );
}

#[test]
fn seeks_land_on_the_sample_or_within_a_frame() {
    let folder = temp_dir();
    let source = make_all(folder.path());
    let mut player = Player::start(RATE, Pace::Unpaced);
    let mut faults = Vec::new();
    for format in FORMATS {
        for position_ms in [1_500u64, 137, 3_333, 0] {
            let path = folder.path().join(format.file);
            player.capture.take();
            let mut item = player.item(Source::File(path), 4_000);
            item.gain_db = 0.0;
            let token = item.token;
            player.send(Command::Load { item, position_ms, is_playing: true });
            player.wait_for_end(token);
            let heard = player.capture.take();
            let from = (position_ms * u64::from(RATE) / 1000) as usize * 2;
            let wanted = &source[from..];
            // The first frames are ramped.
            let skip = (2 * 480).min(heard.len());
            let fault = check(format, &heard[skip..], &wanted[skip..], &wanted[skip..]);
            faults.extend(fault.err().map(|fault| format!("{fault} from {position_ms} ms")));
        }
    }
    assert_none(&faults);
}

#[test]
fn other_rates_and_layouts_reach_the_device_as_it_wants_them() {
    let folder = temp_dir();
    let samples = music(44_100, 44_100 * 3);
    let wav = folder.path().join("a.wav");
    write_wav(&wav, 44_100, &samples);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let heard = player.play(Source::File(wav.clone()), 3_000);
    let wanted = decoded(&wav, RATE);
    assert_eq!(heard.len(), 2 * 48_000 * 3);
    assert!(correlation(&heard, &wanted) > 0.999, "{}", correlation(&heard, &wanted));

    let mut mono = Player::with(44_100, 1, Pace::Unpaced);
    let heard = mono.play(Source::File(wav), 3_000);
    let wanted: Vec<f32> =
        samples.chunks_exact(2).map(|pair| f32::midpoint(pair[0], pair[1])).collect();
    assert_eq!(heard.len(), wanted.len());
    assert!(worst_difference(&heard, &wanted) < 1e-4);
}

#[test]
fn gain_and_volume_follow_and_nothing_exceeds_full_scale() {
    let folder = temp_dir();
    let samples = music(RATE, RATE as usize);
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &samples);
    let level = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32;
    let mut player = Player::start(RATE, Pace::Unpaced);
    let plain = level(&player.play(Source::File(wav.clone()), 1_000));

    let mut item = player.item(Source::File(wav.clone()), 1_000);
    item.gain_db = -6.0;
    let token = item.token;
    player.send(Command::Load { item, position_ms: 0, is_playing: true });
    player.wait_for_end(token);
    let quiet = level(&player.capture.take());
    assert!((10.0 * (quiet / plain).log10() + 6.0).abs() < 0.1);

    let mut item = player.item(Source::File(wav.clone()), 1_000);
    item.gain_db = 20.0;
    let token = item.token;
    player.send(Command::Load { item, position_ms: 0, is_playing: true });
    player.wait_for_end(token);
    let loud = player.capture.take();
    assert!(loud.iter().all(|sample| sample.abs() <= 1.0));
    assert!(level(&loud) > plain * 4.0);

    player.send(Command::SetVolume(0.5));
    player.play(Source::File(wav.clone()), 1_000);
    let soft = level(&player.play(Source::File(wav), 1_000));
    assert!((10.0 * (soft / plain).log10() + 18.06).abs() < 0.2, "half way is an eighth");
    assert!(!player.heard.iter().any(|event| matches!(event, Event::Failed { .. })));
}
