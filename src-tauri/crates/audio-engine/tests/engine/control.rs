//! Commands in any order and any number.

use std::time::{Duration, Instant};

use audio_engine::{Command, Event, Pace, SendError, Source};
use proptest::prelude::*;

use super::support::{
    PATIENCE, Player, Server, convert, music, temp_dir, worst_difference, write_wav,
};

const RATE: u32 = 44_100;

#[test]
fn pausing_keeps_the_place_and_loses_no_sample() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(RATE, RATE as usize * 2);
    write_wav(&wav, RATE, &samples);
    let mut player = Player::start(RATE, Pace::RealTime);
    player.capture.take();
    let token = player.load(Source::File(wav), 2_000);
    player.wait_for(|event| matches!(event, Event::Position { position_ms: 500.., .. }));
    player.send(Command::Pause);
    player.wait_for(|event| *event == Event::Paused);
    let paused = player.wait_for(|event| matches!(event, Event::Position { .. }));
    std::thread::sleep(Duration::from_millis(100));
    let quiet = player.capture.samples();
    assert!(quiet[quiet.len() - 1_000..].iter().all(|sample| *sample == 0.0));
    player.send(Command::Play);
    player.wait_for(|event| *event == Event::Resumed);
    let resumed = player.wait_for(|event| matches!(event, Event::Position { .. }));
    let (Event::Position { position_ms: at, .. }, Event::Position { position_ms: then, .. }) =
        (paused, resumed)
    else {
        unreachable!()
    };
    assert!(then >= at && then < at + 400, "{at} ms, then {then} ms");
    player.wait_for_end(token);
    let heard = player.capture.take();
    // The track itself begins and ends in silence of the device.
    let with_edges: Vec<f32> = [&[0.0; 4][..], &samples, &[0.0; 4]].concat();
    let loudest_jump = heard.windows(4).map(|w| (w[2] - w[0]).abs()).fold(0.0, f32::max);
    let natural = with_edges.windows(4).map(|w| (w[2] - w[0]).abs()).fold(0.0, f32::max);
    assert!(loudest_jump < natural * 1.2 + 0.01, "a click of {loudest_jump}");
}

#[test]
fn positions_are_those_of_what_is_heard() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 3));
    let mut player = Player::start(RATE, Pace::RealTime);
    player.load(Source::File(wav), 3_000);
    let began = player.capture.wait_for_sound(PATIENCE).unwrap();
    for _ in 0..6 {
        let event = player.wait_for(|event| matches!(event, Event::Position { .. }));
        let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap();
        let Event::Position { position_ms, .. } = event else { unreachable!() };
        assert!(elapsed.abs_diff(position_ms) < 500, "{position_ms} ms after {elapsed} ms");
    }
}

#[test]
fn a_storm_of_seeks_ends_where_the_last_one_went() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(RATE, RATE as usize * 20);
    write_wav(&wav, RATE, &samples);
    convert(&wav, &folder.path().join("a.ogg"), &["-c:a", "libvorbis"]);
    let server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::RealTime);
    for name in ["a.ogg", "a.wav"] {
        let token = player.load(server.source(name), 20_000);
        for i in 0..1_000u64 {
            player.send(Command::Seek { position_ms: i * 7_919 % 19_000 });
        }
        player.send(Command::Seek { position_ms: 19_000 });
        player
            .wait_for(|event| matches!(event, Event::Position { position_ms: 19_001..19_900, .. }));
        player.wait_for_end(token);
    }
}

#[test]
fn a_full_inbox_is_refused_and_not_waited_for() {
    let player = Player::start(RATE, Pace::RealTime);
    let started = Instant::now();
    let refused = (0..200_000)
        .filter(|_| player.engine.send(Command::SetVolume(0.5)) == Err(SendError::Full))
        .count();
    assert!(started.elapsed() < PATIENCE);
    assert!(refused < 200_000);
}

