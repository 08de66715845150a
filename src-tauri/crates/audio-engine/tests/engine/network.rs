//! Requests: how many, and what happens when the line or the server does not play along.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use audio_engine::{Command, Event, Pace, Source};

use super::support::{
    Player, Server, Tokens, convert, correlation, decoded, music, run, temp_dir, wait_until,
    worst_difference, write_wav,
};

const RATE: u32 = 44_100;

/// A folder with one long FLAC and what it decodes to, ten seconds.
fn long_flac() -> (tempfile::TempDir, Vec<f32>) {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 10));
    convert(&wav, &folder.path().join("a.flac"), &["-sample_fmt", "s16"]);
    let samples = decoded(&wav, RATE);
    (folder, samples)
}

#[test]
fn playing_again_makes_no_request() {
    let (folder, samples) = long_flac();
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::Unpaced);
    for _ in 0..3 {
        let heard = player.play(server.source("a.flac"), 10_000);
        assert!(worst_difference(&heard, &samples) < 1e-6);
        assert_eq!(server.n_requests(), 1);
    }
}

#[test]
fn a_seek_to_what_is_there_makes_no_request() {
    let (folder, _) = long_flac();
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::RealTime);
    let token = player.load(server.source("a.flac"), 10_000);
    player.wait_for(|event| matches!(event, Event::Position { buffered_ms: 10_000.., .. }));
    for position_ms in [8_000u64, 2_000, 5_000] {
        player.send(Command::Seek { position_ms });
        player.wait_for(|event| {
            matches!(event, Event::Position { position_ms: now, .. } if *now > position_ms && *now < position_ms + 1_500)
        });
    }
    player.send(Command::Seek { position_ms: 9_500 });
    player.wait_for_end(token);
    assert_eq!(server.n_requests(), 1);
}

/// A seek far ahead on a slow line costs exactly one request, and lands where it should.
fn check_far_seek(file: &str, args: &[&str], tolerance_frames: usize) {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 60));
    let path = folder.path().join(file);
    convert(&wav, &path, args);
    let rate = if file.ends_with("opus") { 48_000 } else { RATE };
    let wanted = decoded(&path, rate);
    let server = Server::start(folder.path());
    let size = std::fs::metadata(&path).unwrap().len();
    // A tenth of the file in the first second.
    server.manners.bytes_per_s.store(size / 10, Ordering::SeqCst);
    let mut player = Player::start(rate, Pace::RealTime);
    let token = player.load(server.source(file), 60_000);
    player.wait_for(|event| *event == Event::Started { token });
    player.wait_for(|event| matches!(event, Event::Position { position_ms: 200.., .. }));
    let before = server.n_requests();
    player.send(Command::Seek { position_ms: 40_000 });
    player.wait_for(|event| matches!(event, Event::Position { position_ms: 40_000, .. }));
    player.capture.take();
    player.wait_for(|event| matches!(event, Event::Position { position_ms: 40_500.., .. }));
    assert_eq!(server.n_requests(), before + 1, "{file}: {:?}", server.requests());
    let heard = player.capture.take();
    let n = 2 * 8_000;
    let at = 40_000 * rate as usize / 1000;
    let start = heard.iter().rposition(|sample| sample.abs() > 1e-5).unwrap() / 2 * 2 - n;
    let probe = &heard[start..start + n];
    let span = &wanted[(at - tolerance_frames) * 2..];
    let found = (0..span.len().min(2 * (tolerance_frames * 2 + 40_000)) / 2).find(|shift| {
        let window = &span[shift * 2..shift * 2 + 200];
        correlation(&probe[..200], window) > 0.95
            && correlation(probe, &span[shift * 2..shift * 2 + n]) > 0.98
    });
    assert!(found.is_some(), "{file}: what was heard is not from there");
}

#[test]
fn a_far_seek_in_flac_is_one_request() {
    check_far_seek("a.flac", &["-sample_fmt", "s16"], 0);
}

#[test]
fn a_far_seek_in_vorbis_is_one_request() {
    check_far_seek("a.ogg", &["-c:a", "libvorbis", "-q:a", "5"], 0);
}

#[test]
fn a_far_seek_in_opus_is_one_request() {
    check_far_seek("a.opus", &["-c:a", "libopus", "-b:a", "128k"], 0);
}

#[test]
fn a_far_seek_in_mp3_is_one_request() {
    check_far_seek("a.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"], 2_400);
}

#[test]
fn a_far_seek_in_aac_is_one_request() {
    check_far_seek("a.m4a", &["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"], 0);
}

#[test]
fn a_far_seek_in_wav_is_one_request() {
    check_far_seek("a.wav", &[], 0);
}

