//! From track to track without a gap.

use std::path::Path;

use audio_engine::{Command, Event, Pace, Source};

use super::support::{
    Player, Server, convert, correlation, decoded, music, temp_dir, worst_difference, write_wav,
};

const RATE: u32 = 44_100;
/// Where the pair is cut: no multiple of any codec's frame (and a length for which ffmpeg writes
/// a right LAME tag, which it does not for all).
const CUT: usize = 44_100 * 2 + 217;
const FRAMES: usize = 44_100 * 4 + 91;

/// One piece of music in two files.
fn make_pair(folder: &Path, extension: &str, args: &[&str]) -> Vec<f32> {
    let samples = music(RATE, FRAMES);
    for (name, part) in [("one", &samples[..CUT * 2]), ("two", &samples[CUT * 2..])] {
        let wav = folder.join(format!("{name}.wav"));
        write_wav(&wav, RATE, part);
        if extension != "wav" {
            convert(&wav, &folder.join(format!("{name}.{extension}")), args);
        }
    }
    samples
}

fn play_pair(player: &mut Player, one: Source, two: Source) -> Vec<f32> {
    player.capture.take();
    let from = player.load(one, 2_000);
    let to = player.prepare(two, 2_000);
    player.wait_for(|event| *event == Event::Advanced { from, to });
    player.wait_for_end(to);
    player.capture.take()
}

/// The pair plays as the one piece it was, with nothing between and nothing lost.
fn check(extension: &str, args: &[&str], at_least: f64) {
    let folder = temp_dir();
    let samples = make_pair(folder.path(), extension, args);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let file = |name: &str| Source::File(folder.path().join(format!("{name}.{extension}")));
    let heard = play_pair(&mut player, file("one"), file("two"));
    assert_eq!(heard.len(), samples.len(), "{extension}: samples in all");
    // Around the seam, where a gap, a click or a shift would show.
    let seam = (CUT - 4_000) * 2..(CUT + 4_000) * 2;
    let around = correlation(&heard[seam.clone()], &samples[seam]);
    assert!(around > at_least, "{extension}: {around} around the seam");
    let behind = correlation(&heard[CUT * 2..], &samples[CUT * 2..]);
    assert!(behind > at_least, "{extension}: {behind} behind the seam");
}

#[test]
fn a_flac_pair_is_one_piece_to_the_sample() {
    check("flac", &["-sample_fmt", "s16"], 0.999_99);
}

#[test]
fn an_mp3_pair_is_one_piece() {
    check("mp3", &["-c:a", "libmp3lame", "-b:a", "256k"], 0.98);
}

#[test]
fn a_vorbis_pair_is_one_piece() {
    check("ogg", &["-c:a", "libvorbis", "-q:a", "7"], 0.98);
}

#[test]
fn an_aac_pair_is_one_piece() {
    check("m4a", &["-c:a", "aac", "-b:a", "256k"], 0.98);
}

#[test]
fn an_opus_pair_is_one_piece_through_the_resampler() {
    let folder = temp_dir();
    let samples = music(48_000, FRAMES);
    let (one, two) = samples.split_at(CUT * 2);
    for (name, part) in [("one", one), ("two", two)] {
        let wav = folder.path().join(format!("{name}.wav"));
        write_wav(&wav, 48_000, part);
        convert(
            &wav,
            &folder.path().join(format!("{name}.opus")),
            &["-c:a", "libopus", "-b:a", "192k"],
        );
    }
    let whole = folder.path().join("whole.wav");
    write_wav(&whole, 48_000, &samples);
    let wanted = decoded(&whole, RATE);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let file = |name: &str| Source::File(folder.path().join(name));
    let heard = play_pair(&mut player, file("one.opus"), file("two.opus"));
    assert!(heard.len().abs_diff(wanted.len()) <= 2, "{} and {}", heard.len(), wanted.len());
    let cut = CUT * 44_100 / 48_000;
    let seam = (cut - 4_000) * 2..(cut + 4_000) * 2;
    let around = correlation(&heard[seam.clone()], &wanted[seam]);
    assert!(around > 0.98, "{around} around the seam");
}

#[test]
fn files_of_another_rate_than_the_device_join_without_a_click() {
    let folder = temp_dir();
    make_pair(folder.path(), "flac", &["-sample_fmt", "s16"]);
    let whole = folder.path().join("whole.wav");
    write_wav(&whole, RATE, &music(RATE, FRAMES));
    let mut player = Player::start(48_000, Pace::Unpaced);
    let one_piece = player.play(Source::File(whole), 4_000);
    let file = |name: &str| Source::File(folder.path().join(name));
    let pair = play_pair(&mut player, file("one.flac"), file("two.flac"));
    assert_eq!(pair.len(), one_piece.len());
    assert!(worst_difference(&pair, &one_piece) < 1e-5, "the resampler does not see the seam");
}

#[test]
fn over_http_and_in_real_time_the_next_track_is_there_in_time() {
    let folder = temp_dir();
    let samples = make_pair(folder.path(), "flac", &["-sample_fmt", "s16"]);
    let server = Server::start(folder.path());
    let wanted_first = samples.iter().position(|sample| sample.abs() > 1e-4).unwrap();
    // A machine that gives us no time for longer than the ring holds breaks the sound in one
    // play; a fault of ours breaks it in each.
    let is_whole = |_| {
        let mut player = Player::start(RATE, Pace::RealTime);
        let heard = play_pair(&mut player, server.source("one.flac"), server.source("two.flac"));
        let first = heard.iter().position(|sample| sample.abs() > 1e-4).unwrap();
        let heard = &heard[first - wanted_first..];
        worst_difference(&heard[..samples.len()], &samples) < 1e-4
    };
    assert!((0..4).any(is_whole), "each of four plays had a break in it");
}

#[test]
fn next_on_a_prepared_track_needs_no_request_and_starts_at_its_first_sample() {
    let folder = temp_dir();
    let samples = make_pair(folder.path(), "flac", &["-sample_fmt", "s16"]);
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::RealTime);
    let one = player.load(server.source("one.flac"), 2_000);
    let item = player.item(server.source("two.flac"), 2_000);
    let two = item.token;
    player.send(Command::Prepare(item.clone()));
    player.wait_for(|event| *event == Event::Started { token: one });
    super::support::wait_until(|| server.n_requests() == 2);
    player.send(Command::Load { item, position_ms: 0, is_playing: true });
    player.wait_for(|event| *event == Event::Started { token: two });
    player.wait_for_end(two);
    assert_eq!(server.n_requests(), 2);
    let heard = player.capture.take();
    let tail = &samples[CUT * 2..];
    let at = find(&heard, &tail[2_000..2_200]).expect("the second track was heard") - 2_000;
    assert!(worst_difference(&heard[at..at + tail.len()], tail) < 1e-4);
}

fn find(heard: &[f32], piece: &[f32]) -> Option<usize> {
    heard.windows(piece.len()).position(|window| worst_difference(window, piece) < 1e-4)
}
