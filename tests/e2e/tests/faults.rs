//! What goes wrong at a listener's: nothing is lost, and a person is told in words.

// Clippy knows test functions, not what they share.
#![allow(clippy::unwrap_used)]

use std::{path::Path, process::Command};

use e2e::{
    App, Desktop, Server, app::LIMIT, demo::sign_in, desktop::SoundOutput, material, process,
    server::Listener, wait,
};
use ipc::Playback;

/// A window that plays the first of several tracks from a server.
async fn playing(dir: &Path, output: SoundOutput) -> (Desktop, Server, App) {
    e2e::init();
    let music = dir.join("music");
    material::write_large(&music).unwrap();
    let server = Server::start(&dir.join("server"), dir).await.unwrap();
    server.account_create(&Listener::demo()).await.unwrap();
    server.import(&music).await.unwrap();
    let desktop = Desktop::start(output).await.unwrap();
    let app = App::open(&desktop, &dir.join("app")).await.unwrap();
    sign_in(&app, &server, &Listener::demo()).await.unwrap();
    let token = server.sign_in(&Listener::demo()).await.unwrap();
    let tracks = server.tracks(&token).await.unwrap();
    app.go(&format!("/release/{}", tracks[0].release.id)).await.unwrap();
    app.double_click("[data-row='0']").await.unwrap();
    (desktop, server, app)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_while_playing_and_returns_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_desktop, server, app) = playing(dir.path(), SoundOutput::NullSink).await;
    app.wait_for_player("two seconds", |view| view.position_ms > 2_000).await.unwrap();
    let crashed = server.crash().unwrap();
    // The player has fetched what comes next, but not what comes after that.
    for title in ["Two", "Three"] {
        app.click("button[aria-label=Next]").await.unwrap();
        app.wait_for_player(title, |view| is_at(view, title)).await.unwrap();
    }
    let waiting = app
        .wait_for_player("a reason to wait", |view| {
            matches!(view.playback, Playback::Waiting { .. })
        })
        .await
        .unwrap();
    let Playback::Waiting { reason } = waiting.playback else { unreachable!("just matched") };
    assert!(reason.contains("server"), "{reason}");
    let shown = app.find(".playback-notice").await.unwrap().text().await.unwrap();
    assert_eq!(shown, reason);

    // Nobody has to press anything.
    let _server = crashed.restart().await.unwrap();
    app.wait_for_player("the music to go on", |view| {
        is_at(view, "Three") && view.playback == Playback::Playing && view.position_ms > 1_000
    })
    .await
    .unwrap();
    app.wait_until_gone(".playback-notice").await.unwrap();
}

fn is_at(view: &ipc::PlayerView, title: &str) -> bool {
    view.track.as_ref().is_some_and(|track| track.title == title)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_raises_the_first_window_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (desktop, _server, app) = playing(dir.path(), SoundOutput::NullSink).await;
    app.wait_for_player("music", |view| view.playback == Playback::Playing).await.unwrap();
    let mut second = Command::new(process::built("melodyud").unwrap());
    desktop.dress(&mut second).env("MELODYUD_DATA", dir.path().join("app"));
    let mut second = process::Process::start("second", &mut second, desktop.dir()).unwrap();
    let ended = second.wait(LIMIT).unwrap();
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}: {}", second.log_tail());
    let view = app.player().await.unwrap();
    assert_eq!(view.playback, Playback::Playing, "the first goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_sound_device_the_window_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (_desktop, _server, app) = playing(dir.path(), SoundOutput::None).await;
    let reason = wait::until("a reason in words", LIMIT, async || {
        let view = app.player().await?;
        Ok(match view.playback {
            Playback::Waiting { reason } | Playback::Failed { reason } => Some(reason),
            _ => None,
        })
    })
    .await
    .unwrap();
    assert!(
        reason.to_lowercase().contains("sound") || reason.to_lowercase().contains("audio"),
        "{reason}"
    );
    for width in [1440, 1280, 1000, 700, 390] {
        app.resize(width, 844).await.unwrap();
        let shown = app.find(".playback-notice").await.unwrap().text().await.unwrap();
        assert_eq!(shown, reason, "at a width of {width}");
    }
    // Everything else works.
    app.press_with_ctrl('k').await.unwrap();
    app.find("input[role=combobox]").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_app_keeps_queue_and_place() {
    let dir = tempfile::tempdir().unwrap();
    let (desktop, server, app) = playing(dir.path(), SoundOutput::NullSink).await;
    app.wait_for_player("eight seconds", |view| view.position_ms > 8_000).await.unwrap();
    let before = app.player().await.unwrap();
    app.crash().await.unwrap();
    let app = App::open(&desktop, &dir.path().join("app")).await.unwrap();
    // Without a keyring the sign-in lived in memory only.
    sign_in(&app, &server, &Listener::demo()).await.unwrap();
    let after = app.player().await.unwrap();
    assert_eq!(after.track.map(|t| t.id), before.track.map(|t| t.id));
    let lost_ms = before.position_ms.abs_diff(after.position_ms);
    assert!(lost_ms < 3_000, "{} became {}", before.position_ms, after.position_ms);
}
