//! The harness itself: what is played on the private desktop is what is recorded.

use std::process::Command;

use e2e::{
    Desktop,
    desktop::SoundOutput,
    material, process,
    recorder::Recorder,
    sound::{self, Stereo},
};

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
    let recorder = Recorder::start(&desktop, "harness").await.unwrap();
    let mut play = Command::new("paplay");
    process::run(desktop.dress(&mut play).arg(&file)).unwrap();
    let recording = recorder.stop().unwrap();
    let source = Stereo::decode(&file).unwrap().part(0.0, 10.0);
    let found = sound::find(&source, &recording).unwrap();
    assert!(found.correlation > 0.999, "{found:?}");
    assert!(found.gain_db.abs() < 0.5, "{found:?}");
}
