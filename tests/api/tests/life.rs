//! The life of the process: import and play, crashes, stops, a second instance.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use api::{
    catalog::Page,
    imports::{Import, ImportState},
    search::SearchAnswer,
};
use api_tests::{Client, ServerProcess, client::success, music, program};
use domain::Track;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

const WAIT: Duration = Duration::from_mins(1);

fn music() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, pitch_hz) in [("Moonrise", 220), ("Harbour Lights", 330), ("Kestrel", 440)] {
        music::tone_write(&folder.path().join(format!("{name}.wav")), pitch_hz, 3).unwrap();
    }
    folder
}

#[tokio::test]
async fn music_is_imported_beside_the_server_found_and_streamed() {
    let server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let music = music();
    let printed = server.import(music.path()).unwrap();
    assert!(printed.contains("3 added"), "{printed}");

    let track = search_until(&ann, "harbor ligths", "Harbour Lights").await;
    let file = fs::read(music.path().join("Harbour Lights.wav")).unwrap();
    let path = format!("/api/v1/tracks/{}/stream", track.id);
    let part =
        ann.request(Method::GET, &path).header("range", "bytes=44-143").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 44-143/{}", file.len()).as_str());
    assert_eq!(part.bytes().await.unwrap(), &file[44..144]);
    let beyond = ann.request(Method::GET, &path).header("range", "bytes=999999999-").send().await;
    assert_eq!(beyond.unwrap().status(), 416);

    // A player that cannot send headers gets the same bytes by a signed URL, and only those.
    let signed = ann.request(Method::POST, &format!("{path}-url")).send().await.unwrap();
    let signed: api::catalog::StreamUrl = success(signed).await.unwrap();
    let nobody = server.client().unwrap();
    let whole = nobody.request(Method::GET, &signed.url).send().await.unwrap();
    assert_eq!(whole.bytes().await.unwrap(), file);
    let other = search_until(&ann, "kestrel", "Kestrel").await;
    let forged = signed.url.replace(&track.id.to_string(), &other.id.to_string());
    assert_eq!(nobody.request(Method::GET, &forged).send().await.unwrap().status(), 401);

    let again = server.import(music.path()).unwrap();
    assert!(again.contains("3 unchanged"), "{again}");
}

#[tokio::test]
async fn an_owner_imports_over_http_and_watches() {
    let server = ServerProcess::start().unwrap();
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let music = music();
    fs::write(music.path().join("broken.mp3"), "this is no music").unwrap();
    let body = json!({ "directory": music.path() });
    let started = owner.request(Method::POST, "/api/v1/imports").json(&body).send().await.unwrap();
    assert_eq!(started.status(), 202);
    let started: Import = success(started).await.unwrap();

    let events = format!("/api/v1/imports/{}/events", started.id);
    let events = owner.request(Method::GET, &events).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    // The stream of progress ends with the import.
    let events = tokio::time::timeout(WAIT, events.text()).await.unwrap().unwrap();
    assert!(events.contains("data:"), "{events}");

    let done: Import = owner.get(&format!("/api/v1/imports/{}", started.id)).await.unwrap();
    assert_eq!((done.state, done.n_added, done.n_failed), (ImportState::Done, 3, 1));
    assert_eq!(done.problems[0].path, "broken.mp3");
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();
    let session = anyone.sign_in("ann@example.org").await.unwrap();
    let music = music();
    server.import(music.path()).unwrap();
    let data = server.kill().unwrap();

    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    // The same keys, the same session, the same catalog, and search finds its way back.
    let ann = server.client().unwrap().with_token(&session.access_token);
    let tracks: Page<Track> = ann.get("/api/v1/tracks").await.unwrap();
    assert_eq!(tracks.total, 3);
    search_until(&ann, "moonris", "Moonrise").await;
    let refreshed = server.client().unwrap().refresh(&session.refresh_token).await.unwrap();
    assert_eq!(refreshed.status(), 200);
}

