//! Seeks in files whose bytes are not all here, and those that follow.

use std::sync::atomic::Ordering;

use audio_engine::{Command, Event, Pace, PlayToken};

use super::support::{
    Player, Server, convert, decoded, music, place_in, temp_dir, wait_until, write_wav,
};

const RATE: u32 = 44_100;

/// One minute of music in a file, and what it decodes to.
fn minute(folder: &std::path::Path, file: &str, args: &[&str]) -> Vec<f32> {
    let wav = folder.join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 60));
    let path = folder.join(file);
    convert(&wav, &path, args);
    decoded(&path, RATE)
}

/// Seeks, plays on for a second, and says what was heard by then.
fn heard_from(player: &mut Player, token: PlayToken, position_ms: u64) -> Vec<f32> {
    player.send(Command::Seek { position_ms });
    player.wait_for(|event| told(event, token, |at| at == position_ms));
    player.capture.take();
    let is_later = |at: u64| (1_000..3_000).contains(&at.saturating_sub(position_ms));
    player.wait_for(|event| told(event, token, is_later));
    player.capture.take()
}

/// Whether a position is told; a failure ends the test.
fn told(event: &Event, token: PlayToken, is_there: impl Fn(u64) -> bool) -> bool {
    assert!(!matches!(event, Event::Failed { .. } | Event::Ended { .. }), "{event:?}");
    matches!(event, Event::Position { token: of, position_ms, .. } if *of == token && is_there(*position_ms))
}

/// What was heard last began where it should: it is found in the whole, and followed back from
/// there to its beginning, but for the ramp.
fn check_place(heard: &[f32], wanted: &[f32], position_ms: u64, tolerance_ms: u64) {
    const RAMP_MS: u64 = 10;
    let n = RATE as usize / 4;
    let last = heard.iter().rposition(|sample| sample.abs() > 1e-5).expect("there is sound") / 2;
    let probe = &heard[(last - n) * 2..last * 2];
    let near = (position_ms as usize).saturating_sub(2_000) * RATE as usize / 1000;
    let until = (near + 6 * RATE as usize).min(wanted.len() / 2);
    let found = place_in(&wanted[near * 2..until * 2], probe)
        .unwrap_or_else(|| panic!("what was heard is not from around {position_ms} ms"));
    let (mut here, mut there) = (last - n, near + found);
    while here > 0 && there > 0 && (heard[here * 2 - 2] - wanted[there * 2 - 2]).abs() < 5e-3 {
        (here, there) = (here - 1, there - 1);
    }
    let began_ms = there as u64 * 1000 / u64::from(RATE);
    let off_ms = began_ms.abs_diff(position_ms);
    assert!(off_ms <= RAMP_MS + tolerance_ms, "{began_ms} ms in place of {position_ms} ms");
}

/// A FLAC that was loaded in its middle plays through a demuxer that was set there. When the rest
/// had come, a seek back asked that demuxer to go where it cannot, and the track was skipped as
/// damaged.
#[test]
fn a_seek_back_before_where_it_was_loaded_works_when_the_rest_has_come() {
    let folder = temp_dir();
    let wanted = minute(folder.path(), "a.flac", &["-sample_fmt", "s16"]);
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::RealTime);
    let item = player.item(server.source("a.flac"), 60_000);
    let token = item.token;
    player.send(Command::Load { item, position_ms: 30_000, is_playing: true });
    player.wait_for(|event| *event == Event::Started { token });
    // From the start, from the middle, and the hole between them.
    wait_until(|| server.n_requests() >= 3);
    player.wait_for(|event| told(event, token, |at| at >= 31_000));
    let before = server.n_requests();
    for position_ms in [0, 45_000, 10_000] {
        let heard = heard_from(&mut player, token, position_ms);
        check_place(&heard, &wanted, position_ms, 1);
    }
    assert_eq!(server.n_requests(), before, "{:?}", server.requests());
}

/// An MP3 that counts its frames nowhere is sought by the share of its bytes. After the first such
/// seek, one back failed, and one ahead counted from the wrong place.
#[test]
fn an_mp3_without_a_count_is_sought_again_and_again_while_it_comes() {
    let folder = temp_dir();
    let wanted = minute(folder.path(), "a.mp3", &["-b:a", "128k", "-write_xing", "0"]);
    let server = Server::start(folder.path());
    let size = std::fs::metadata(folder.path().join("a.mp3")).unwrap().len();
    server.manners.bytes_per_s.store(size / 15, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::RealTime);
    let token = player.load(server.source("a.mp3"), 60_000);
    player.wait_for(|event| told(event, token, |at| at >= 200));
    for position_ms in [40_000, 20_000, 50_000] {
        let heard = heard_from(&mut player, token, position_ms);
        check_place(&heard, &wanted, position_ms, 60);
    }
}

/// As soon as all is here, frames are counted, also from where one seek had to guess.
#[test]
fn an_mp3_without_a_count_is_sought_exactly_once_it_is_here() {
    let folder = temp_dir();
    let wanted = minute(folder.path(), "a.mp3", &["-q:a", "4", "-write_xing", "0"]);
    let server = Server::start(folder.path());
    let size = std::fs::metadata(folder.path().join("a.mp3")).unwrap().len();
    server.manners.bytes_per_s.store(size / 15, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::RealTime);
    let token = player.load(server.source("a.mp3"), 60_000);
    player.wait_for(|event| told(event, token, |at| at >= 200));
    heard_from(&mut player, token, 40_000);
    server.manners.bytes_per_s.store(u64::MAX, Ordering::SeqCst);
    // From the start, from the middle, and the hole between them.
    wait_until(|| server.n_requests() >= 3);
    player.wait_for(|event| told(event, token, |at| at >= 42_500));
    for position_ms in [10_000, 55_000] {
        let heard = heard_from(&mut player, token, position_ms);
        check_place(&heard, &wanted, position_ms, 1);
    }
}

/// Where the bytes around the target are here, a seek is exact though the file is not whole.
#[test]
fn a_seek_within_what_is_here_is_exact() {
    let folder = temp_dir();
    for (file, args) in [
        ("a.flac", ["-sample_fmt", "s16"].as_slice()),
        ("a.ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
        ("a.mp3", &["-b:a", "128k"]),
    ] {
        let wanted = minute(folder.path(), file, args);
        let server = Server::start(folder.path());
        let size = std::fs::metadata(folder.path().join(file)).unwrap().len();
        server.manners.bytes_per_s.store(size / 4, Ordering::SeqCst);
        let mut player = Player::start(RATE, Pace::RealTime);
        let token = player.load(server.source(file), 60_000);
        player.wait_for(|event| matches!(event, Event::Position { buffered_ms: 26_000.., .. }));
        server.manners.bytes_per_s.store(size / 200, Ordering::SeqCst);
        let heard = heard_from(&mut player, token, 12_345);
        check_place(&heard, &wanted, 12_345, 1);
        assert_eq!(server.n_requests(), 1, "{file}: {:?}", server.requests());
    }
}