/// A file with a picture of a megabyte before its sound, on a line that would need four seconds
/// for it: the sound comes at once, by a second request, and all of it is heard.
fn check_picture(file: &str, args: &[&str], tolerance: f32) {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 5));
    let picture = folder.path().join("cover.png");
    run(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "color=gray:s=700x700,noise=alls=100:allf=t",
            "-frames:v",
            "1",
            picture.to_str().unwrap(),
        ],
    );
    assert!(std::fs::metadata(&picture).unwrap().len() > 500_000);
    let path = folder.path().join(file);
    let mut all = vec!["-i", picture.to_str().unwrap(), "-map", "0:a", "-map", "1:v"];
    all.extend(["-c:v", "copy", "-disposition:v", "attached_pic"]);
    all.extend(args);
    convert(&wav, &path, &all);
    let wanted = decoded(&path, RATE);
    let server = Server::start(folder.path());
    server.manners.bytes_per_s.store(200_000, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::Unpaced);
    player.capture.take();
    let token = player.load(server.source(file), 5_000);
    assert!(player.capture.wait_for_sound(Duration::from_secs(20)).is_some());
    assert_eq!(server.n_requests(), 2, "{file}: {:?}", server.requests());
    server.manners.bytes_per_s.store(u64::MAX, Ordering::SeqCst);
    player.wait_for_end(token);
    let heard = player.capture.take();
    assert_eq!(heard.len(), wanted.len(), "{file}");
    assert!(worst_difference(&heard, &wanted) < tolerance, "{file}");

    // The picture comes last; then all is here and playing again asks for nothing.
    wait_until(|| server.n_requests() == 3);
    let again = player.play(server.source(file), 5_000);
    assert!(worst_difference(&again, &wanted) < tolerance, "{file}");
    let n_requests = server.n_requests();
    player.play(server.source(file), 5_000);
    assert_eq!(server.n_requests(), n_requests, "{file}: {:?}", server.requests());
}

#[test]
fn a_large_picture_in_mp3_is_passed_over() {
    check_picture("a.mp3", &["-c:a", "libmp3lame", "-b:a", "128k"], 2e-4);
}

#[test]
fn a_large_picture_in_flac_is_passed_over() {
    check_picture("a.flac", &["-c:a", "flac", "-sample_fmt", "s16"], 1e-6);
}

