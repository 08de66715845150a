//! The queue outlives what happens to disks and programs.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use api_tests::PASSWORD;
use commands::{Capture, Facade};
use ipc::{Event, Placement, Selection};

use crate::stand::{
    EMAIL, Outcome, Stand, choose_passphrase, eventually, library, open, play_library, player,
    said, title, upcoming,
};

/// Tells this test program to be the device that is killed, with the server and the folder.
const KILLED_DEVICE: &str = "MELODYUD_TEST_KILLED_DEVICE";

fn database(folder: &Path) -> anyhow::Result<rusqlite::Connection> {
    Ok(rusqlite::Connection::open(folder.join("player.db"))?)
}

/// What is current and what comes, in one line each.
async fn whole_queue(facade: &Facade) -> anyhow::Result<Vec<String>> {
    let view = said(facade.queue_view(ipc::QueueGet { offset: 0, limit: 100 }).await)?;
    let current = view.current.map(|row| format!("{:?} {}", row.entry, row.track.title));
    let coming = view
        .upcoming
        .into_iter()
        .map(|row| format!("{:?} {} {}", row.entry, row.track.title, row.is_added));
    Ok(current.into_iter().chain(coming).collect())
}

async fn add(facade: &Facade, title: &str, placement: Placement) -> Outcome {
    let track = library(facade).await?.into_iter().find(|track| track.title == title);
    let selection = Selection::Tracks { ids: vec![track.context("it is there")?.id] };
    said(facade.queue_add(ipc::QueueAdd { selection, placement }).await)
}

async fn sign_in(facade: &Facade, server_url: &str) -> Outcome {
    let sign_in = ipc::SignIn {
        server_url: server_url.to_owned(),
        email: EMAIL.into(),
        password: PASSWORD.into(),
        code: None,
    };
    said(facade.session_sign_in(sign_in).await).map(drop)
}

fn notices(events: &mut tokio::sync::broadcast::Receiver<Event>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Notice(notice) = event {
            messages.push(notice.message);
        }
    }
    messages
}

/// What the disk had refused counted as saved: it was neither told nor tried again.
#[tokio::test(flavor = "multi_thread")]
async fn queue_that_the_disk_refuses_is_told_once_and_saved_later() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    choose_passphrase(&facade).await?;
    said(facade.interface_ready(ipc::InterfaceReady {}).await)?;
    let mut events = facade.subscribe();
    let database = database(stand.device.path())?;
    database.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON queue BEGIN SELECT RAISE(FAIL, 'no space'); END",
    )?;
    play_library(&facade, "Harbour Lights").await?;
    let mut told = Vec::new();
    eventually("a word about it", async || {
        told.extend(notices(&mut events));
        Ok((!told.is_empty()).then_some(()))
    })
    .await?;
    add(&facade, "Salt and Copper", Placement::Next).await?;
    let queue = whole_queue(&facade).await?;
    database.execute_batch("DROP TRIGGER full")?;
    eventually("the save", async || {
        let n: i64 = database.query_row("SELECT COUNT(*) FROM queue", [], |row| row.get(0))?;
        Ok((n > 0).then_some(()))
    })
    .await?;
    told.extend(notices(&mut events));
    assert_eq!(told, ["Your queue cannot be saved."]);
    facade.close().await;
    drop(facade);
    let facade = stand.reopen().await?;
    player(&facade, "the restart", |view| view.track.is_some()).await?;
    assert_eq!(whole_queue(&facade).await?, queue);
    Ok(())
}

