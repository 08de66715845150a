//! The harness itself: what is played on the private desktop is what is recorded.

use std::process::Command;

use e2e::{
    Desktop,
    desktop::SoundOutput,
    material, process,
    recorder::Recorder,
    sound::{self, Stereo},
};

/// As many as the tests of the player have.
const ATTEMPTS: u32 = 3;

#[tokio::test]
async fn a_player_that_is_not_ours_is_recorded_true() {
    e2e::init();
    let dir = tempfile::tempdir().unwrap();
    let [music, _] = material::write_gapless_pair(dir.path()).unwrap();
    // paplay ends too early with FLAC files.
    let file = dir.path().join("music.wav");
    let mut convert = Command::new("ffmpeg");
    process::run(convert.args(["-v", "error", "-i"]).arg(&music).arg(&file)).unwrap();
    let desktop = Desktop::start(SoundOutput::NullSink).await.unwrap();
    let source = Stereo::decode(&file).unwrap().part(0.0, 10.0);
    // A starved sound server misses a beat at times; a fault of the harness comes each time.
    let mut heard = Vec::new();
    for attempt in 0..ATTEMPTS {
        let recorder = Recorder::start(&desktop, &format!("harness-{attempt}")).await.unwrap();
        let mut play = Command::new("paplay");
        process::run(desktop.dress(&mut play).arg(&file)).unwrap();
        let found = sound::find(&source, &recorder.stop().unwrap()).unwrap();
        if found.correlation > 0.999 && found.gain_db.abs() < 0.5 {
            return;
        }
        heard.push(found);
    }
    panic!("what was played is not what is recorded: {heard:?}");
}