/// A track that is loaded in the middle, as after a restart, goes on to the sample, also where
/// the format has no index and the bytes are not here.
#[test]
fn loading_in_the_middle_is_exact() {
    let folder = temp_dir();
    let wav = folder.path().join("source.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 30));
    let server = Server::start(folder.path());
    for (file, args) in [
        ("a.flac", ["-sample_fmt", "s16"].as_slice()),
        ("a.ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ] {
        let path = folder.path().join(file);
        convert(&wav, &path, args);
        let wanted = decoded(&path, RATE);
        server
            .manners
            .bytes_per_s
            .store(std::fs::metadata(&path).unwrap().len() / 6, Ordering::SeqCst);
        let mut player = Player::start(RATE, Pace::Unpaced);
        player.capture.take();
        let item = player.item(server.source(file), 30_000);
        player.send(Command::Load { item, position_ms: 20_000, is_playing: true });
        player.wait_for(|event| matches!(event, Event::Position { position_ms: 20_300.., .. }));
        let heard = player.capture.take();
        let first = heard.iter().position(|sample| sample.abs() > 1e-6).unwrap() / 2 * 2;
        // Behind the ramp that opens the sound.
        let (from, n) = (2_000, 8_000);
        let near = &wanted[(RATE as usize * 20 - 500) * 2..];
        let shift = (0..1_000)
            .find(|shift| {
                let place = shift * 2 + from;
                correlation(&heard[first + from..][..n], &near[place..][..n]) > 0.999
            })
            .unwrap_or_else(|| panic!("{file}: what was heard is not from there"));
        assert!(shift.abs_diff(500) <= 2, "{file}: {shift} frames from 500 before");
    }
}

#[test]
fn a_token_that_expires_in_mid_stream_is_renewed_once_and_nothing_is_lost() {
    let (folder, samples) = long_flac();
    let server = Server::start(folder.path());
    *server.manners.token.lock().unwrap() = Some("token-0".to_owned());
    server.manners.max_bytes.store(200_000, Ordering::SeqCst);
    let tokens = Arc::new(Tokens::default());
    let mut player = Player::start(RATE, Pace::Unpaced);
    player.capture.take();
    let token = player.load(server.source_for("a.flac", tokens.clone()), 10_000);
    wait_until(|| server.n_requests() >= 1);
    *server.manners.token.lock().unwrap() = Some("token-1".to_owned());
    player.wait_for_end(token);
    assert!(worst_difference(&player.capture.take(), &samples) < 1e-6);
    assert_eq!(tokens.n_renewed.load(Ordering::SeqCst), 1);
    assert_eq!(server.manners.n_refused.load(Ordering::SeqCst), 1);
}

#[test]
fn a_listener_who_was_signed_out_is_told_so() {
    let (folder, _) = long_flac();
    let server = Server::start(folder.path());
    *server.manners.token.lock().unwrap() = Some("another".to_owned());
    let tokens = Arc::new(Tokens::default());
    tokens.is_signed_out.store(true, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let token = player.load(server.source_for("a.flac", tokens), 10_000);
    let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
    let reason = "sign in again to go on listening".to_owned();
    assert_eq!(failed, Event::Failed { token, reason });
}

#[test]
fn a_server_that_is_killed_and_comes_back_costs_a_pause_and_no_sample() {
    let (folder, samples) = long_flac();
    let mut server = Server::start(folder.path());
    server.manners.bytes_per_s.store(400_000, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::RealTime);
    player.capture.take();
    let token = player.load(server.source("a.flac"), 10_000);
    player.wait_for(|event| *event == Event::Started { token });
    server.kill();
    let waiting = player.wait_for(|event| matches!(event, Event::Waiting { .. }));
    assert_eq!(
        waiting,
        Event::Waiting { token, reason: "the server cannot be reached".to_owned() }
    );
    server.manners.bytes_per_s.store(u64::MAX, Ordering::SeqCst);
    server.revive();
    player.wait_for(|event| *event == Event::Flowing { token });
    player.wait_for_end(token);
    let heard = player.capture.take();
    let sounding = heard.iter().filter(|sample| sample.abs() > 1e-4).count();
    let wanted = samples.iter().filter(|sample| sample.abs() > 1e-4).count();
    assert!(sounding.abs_diff(wanted) < 2_000, "{sounding} of {wanted} samples");
}

#[test]
fn a_busy_server_is_asked_again() {
    let (folder, samples) = long_flac();
    let server = Server::start(folder.path());
    server.manners.is_busy.store(true, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::Unpaced);
    player.capture.take();
    let token = player.load(server.source("a.flac"), 10_000);
    player
        .wait_for(|event| matches!(event, Event::Waiting { reason, .. } if reason.contains("503")));
    assert!(server.n_requests() < 20, "the rate of asking is bounded");
    server.manners.is_busy.store(false, Ordering::SeqCst);
    player.wait_for_end(token);
    assert!(worst_difference(&player.capture.take(), &samples) < 1e-6);
}

#[test]
fn a_file_that_changes_on_the_server_fails_in_words() {
    let (folder, _) = long_flac();
    let server = Server::start(folder.path());
    server.manners.max_bytes.store(100_000, Ordering::SeqCst);
    server.manners.bytes_per_s.store(300_000, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::Unpaced);
    let token = player.load(server.source("a.flac"), 10_000);
    player.wait_for(|event| *event == Event::Started { token });
    *server.manners.etag.lock().unwrap() = "\"two\"".to_owned();
    let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
    assert!(
        matches!(failed, Event::Failed { reason, .. } if reason.contains("changed on the server"))
    );
}

/// Whoever answers in place of the server must not be able to have music and tokens asked for
/// anywhere else.
#[test]
fn a_redirect_to_another_server_is_not_followed() {
    let (folder, _) = long_flac();
    let other = Server::start(folder.path());
    let server = Server::start(folder.path());
    *server.manners.elsewhere.lock().unwrap() = Some(other.address("a.flac"));
    let mut player = Player::start(RATE, Pace::Unpaced);
    let token = player.load(server.source("a.flac"), 10_000);
    let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
    assert!(
        matches!(&failed, Event::Failed { token: of, reason } if *of == token && reason.contains("elsewhere")),
        "{failed:?}"
    );
    assert_eq!(other.n_requests(), 0);
}

#[test]
fn a_missing_file_fails_in_words() {
    let folder = temp_dir();
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::Unpaced);
    for source in [server.source("none.flac"), Source::File(folder.path().join("none.flac"))] {
        let token = player.load(source, 1_000);
        let failed = player.wait_for(|event| matches!(event, Event::Failed { .. }));
        assert!(
            matches!(&failed, Event::Failed { token: of, reason } if *of == token && reason.len() > 10),
            "{failed:?}"
        );
    }
}

#[test]
fn sound_that_breaks_off_goes_on_where_it_was() {
    let (folder, samples) = long_flac();
    let server = Server::start(folder.path());
    // Slower than the music needs.
    server.manners.bytes_per_s.store(25_000, Ordering::SeqCst);
    let mut player = Player::start(RATE, Pace::RealTime);
    player.capture.take();
    let token = player.load(server.source("a.flac"), 10_000);
    player.wait_for(|event| *event == Event::Started { token });
    player.wait_for(|event| *event == Event::Buffering { token });
    server.manners.bytes_per_s.store(u64::MAX, Ordering::SeqCst);
    player.wait_for(|event| *event == Event::Flowing { token });
    player.capture.take();
    std::thread::sleep(Duration::from_millis(500));
    let heard = player.capture.take();
    let probe = &heard[heard.len() / 2 / 2 * 2..][..400];
    assert!(samples.windows(400).step_by(2).any(|window| worst_difference(window, probe) < 1e-4));
}