#[test]
fn dropping_the_engine_ends_it_promptly_whatever_it_does() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    write_wav(&wav, RATE, &music(RATE, RATE as usize * 5));
    let mut server = Server::start(folder.path());
    let mut player = Player::start(RATE, Pace::RealTime);
    player.load(server.source("a.wav"), 5_000);
    server.kill();
    player.prepare(server.source("a.wav"), 5_000);
    let started = Instant::now();
    drop(player);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn unprepared_items_do_not_follow() {
    let folder = temp_dir();
    let wav = folder.path().join("a.wav");
    let samples = music(RATE, RATE as usize);
    write_wav(&wav, RATE, &samples);
    let mut player = Player::start(RATE, Pace::Unpaced);
    player.capture.take();
    let token = player.load(Source::File(wav.clone()), 1_000);
    player.prepare(Source::File(wav), 1_000);
    player.send(Command::Unprepare);
    player.wait_for_end(token);
    let heard = player.capture.take();
    assert!(heard.len() >= samples.len() && heard.len() < samples.len() * 3 / 2, "{}", heard.len());
}

#[derive(Clone, Debug)]
enum Step {
    Load(usize, u64, bool),
    Prepare(usize),
    Simple(u8),
    Seek(u64),
    Volume(f32),
    Plug(bool),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0usize..4, 0u64..1_500, any::<bool>())
            .prop_map(|(file, at, plays)| Step::Load(file, at, plays)),
        (0usize..4).prop_map(Step::Prepare),
        (0u8..4).prop_map(Step::Simple),
        (0u64..2_000).prop_map(Step::Seek),
        any::<f32>().prop_map(Step::Volume),
        any::<bool>().prop_map(Step::Plug),
        (0u64..30).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..40)
}

/// Whatever is asked in whatever order, the engine goes on and a stop is a stop; afterwards a
/// file plays as if nothing had been.
#[test]
fn any_sequence_of_commands_ends_stopped_and_usable() {
    let folder = temp_dir();
    let samples = music(RATE, RATE as usize);
    let wav = folder.path().join("0.wav");
    write_wav(&wav, RATE, &samples);
    convert(&wav, &folder.path().join("1.ogg"), &["-c:a", "libvorbis", "-ar", "48000"]);
    convert(&wav, &folder.path().join("2.mp3"), &[]);
    std::fs::write(folder.path().join("3.flac"), b"no music").unwrap();
    let server = Server::start(folder.path());
    let names = ["0.wav", "1.ogg", "2.mp3", "3.flac"];
    proptest!(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        let mut player = Player::start(RATE, Pace::Unpaced);
        for step in &steps {
            match step {
                Step::Load(file, position_ms, is_playing) => {
                    let item = player.item(server.source(names[*file]), 1_000);
                    player.send(Command::Load { item, position_ms: *position_ms, is_playing: *is_playing });
                }
                Step::Prepare(file) => {
                    player.prepare(server.source(names[*file]), 1_000);
                }
                Step::Simple(0) => player.send(Command::Play),
                Step::Simple(1) => player.send(Command::Pause),
                Step::Simple(2) => player.send(Command::Unprepare),
                Step::Simple(_) => player.send(Command::Stop),
                Step::Seek(position_ms) => player.send(Command::Seek { position_ms: *position_ms }),
                Step::Volume(volume) => player.send(Command::SetVolume(*volume)),
                Step::Plug(is_plugged) => player.capture.set_plugged(*is_plugged),
                Step::Wait(ms) => std::thread::sleep(Duration::from_millis(*ms)),
            }
        }
        player.capture.set_plugged(true);
        let n_stops = 1 + steps.iter().filter(|step| matches!(step, Step::Simple(3))).count();
        player.send(Command::Stop);
        while player.heard.iter().filter(|event| **event == Event::Stopped).count() < n_stops {
            player.wait_for(|event| *event == Event::Stopped);
        }
        player.send(Command::SetVolume(1.0));
        player.play(Source::File(wav.clone()), 1_000);
        let heard = player.play(Source::File(wav.clone()), 1_000);
        prop_assert_eq!(heard.len(), samples.len());
        prop_assert!(worst_difference(&heard, &samples) < 1e-4);
    });
}
