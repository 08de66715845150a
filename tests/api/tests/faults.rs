//! Kills and full disks in the middle of an import and of sign-ups: nothing is lost, and it goes
//! on.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use api::{
    catalog::Page,
    error::Code,
    imports::{Import, ImportState},
};
use api_tests::{
    Client, ServerProcess,
    client::{failure, success},
    music, program,
};
use domain::{Track, TrackId};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;

const WAIT: Duration = Duration::from_mins(2);

/// So many, and so long, that an import takes seconds and is settled in several batches: there is
/// time to do it harm.
const N_FILES: usize = 190;
const FILE_SECONDS: u32 = 120;

fn library() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..N_FILES {
        let path = folder.path().join(format!("Piece {n:03}.wav"));
        music::tone_write(&path, 200 + 10 * n as u32, FILE_SECONDS).unwrap();
    }
    folder
}

async fn tracks(client: &Client) -> BTreeMap<TrackId, String> {
    let page: Page<Track> = client.get("/api/v1/tracks?limit=200").await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|track| (track.id, track.title)).collect()
}

/// Waits until an import under way has brought some tracks, and answers with those.
async fn some_tracks(client: &Client) -> BTreeMap<TrackId, String> {
    let until = Instant::now() + WAIT;
    loop {
        let tracks = tracks(client).await;
        if !tracks.is_empty() {
            return tracks;
        }
        assert!(Instant::now() < until, "the import brings nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// All are there once, and those of before under the same ids.
fn is_whole(now: &BTreeMap<TrackId, String>, before: &BTreeMap<TrackId, String>) {
    let mut titles: Vec<&String> = now.values().collect();
    titles.sort();
    let expected: Vec<String> = (0..N_FILES).map(|n| format!("Piece {n:03}")).collect();
    assert!(titles.into_iter().eq(&expected), "{now:?}");
    for (id, title) in before {
        assert_eq!(now.get(id), Some(title));
    }
}

async fn import_start(owner: &Client, music: &Path) -> Import {
    let body = json!({ "directory": music });
    let started = owner.request(Method::POST, "/api/v1/imports").json(&body).send().await.unwrap();
    success(started).await.unwrap()
}

async fn import_end(owner: &Client, import: &Import) -> Import {
    let until = Instant::now() + WAIT;
    loop {
        let now: Import = owner.get(&format!("/api/v1/imports/{}", import.id)).await.unwrap();
        if matches!(now.state, ImportState::Done | ImportState::Failed) {
            return now;
        }
        assert!(Instant::now() < until, "{now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_import_killed_on_the_command_line_goes_on() {
    let server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = library();
    let mut import = Command::new(program().unwrap())
        .arg("import")
        .arg(library.path())
        .arg("--data")
        .arg(server.data().path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    some_tracks(&ann).await;
    import.kill().unwrap();
    assert!(!import.wait().unwrap().success(), "it was through before it could be killed");
    let before = tracks(&ann).await;
    assert!(before.len() < N_FILES);

    server.import(library.path()).unwrap();
    is_whole(&tracks(&ann).await, &before);
}

#[tokio::test]
async fn an_import_killed_with_its_server_goes_on() {
    let server = ServerProcess::start().unwrap();
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = library();
    let killed = import_start(&owner, library.path()).await;
    let before = some_tracks(&owner).await;
    let token = owner.token.clone().unwrap();
    let server = ServerProcess::start_on(server.kill().unwrap(), "127.0.0.1:0").unwrap();

    let owner = server.client().unwrap().with_token(token);
    assert!(tracks(&owner).await.len() < N_FILES, "it was through before it could be killed");
    let killed: Import = owner.get(&format!("/api/v1/imports/{}", killed.id)).await.unwrap();
    assert_eq!(killed.state, ImportState::Failed, "{killed:?}");
    assert!(killed.failure.is_some());
    let next = import_start(&owner, library.path()).await;
    let next = import_end(&owner, &next).await;
    assert_eq!(next.state, ImportState::Done, "{next:?}");
    is_whole(&tracks(&owner).await, &before);
}

#[tokio::test]
async fn a_full_disk_is_told_and_once_there_is_room_all_goes_on() {
    let server = ServerProcess::start_on_disk_of(6_000_000).unwrap();
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let ballast = server.disk().join("ballast");
    let full = fs::write(&ballast, vec![0; 20_000_000]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);

    // The log of the database still has some room of its own.
    let mut signed_up = Vec::new();
    let refused = loop {
        let email = format!("listener{}@example.org", signed_up.len());
        let body = json!({ "email": email, "password": api_tests::client::PASSWORD });
        let answer = owner.request(Method::POST, "/api/v1/accounts").json(&body).send().await;
        let answer = answer.unwrap();
        if !answer.status().is_success() {
            break answer;
        }
        signed_up.push(email);
        assert!(signed_up.len() < 1_000, "the disk is never full");
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = failure(refused).await.unwrap().error;
    assert_eq!(refused.code, Code::Unavailable);
    assert!(refused.message.contains("disk") && refused.hint.contains("room"), "{refused:?}");
    let library = library();
    let body = json!({ "directory": library.path() });
    let import = owner.request(Method::POST, "/api/v1/imports").json(&body).send().await.unwrap();
    assert_eq!(import.status(), StatusCode::SERVICE_UNAVAILABLE);
    // Those who only listen go on.
    assert!(tracks(&owner).await.is_empty());

    fs::remove_file(&ballast).unwrap();
    for email in signed_up.iter().map(String::as_str).chain(["ann@example.org"]) {
        owner.sign_in(email).await.unwrap();
    }
    owner.sign_up("late@example.org").await.unwrap();

    // Full in the middle of an import.
    let first = import_start(&owner, library.path()).await;
    let before = some_tracks(&owner).await;
    fs::write(&ballast, vec![0; 20_000_000]).unwrap_err();
    let first = import_end(&owner, &first).await;
    assert_eq!(first.state, ImportState::Failed, "{first:?}");
    let reason = first.failure.unwrap();
    assert!(reason.contains("no space is left on the server's disk"), "{reason}");
    fs::remove_file(&ballast).unwrap();
    let next = import_start(&owner, library.path()).await;
    let next = import_end(&owner, &next).await;
    assert_eq!(next.state, ImportState::Done, "{next:?}");
    is_whole(&tracks(&owner).await, &before);
}