/// A queue that could not be read started empty, and the empty one was saved in its place.
#[tokio::test(flavor = "multi_thread")]
async fn queue_that_cannot_be_read_is_put_aside() -> Outcome {
    let (stand, facade) = Stand::new().await?;
    choose_passphrase(&facade).await?;
    play_library(&facade, "Harbour Lights").await?;
    facade.close().await;
    drop(facade);
    let database = database(stand.device.path())?;
    database.execute("UPDATE queue SET snapshot = '\"of another version\"'", [])?;

    let facade = stand.reopen().await?;
    let mut events = facade.subscribe();
    said(facade.interface_ready(ipc::InterfaceReady {}).await)?;
    assert!(notices(&mut events).contains(&"Your queue could not be read.".to_owned()));
    assert_eq!(upcoming(&facade).await?, []);
    play_library(&facade, "Glass Meadow").await?;
    facade.close().await;
    let kept: Vec<String> = database
        .prepare("SELECT snapshot FROM queue ORDER BY LENGTH(owner)")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    assert_eq!(kept.len(), 2);
    assert!(kept[0].contains("rest") && kept[1] == "\"of another version\"", "{kept:?}");
    Ok(())
}

/// Plays, edits its queue in every way, says what it is then, and waits for its end.
#[tokio::test(flavor = "multi_thread")]
async fn killed_device_part() -> Outcome {
    let Ok(names) = std::env::var(KILLED_DEVICE) else { return Ok(()) };
    let (url, folder) = names.split_once(' ').context("a server and a folder")?;
    let facade = open(Path::new(folder), &Capture::default()).await?;
    sign_in(&facade, url).await?;
    play_library(&facade, "Glass Meadow").await?;
    player(&facade, "sound", |view| view.position_ms > 300).await?;
    add(&facade, "Salt and Copper", Placement::Next).await?;
    add(&facade, "Glass Meadow", Placement::Last).await?;
    let view = said(facade.queue_view(ipc::QueueGet { offset: 0, limit: 100 }).await)?;
    let (first, last) = (&view.upcoming[0], &view.upcoming[view.upcoming.len() - 1]);
    said(facade.queue_remove(ipc::QueueRemove { entries: vec![last.entry] }).await)?;
    let moved = ipc::QueueMove { entry: first.entry, before: None };
    said(facade.queue_move(moved).await)?;
    for line in whole_queue(&facade).await? {
        println!("queue: {line}");
    }
    println!("queue: end");
    tokio::time::sleep(std::time::Duration::from_mins(2)).await;
    Ok(())
}

/// A kill in the middle of playing, as soon as the last edit is on the disk.
#[tokio::test(flavor = "multi_thread")]
async fn program_that_is_killed_has_its_whole_queue_at_the_next_start() -> Outcome {
    let (stand, _facade) = Stand::new().await?;
    let folder = tempfile::tempdir()?;
    let url = stand.server()?.url();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--exact", "queue::killed_device_part", "--nocapture"])
        .env(KILLED_DEVICE, format!("{url} {}", folder.path().display()))
        .stdout(Stdio::piped())
        .spawn()?;
    let printed = BufReader::new(child.stdout.take().context("its output")?);
    let mut before = Vec::new();
    for line in printed.lines() {
        let line = line?;
        let Some((_, row)) = line.split_once("queue: ") else { continue };
        if row == "end" {
            break;
        }
        before.push(row.to_owned());
    }
    ensure!(before.len() == 5, "{before:?}");
    let database = database(folder.path())?;
    let saved = eventually("the save", async || {
        let json: String =
            database.query_row("SELECT snapshot FROM queue", [], |row| row.get(0))?;
        let snapshot: serde_json::Value = serde_json::from_str(&json)?;
        let entries = |part: &str| snapshot[part].as_array().cloned().unwrap_or_default();
        let coming = [entries("front"), entries("rest")].concat();
        let is_last_edit = coming.len() == before.len() - 1
            && coming
                .iter()
                .zip(&before[1..])
                .all(|(entry, row)| row.starts_with(&format!("EntryId({}) ", entry[0])));
        Ok(is_last_edit.then_some(()))
    })
    .await;
    // Not asked, not warned: as the system kills it.
    child.kill()?;
    child.wait()?;
    saved?;
    drop(database);

    let facade = open(folder.path(), &Capture::default()).await?;
    sign_in(&facade, url).await?;
    let view = player(&facade, "the queue", |view| view.track.is_some()).await?;
    assert_eq!(title(&view), "Glass Meadow");
    assert!(view.position_ms > 0);
    assert_eq!(whole_queue(&facade).await?, before);
    Ok(())
}
