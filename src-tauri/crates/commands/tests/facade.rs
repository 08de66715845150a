//! The facade against a real server process, with memory in place of a sound device.

#[path = "facade/stand.rs"]
mod stand;

#[path = "facade/account.rs"]
mod account;
#[path = "facade/line.rs"]
mod line;
#[path = "facade/queue.rs"]
mod queue;
#[path = "facade/session.rs"]
mod session;

use std::fs;

use anyhow::{Context as _, ensure};
use api_tests::{PASSWORD, ServerProcess};
use commands::{Capture, Config, Facade, OpenError};
use domain::Track;
use ipc::{Context, Event, FaultKind, ListQuery, Placement, Playback, Selection};
use stand::{
    EMAIL, Outcome, Stand, choose_passphrase, eventually, library, open, play_library, player,
    said, title, upcoming,
};

/// The library sorted by title: Glass Meadow, Harbour Lights, Night Ferry, Salt and Copper.
#[tokio::test(flavor = "multi_thread")]
async fn listener_searches_plays_and_finds_everything_again_after_a_restart() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    choose_passphrase(&facade).await?;
    let found = eventually("the search", async || {
        let search = ipc::Search { query: "harbuor ligts".into(), limit: 10 };
        let page = said(facade.search(search).await)?;
        Ok(page.tracks.first().map(|hit| hit.item.title.clone()))
    })
    .await?;
    assert_eq!(found, "Harbour Lights");

    play_library(&facade, "Glass Meadow").await?;
    player(&facade, "sound", |view| {
        view.playback == Playback::Playing
            && view.position_ms > 500
            && title(view) == "Glass Meadow"
    })
    .await?;
    assert!(stand.capture.samples().iter().any(|sample| sample.abs() > 0.01));

    said(facade.player_seek(ipc::PlayerSeek { position_ms: 30_000 }).await)?;
    player(&facade, "the seek", |view| (30_200..40_000).contains(&view.position_ms)).await?;
    let ferry = library(&facade).await?.into_iter().find(|t| t.title == "Night Ferry");
    let ids = vec![ferry.context("it is there")?.id];
    let selection = Selection::Tracks { ids };
    said(facade.queue_add(ipc::QueueAdd { selection, placement: Placement::Next }).await)?;
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    player(&facade, "the next", |view| {
        title(view) == "Night Ferry" && view.position_ms > 1_200 && view.buffered_ms > 0
    })
    .await?;
    said(facade.player_set_volume(ipc::SetVolume { volume: 0.4 }).await)?;
    said(facade.player_pause(ipc::PlayerPause {}).await)?;
    let before = player(&facade, "the pause", |view| view.playback == Playback::Paused).await?;
    let queue = upcoming(&facade).await?;
    let context = ["Harbour Lights", "Night Ferry", "Salt and Copper"];
    assert_eq!(queue, context.map(|title| (title.to_owned(), false)));
    facade.close().await;
    drop(facade);

    let facade = stand.reopen().await?;
    let after = player(&facade, "the restart", |view| view.track.is_some()).await?;
    assert_eq!(after.playback, Playback::Paused);
    assert_eq!((title(&after), after.entry, after.volume), (title(&before), before.entry, 0.4));
    // The engine's last word on where it paused may come after the pause.
    let moved_ms = after.position_ms.abs_diff(before.position_ms);
    assert!(moved_ms <= 100, "{moved_ms}");
    assert_eq!(upcoming(&facade).await?, queue);
    said(facade.player_toggle(ipc::PlayerToggle {}).await)?;
    player(&facade, "sound again", |view| {
        view.playback == Playback::Playing && view.position_ms > before.position_ms + 300
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn library_plays_in_the_order_of_its_list_from_a_page_on() -> Outcome {
    let (_stand, facade) = Stand::new().await?;
    let query = ListQuery { is_descending: true, limit: 1, ..ListQuery::default() };
    let first = said(facade.track_list(ipc::TrackList { query: query.clone() }).await)?;
    ensure!(first.items[0].title == "Salt and Copper" && first.total == 4, "{first:?}");
    let play = |query: ListQuery, start, is_shuffled| ipc::PlayFrom {
        context: Context::Library,
        selection: Selection::Library { query },
        start,
        is_shuffled,
    };
    let rest = ListQuery { cursor: first.next_cursor, ..query.clone() };
    let page = said(facade.track_list(ipc::TrackList { query: rest.clone() }).await)?;
    said(facade.player_play(play(rest.clone(), Some(page.items[0].id), false)).await)?;
    let coming = upcoming(&facade).await?.into_iter().map(|(title, _)| title).collect::<Vec<_>>();
    ensure!(coming == ["Harbour Lights", "Glass Meadow"], "{coming:?}");

    said(facade.player_play(play(query, None, true)).await)?;
    ensure!(upcoming(&facade).await?.len() == 3);
    // What stands before the page does not belong to the list from there.
    let refused = facade.player_play(play(rest, Some(first.items[0].id), false)).await;
    ensure!(refused.is_err_and(|fault| fault.kind == FaultKind::NotFound));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_loses_about_a_second_of_the_position_and_nothing_of_the_queue() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    choose_passphrase(&facade).await?;
    play_library(&facade, "Harbour Lights").await?;
    player(&facade, "sound", |view| view.position_ms > 3_000).await?;
    // What a crash leaves: the files as they are now. SQLite's own way of copying them.
    let copy = tempfile::tempdir()?;
    let at_crash = said(facade.player_view(ipc::PlayerGet {}).await)?.position_ms;
    let database = rusqlite::Connection::open(stand.device.path().join("player.db"))?;
    database.execute("VACUUM INTO ?1", [copy.path().join("player.db").display().to_string()])?;
    fs::copy(stand.device.path().join("secret.sealed"), copy.path().join("secret.sealed"))?;
    facade.close().await;

    let facade = open(copy.path(), &Capture::default()).await?;
    let view = player(&facade, "the restart", |view| view.track.is_some()).await?;
    assert_eq!(title(&view), "Harbour Lights");
    let lost_ms = at_crash.saturating_sub(view.position_ms);
    assert!(lost_ms <= 2_000, "{lost_ms}");
    assert_eq!(upcoming(&facade).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn music_goes_on_through_a_restart_of_the_server() -> Outcome {
    let (mut stand, facade) = Stand::new().await?;
    let mut events = facade.subscribe();
    play_library(&facade, "Glass Meadow").await?;
    player(&facade, "sound", |view| view.position_ms > 500).await?;
    let (data, address) = stand.kill_server()?;
    // What is here already plays on.
    player(&facade, "sound without the server", |view| {
        view.playback == Playback::Playing && view.position_ms > 2_000
    })
    .await?;
    // What is not here waits, and says so.
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    player(&facade, "waiting", |view| {
        title(view) == "Night Ferry"
            && matches!(view.playback, Playback::Buffering | Playback::Waiting { .. })
    })
    .await?;
    stand.server = Some(ServerProcess::start_on(data, &address)?);
    player(&facade, "sound after the restart", |view| {
        title(view) == "Night Ferry" && view.playback == Playback::Playing && view.position_ms > 300
    })
    .await?;
    // Asking the catalog notices too that the server is back.
    eventually("online", async || {
        library(&facade).await?;
        Ok(said(facade.session_view(ipc::SessionGet {}).await)?.is_online.then_some(()))
    })
    .await?;
    let mut n_failed = 0;
    while let Ok(event) = events.try_recv() {
        n_failed += usize::from(
            matches!(event, Event::Player(view) if matches!(view.playback, Playback::Failed { .. })),
        );
    }
    assert_eq!(n_failed, 0);
    Ok(())
}

/// The server's keys are new after the restart, so that it refuses every access token given out
/// before, as if it had expired; the refresh token is good.
#[tokio::test(flavor = "multi_thread")]
async fn token_refused_in_the_middle_is_renewed_without_a_word() -> Outcome {
    let (mut stand, facade) = Stand::new().await?;
    play_library(&facade, "Glass Meadow").await?;
    player(&facade, "sound", |view| view.position_ms > 300).await?;
    let (data, address) = stand.kill_server()?;
    let key = fs::read_dir(data.path())?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("signing"))
        .context("the server keeps its signing keys in a file")?;
    fs::rename(&key, key.with_extension("aside"))?;
    stand.server = Some(ServerProcess::start_on(data, &address)?);
    // Neither is on this device yet.
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    player(&facade, "sound with a new token", |view| {
        title(view) == "Night Ferry" && view.playback == Playback::Playing && view.position_ms > 300
    })
    .await?;
    // Many at once, and one renewal: a second would end the session.
    let (a, b, c) = tokio::join!(library(&facade), library(&facade), library(&facade));
    for tracks in [a?, b?, c?] {
        assert_eq!(tracks.len(), 4);
    }
    let view = said(facade.session_view(ipc::SessionGet {}).await)?;
    assert!(view.account.is_some());
    Ok(())
}

/// Tells this test program to be the device without sound, on the server it names.
const SILENT_DEVICE: &str = "MELODYUD_TEST_SILENT_DEVICE";

#[tokio::test(flavor = "multi_thread")]
async fn silent_device_part() -> Outcome {
    let Ok(url) = std::env::var(SILENT_DEVICE) else { return Ok(()) };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let mut config = Config::new(folder.path());
    config.with_keyring = false;
    let facade = Facade::open(config).await?;
    let sign_in =
        ipc::SignIn { server_url: url, email: EMAIL.into(), password: PASSWORD.into(), code: None };
    said(facade.session_sign_in(sign_in).await)?;
    play_library(&facade, "Night Ferry").await?;
    let view = player(
        &facade,
        "words about it",
        |view| matches!(&view.playback, Playback::Waiting { reason } if reason.len() > 10),
    )
    .await?;
    assert_eq!(title(&view), "Night Ferry");
    // All else can be used.
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    said(facade.player_pause(ipc::PlayerPause {}).await)?;
    player(&facade, "the pause", |view| view.playback == Playback::Paused).await?;
    assert_eq!(upcoming(&facade).await?, []);
    facade.close().await;
    println!("the part without sound was played");
    Ok(())
}

/// Where ALSA has no configuration and PulseAudio no server, there is no device; so that only
/// this test is without one, it is a process of its own.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn device_without_sound_says_so_and_everything_else_works() -> Outcome {
    let (stand, _facade) = Stand::new().await?;
    let output = std::process::Command::new(std::env::current_exe()?)
        .args(["--exact", "silent_device_part", "--nocapture"])
        .env(SILENT_DEVICE, stand.server()?.url())
        .env("ALSA_CONFIG_PATH", "/nonexistent/alsa.conf")
        .env("PULSE_SERVER", "unix:/nonexistent/pulse")
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("the part without sound was played"), "{printed}{complaints}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_facade_on_one_folder_is_refused_in_words() -> Outcome {
    let folder = tempfile::tempdir()?;
    let first = open(folder.path(), &Capture::default()).await?;
    let refused = open(folder.path(), &Capture::default()).await.err().context("refused")?;
    assert!(matches!(refused, OpenError::InUse { .. }));
    assert!(refused.to_string().starts_with("MelodyUD is running already"), "{refused}");
    first.close().await;
    open(folder.path(), &Capture::default()).await?.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn start_without_the_server_shows_what_was_seen_before() -> Outcome {
    let (mut stand, facade) = Stand::new().await?;
    choose_passphrase(&facade).await?;
    let query = ListQuery { limit: 50, ..ListQuery::default() };
    let releases = said(facade.release_list(ipc::ReleaseList { query: query.clone() }).await)?;
    assert!(!releases.is_stale && !releases.items.is_empty());
    play_library(&facade, "Harbour Lights").await?;
    player(&facade, "sound", |view| view.position_ms > 300).await?;
    facade.close().await;
    drop(facade);
    stand.kill_server()?;

    let facade = stand.reopen().await?;
    let stale = said(facade.release_list(ipc::ReleaseList { query }).await)?;
    assert!(stale.is_stale);
    assert_eq!(stale.items, releases.items);
    let view = player(&facade, "the queue", |view| view.track.is_some()).await?;
    assert_eq!(title(&view), "Harbour Lights");
    assert_eq!(upcoming(&facade).await?.len(), 2);
    let unseen = ListQuery { filter: "never asked".into(), limit: 50, ..ListQuery::default() };
    let fault = facade.release_list(ipc::ReleaseList { query: unseen }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Offline);
    let session = said(facade.session_view(ipc::SessionGet {}).await)?;
    assert!(!session.is_online && session.account.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_says_what_is_wrong_and_queues_belong_to_their_listener() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    let url = stand.server()?.url().to_owned();
    let sign_in = |server_url: &str, email: &str, password: &str| ipc::SignIn {
        server_url: server_url.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
        code: None,
    };
    play_library(&facade, "Harbour Lights").await?;
    player(&facade, "sound", |view| view.position_ms > 300).await?;
    for (call, kind) in [
        (sign_in(&url, EMAIL, "not the password"), FaultKind::WrongCredentials),
        (sign_in("127.0.0.1:9", EMAIL, PASSWORD), FaultKind::Offline),
        (sign_in("not an address", EMAIL, PASSWORD), FaultKind::Invalid),
    ] {
        let fault = facade.session_sign_in(call).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault:?}");
        assert!(!fault.message.is_empty());
    }
    let view = said(facade.session_sign_out(ipc::SignOut {}).await)?;
    assert_eq!((view.account, view.server_url.as_deref()), (None, Some(url.as_str())));
    player(&facade, "silence", |view| view.playback == Playback::Stopped).await?;
    let fault = library(&facade).await.unwrap_err();
    assert!(fault.to_string().contains("SignedOut"), "{fault}");

    let bob = ipc::SignUp {
        server_url: url.clone(),
        display_name: "Bob".into(),
        email: "bob@music.example".into(),
        password: PASSWORD.into(),
    };
    said(facade.session_sign_up(bob).await)?;
    assert_eq!(upcoming(&facade).await?, []);
    // The address without its scheme: this machine.
    let bare = url.trim_start_matches("http://");
    said(facade.session_sign_in(sign_in(bare, EMAIL, PASSWORD)).await)?;
    let view = player(&facade, "the queue of before", |view| view.track.is_some()).await?;
    assert_eq!((title(&view), &view.playback), ("Harbour Lights", &Playback::Paused));
    assert_eq!(upcoming(&facade).await?.len(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn play_counts_after_half_a_minute_and_reaches_the_server() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    play_library(&facade, "Harbour Lights").await?;
    player(&facade, "half a minute", |view| view.position_ms > 31_000).await?;
    said(facade.player_next(ipc::PlayerNext {}).await)?;
    let history = eventually("the history", async || {
        let history = said(facade.history_list(ipc::HistoryList { limit: 10 }).await)?;
        Ok(history.first().filter(|entry| entry.listened_ms >= 30_500).cloned())
    })
    .await?;
    assert_eq!(history.track.title, "Harbour Lights");
    let client = stand.server()?.client()?;
    let client = client.clone().with_token(client.sign_in(EMAIL).await?.access_token);
    eventually("the count", async || {
        let track: Track = client.get(&format!("/api/v1/tracks/{}", history.track.id)).await?;
        Ok((track.n_plays == 1).then_some(()))
    })
    .await?;
    let home = said(facade.home_view(ipc::HomeGet {}).await)?;
    assert_eq!(home.recently_played.len(), 1);
    assert!(!home.jump_back_in.is_empty() && !home.recently_added.is_empty());
    Ok(())
}
