//! Kills and full disks in the middle of an import and of sign-ups: nothing is lost, and it goes
//! on.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
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
use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tempfile::TempDir;

const WAIT: Duration = Duration::from_mins(2);

/// Files that an import is through with at once, and files of which it is not: there is time to
/// do it harm. All of them are settled in the first batch.
const N_QUICK: usize = 20;
const N_SLOW: usize = 20;

/// Folder of an import that does not end by itself.
struct Library(TempDir);

impl Library {
    fn new() -> Self {
        let library = Self(tempfile::tempdir().unwrap());
        for (n, file) in library.files().into_iter().enumerate() {
            if n < N_QUICK {
                music::tone_write(&file, 200 + 10 * n as u32, 1).unwrap();
            } else {
                music::silence_write(&file).unwrap();
            }
        }
        library
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The slow ones become quick ones, also for an import that reads them at this moment.
    fn shorten(&self) {
        for (n, file) in self.files().into_iter().enumerate().skip(N_QUICK) {
            music::tone_write(&file, 200 + 10 * n as u32, 1).unwrap();
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        titles().map(|title| self.path().join(format!("{title}.wav"))).collect()
    }
}

fn titles() -> impl Iterator<Item = String> {
    (0..N_QUICK + N_SLOW).map(|n| format!("Piece {n:03}"))
}

async fn tracks(client: &Client) -> BTreeMap<TrackId, String> {
    let page: Page<Track> = client.get("/api/v1/tracks?limit=200").await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|track| (track.id, track.title)).collect()
}

/// Waits until an import under way has brought what it is through with at once.
async fn quick_tracks(client: &Client) -> BTreeMap<TrackId, String> {
    let until = Instant::now() + WAIT;
    loop {
        let tracks = tracks(client).await;
        if tracks.len() == N_QUICK {
            return tracks;
        }
        assert!(Instant::now() < until, "the import brings {tracks:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// All are there once, and those of before under the same ids.
fn is_whole(now: &BTreeMap<TrackId, String>, before: &BTreeMap<TrackId, String>) {
    let mut found: Vec<String> = now.values().cloned().collect();
    found.sort();
    assert!(found.into_iter().eq(titles()), "{now:?}");
    for (id, title) in before {
        assert_eq!(now.get(id), Some(title));
    }
}

/// Signs up listeners until there is no room for one more: the log of the database has some of
/// its own on a full disk. Answers with those that found room, and the refusal.
async fn sign_up_until_full(client: &Client, name: &str) -> (Vec<String>, Response) {
    let mut signed_up = Vec::new();
    loop {
        let email = format!("{name}{}@example.org", signed_up.len());
        let body = json!({ "email": email, "password": api_tests::client::PASSWORD });
        let answer = client.request(Method::POST, "/api/v1/accounts").json(&body).send().await;
        let answer = answer.unwrap();
        if !answer.status().is_success() {
            return (signed_up, answer);
        }
        signed_up.push(email);
        assert!(signed_up.len() < 1_000, "the disk is never full");
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

fn import_spawn(server: &ServerProcess, music: &Path) -> Child {
    Command::new(program().unwrap())
        .arg("import")
        .arg(music)
        .arg("--data")
        .arg(server.data().path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.unwrap().success());
}

async fn end_of(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + WAIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < until, "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_import_killed_on_the_command_line_goes_on() {
    let server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = Library::new();
    let mut import = import_spawn(&server, library.path());
    let before = quick_tracks(&ann).await;
    import.kill().unwrap();
    assert!(!import.wait().unwrap().success(), "it was through before it could be killed");

    library.shorten();
    server.import(library.path()).unwrap();
    is_whole(&tracks(&ann).await, &before);
}

/// Ctrl-C was waited for by nobody: the import stood still and could only be killed.
#[tokio::test]
async fn an_import_interrupted_on_the_command_line_ends_and_goes_on_later() {
    let server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = Library::new();
    let mut import = import_spawn(&server, library.path());
    let before = quick_tracks(&ann).await;
    signal(import.id(), "INT");
    assert_eq!(end_of(&mut import).await.code(), Some(130));

    library.shorten();
    server.import(library.path()).unwrap();
    is_whole(&tracks(&ann).await, &before);
}

#[tokio::test]
async fn a_server_told_to_stop_does_not_wait_for_its_import() {
    let mut server = ServerProcess::start().unwrap();
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = Library::new();
    let stopped = import_start(&owner, library.path()).await;
    let before = quick_tracks(&owner).await;
    server.terminate().unwrap();
    assert!(server.wait().unwrap().success());

    let server = ServerProcess::start_on(server.data().clone(), "127.0.0.1:0").unwrap();
    let owner = server.client().unwrap().with_token(owner.token.clone().unwrap());
    let stopped: Import = owner.get(&format!("/api/v1/imports/{}", stopped.id)).await.unwrap();
    assert_eq!(stopped.state, ImportState::Failed, "{stopped:?}");
    library.shorten();
    let next = import_start(&owner, library.path()).await;
    assert_eq!(import_end(&owner, &next).await.state, ImportState::Done);
    is_whole(&tracks(&owner).await, &before);
}

#[tokio::test]
async fn an_import_killed_with_its_server_goes_on() {
    let server = ServerProcess::start().unwrap();
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let library = Library::new();
    let killed = import_start(&owner, library.path()).await;
    let before = quick_tracks(&owner).await;
    let token = owner.token.clone().unwrap();
    let server = ServerProcess::start_on(server.kill().unwrap(), "127.0.0.1:0").unwrap();

    let owner = server.client().unwrap().with_token(token);
    let killed: Import = owner.get(&format!("/api/v1/imports/{}", killed.id)).await.unwrap();
    assert_eq!(killed.state, ImportState::Failed, "{killed:?}");
    assert!(killed.failure.is_some());
    library.shorten();
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

    let (signed_up, refused) = sign_up_until_full(&owner, "early").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = failure(refused).await.unwrap().error;
    assert_eq!(refused.code, Code::Unavailable);
    assert!(refused.message.contains("disk") && refused.hint.contains("room"), "{refused:?}");
    let library = Library::new();
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
    let before = quick_tracks(&owner).await;
    fs::write(&ballast, vec![0; 20_000_000]).unwrap_err();
    let (_, refused) = sign_up_until_full(&owner, "later").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    library.shorten();
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