/// Kills it in the middle of sign-ups: those that were answered are there, and no half of any
/// other.
#[tokio::test]
async fn a_kill_in_the_middle_leaves_nothing_half_done() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let (send, mut receive) = tokio::sync::mpsc::channel(1_000);
    let signing_up = tokio::spawn({
        let anyone = anyone.clone();
        async move {
            // Until the server is gone.
            for n in 0.. {
                let email = format!("listener{n}@example.org");
                if anyone.sign_up(&email).await.is_err() {
                    return;
                }
                send.send(email).await.unwrap();
            }
        }
    });
    let mut answered = Vec::new();
    for _ in 0..5 {
        answered.push(tokio::time::timeout(WAIT, receive.recv()).await.unwrap().unwrap());
    }
    let data = server.kill().unwrap();
    signing_up.await.unwrap();
    while let Some(email) = receive.recv().await {
        answered.push(email);
    }

    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    let anyone = server.client().unwrap();
    for email in &answered {
        anyone.sign_in(email).await.unwrap();
    }
    // The one that was cut off exists wholly, or can be made.
    let cut = format!("listener{}@example.org", answered.len());
    if anyone.sign_in(&cut).await.is_err() {
        anyone.sign_up(&cut).await.unwrap();
        anyone.sign_in(&cut).await.unwrap();
    }
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_it_is_answering() {
    let mut server = ServerProcess::start().unwrap();
    let ann = server.client().unwrap().listener("ann@example.org").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    music::tone_write(&folder.path().join("long.wav"), 220, 600).unwrap();
    server.import(folder.path()).unwrap();
    let track = search_until(&ann, "long", "long").await;
    let path = format!("/api/v1/tracks/{}/stream", track.id);
    let mut stream = ann.request(Method::GET, &path).send().await.unwrap();
    let size = stream.content_length().unwrap();
    let mut n_bytes = stream.chunk().await.unwrap().unwrap().len() as u64;

    server.terminate().unwrap();
    wait_until(|| {
        let address = server.url().trim_start_matches("http://").to_owned();
        TcpStream::connect(address).is_err()
    });
    while let Some(chunk) = stream.chunk().await.unwrap() {
        n_bytes += chunk.len() as u64;
    }
    assert_eq!(n_bytes, size, "the answer under way was cut");
    assert!(server.wait().unwrap().success(), "{}", server.log());
}

#[tokio::test]
async fn a_second_instance_is_refused_with_words() {
    let server = ServerProcess::start().unwrap();
    let second = Command::new(program().unwrap())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data().path())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("another melodyud-server"), "{words}");
    assert!(words.contains(&server.pid().to_string()), "{words}");
    server.client().unwrap().get::<serde_json::Value>("/readyz").await.unwrap();
}

#[test]
fn a_place_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let refused = Command::new(program().unwrap())
        .args(["serve", "--listen", &address, "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains(&address) && words.contains("--listen"), "{words}");
}

#[test]
fn a_mistake_in_the_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.toml");
    fs::write(&file, "[http]\nlisten_on = \"x\"\n").unwrap();
    let refused =
        Command::new(program().unwrap()).args(["serve", "--config"]).arg(&file).output().unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("server.toml") && words.contains("listen_on"), "{words}");
}

async fn search_until(client: &Client, query: &str, title: &str) -> Track {
    let path = format!("/api/v1/search?q={}", query.replace(' ', "+"));
    let until = Instant::now() + WAIT;
    loop {
        let answer: SearchAnswer = client.get(&path).await.unwrap();
        if let Some(hit) = answer.tracks.into_iter().find(|hit| hit.item.title == title) {
            return hit.item;
        }
        assert!(Instant::now() < until, "{query:?} does not find {title:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + WAIT;
    while !is_so() {
        assert!(Instant::now() < until, "waited long enough");
        std::thread::sleep(Duration::from_millis(20));
    }
}
