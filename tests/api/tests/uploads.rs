//! Uploads over HTTP: a standard client over a line that is cut again and again, a server that is
//! killed, and clients that are none too careful.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api::{
    error::Code,
    roles::RoleChange,
    uploads::{UploadEntry, UploadList},
};
use api_tests::{Client, ServerProcess, client::failure, node};
use domain::Role;
use futures::StreamExt as _;
use reqwest::{Body, Method, RequestBuilder, Response, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const UPLOADS: &str = "/api/v1/uploads";
const PIECE: &str = "application/offset+octet-stream";
const WAIT: Duration = Duration::from_mins(2);

/// The owner of a new server, who is a creator as well.
async fn creator(server: &ServerProcess) -> Client {
    let owner = server.client().unwrap().listener("ann@example.org").await.unwrap();
    grant(server, &owner, "ann@example.org").await
}

/// Another creator.
async fn other_creator(server: &ServerProcess, owner: &Client) -> Client {
    server.client().unwrap().sign_up("bob@example.org").await.unwrap();
    grant(server, owner, "bob@example.org").await
}

/// Tokens from before lack the role, so this signs in anew.
async fn grant(server: &ServerProcess, owner: &Client, email: &str) -> Client {
    let grant =
        RoleChange { email: email.to_owned(), role: Role::Creator, reason: "a test".to_owned() };
    let granted = owner.request(Method::POST, "/api/v1/roles").json(&grant).send().await.unwrap();
    assert_eq!(granted.status(), 200);
    let anyone = server.client().unwrap();
    let session = anyone.sign_in(email).await.unwrap();
    anyone.with_token(session.access_token)
}

fn tus(client: &Client, method: Method, path: &str) -> RequestBuilder {
    client.request(method, path).header("tus-resumable", "1.0.0")
}

fn creation(client: &Client, length_bytes: u64) -> RequestBuilder {
    tus(client, Method::POST, UPLOADS).header("upload-length", length_bytes)
}

async fn create(client: &Client, length_bytes: u64) -> String {
    let made = sent(creation(client, length_bytes)).await;
    assert_eq!(made.status(), 201);
    made.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

fn piece(client: &Client, path: &str, offset: u64, body: impl Into<Body>) -> RequestBuilder {
    tus(client, Method::PATCH, path)
        .header("upload-offset", offset)
        .header("content-type", PIECE)
        .body(body)
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer, not a broken connection")
}

async fn offset(client: &Client, path: &str) -> u64 {
    let seen = sent(tus(client, Method::HEAD, path)).await;
    assert_eq!(seen.status(), 200);
    assert_eq!(seen.headers()["cache-control"], "no-store");
    assert_eq!(seen.headers()["tus-resumable"], "1.0.0");
    seen.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
}

async fn uploads(client: &Client) -> Vec<UploadEntry> {
    client.get::<UploadList>(UPLOADS).await.unwrap().uploads
}

/// Where the server keeps what comes in.
fn kept(server: &ServerProcess, path: &str) -> PathBuf {
    server.data().path().join("uploads").join(path.rsplit('/').next().unwrap())
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 + i / 251) as u8).collect()
}

/// How a line treats what goes over it.
#[derive(Clone, Copy, Default)]
struct Trouble {
    /// It breaks so many times,
    n_cuts: u32,
    /// after so many bytes of a connection.
    after_bytes: u64,
    /// It rests so long after each 16 KiB.
    pause: Duration,
}

/// A line to the server.
struct Line {
    url: String,
    n_cuts: Arc<AtomicU32>,
}

impl Line {
    async fn to(server: &ServerProcess, trouble: Trouble) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to = server.url().strip_prefix("http://").unwrap().to_owned();
        let n_cuts = Arc::new(AtomicU32::new(0));
        let cut = n_cuts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A server that is not there refuses by the line going dead.
                if let Ok(server) = TcpStream::connect(&to).await {
                    tokio::spawn(carry(client, server, cut.clone(), trouble));
                }
            }
        });
        Self { url, n_cuts }
    }
}

async fn carry(client: TcpStream, server: TcpStream, n_cuts: Arc<AtomicU32>, trouble: Trouble) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    };
    let forth = async move {
        let mut n_bytes = 0;
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(n) = from_client.read(&mut buffer).await {
            if n == 0 || to_server.write_all(&buffer[..n]).await.is_err() {
                break;
            }
            n_bytes += n as u64;
            if n_bytes > trouble.after_bytes && n_cuts.load(Ordering::Relaxed) < trouble.n_cuts {
                n_cuts.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if !trouble.pause.is_zero() {
                tokio::time::sleep(trouble.pause).await;
            }
        }
    };
    // Whoever ends first takes the other with it, as a line does.
    tokio::select! {
        () = back => {}
        () = forth => {}
    }
}

/// The standard client at work on a file.
struct TusClient {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl TusClient {
    fn start(url: &str, client: &Client, file: &Path, memory: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tus-client/upload.mjs");
        let settings = json!({
            "endpoint": format!("{url}{UPLOADS}"),
            "token": client.token,
            "file": file,
            "name": "Prélude.flac",
            "memory": memory,
        });
        let mut child = Command::new("node")
            .arg(script)
            .arg(node::packages("tus-client").unwrap())
            .arg(settings.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    /// The next thing that happens.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.said.read_line(&mut line).unwrap() > 0, "the client ended without a word");
        let said: Value = serde_json::from_str(&line).unwrap();
        assert!(said["error"].is_null(), "{said}");
        said
    }

    /// Until it has sent more than so many bytes.
    fn until_sent(mut self, n_bytes: u64) -> Self {
        while self.next()["sent"].as_u64().unwrap_or(0) <= n_bytes {}
        self
    }

    /// Until it is done: how often it tried again, and where the upload is.
    fn finish(mut self) -> (u32, String) {
        let mut n_retries = 0;
        loop {
            let said = self.next();
            n_retries += u32::from(said["retried"] == true);
            if let Some(url) = said["url"].as_str() {
                assert!(self.child.wait().unwrap().success());
                return (n_retries, url.to_owned());
            }
        }
    }
}

impl Drop for TusClient {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What waits for another process, on a thread for that.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_client_gets_through_a_line_that_is_cut_ten_times() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    let trouble = Trouble { n_cuts: 10, after_bytes: 600_000, ..Trouble::default() };
    let line = Line::to(&server, trouble).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("master.flac");
    let bytes = pattern(9_000_000);
    fs::write(&file, &bytes).unwrap();

    let client = TusClient::start(&line.url, &ann, &file, &folder.path().join("memory"));
    let (n_retries, url) = waiting(move || client.finish()).await;
    assert_eq!(line.n_cuts.load(Ordering::Relaxed), 10);
    assert!(n_retries >= 10, "{n_retries}");
    assert!(fs::read(kept(&server, &url)).unwrap() == bytes);
    let listed = uploads(&ann).await;
    let [UploadEntry { name, is_complete: true, offset_bytes: 9_000_000, .. }] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(name.as_deref(), Some("Prélude.flac"));
}

/// A server on a port that another one can be started on.
fn server_to_kill() -> (ServerProcess, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let data = Arc::new(TempDir::new().unwrap());
    (ServerProcess::start_on(data, &listen).unwrap(), listen)
}

/// The server is killed in the middle; the client tries until there is one again, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_outlives_a_server_that_is_killed() {
    let (server, listen) = server_to_kill();
    let ann = creator(&server).await;
    let slow = Trouble { pause: Duration::from_millis(1), ..Trouble::default() };
    let line = Line::to(&server, slow).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("master.flac");
    let bytes = pattern(40_000_000);
    fs::write(&file, &bytes).unwrap();

    let client = TusClient::start(&line.url, &ann, &file, &folder.path().join("memory"));
    let client = waiting(move || client.until_sent(20_000_000)).await;
    let data = server.kill().unwrap();
    let files: Vec<_> = fs::read_dir(data.path().join("uploads")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let left_bytes = files[0].as_ref().unwrap().metadata().unwrap().len();
    assert!((1..40_000_000).contains(&left_bytes), "killed at byte {left_bytes}");
    let server = ServerProcess::start_on(data, &listen).unwrap();
    let (n_retries, url) = waiting(move || client.finish()).await;
    assert!(n_retries >= 1);
    assert!(fs::read(kept(&server, &url)).unwrap() == bytes);
    assert_eq!(uploads(&ann).await.len(), 1, "it did not begin anew");
}

/// The client goes away in the middle, and so does the server; the next client goes on.
#[tokio::test(flavor = "multi_thread")]
async fn another_run_of_the_client_goes_on_at_another_run_of_the_server() {
    let (server, listen) = server_to_kill();
    let ann = creator(&server).await;
    let slow = Trouble { pause: Duration::from_millis(1), ..Trouble::default() };
    let line = Line::to(&server, slow).await;
    let folder = TempDir::new().unwrap();
    let (file, memory) = (folder.path().join("master.flac"), folder.path().join("memory"));
    let bytes = pattern(40_000_000);
    fs::write(&file, &bytes).unwrap();

    let client = TusClient::start(&line.url, &ann, &file, &memory);
    waiting(move || drop(client.until_sent(20_000_000))).await;
    let server = ServerProcess::start_on(server.kill().unwrap(), &listen).unwrap();
    let before = uploads(&ann).await;
    let at = before[0].offset_bytes;

    let mut client = TusClient::start(&line.url, &ann, &file, &memory);
    let (first_sent, url) = waiting(move || {
        let first_sent = client.next()["sent"].as_u64().unwrap();
        (first_sent, client.finish().1)
    })
    .await;
    assert!(at > 0 && first_sent >= at, "went on at {first_sent}, the server was at {at}");
    assert!(fs::read(kept(&server, &url)).unwrap() == bytes);
    let after = uploads(&ann).await;
    assert_eq!((after.len(), after[0].id), (1, before[0].id));
}

/// Sends that take longer than any other request may, beside requests that are answered meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn slow_pieces_keep_nobody_from_working() {
    let config = "[http]\nn_requests_max = 4\nrequest_timeout_s = 1\n";
    let server = ServerProcess::start_configured(config).unwrap();
    let ann = creator(&server).await;
    let mut sending = Vec::new();
    let n_sent = Arc::new(AtomicU64::new(0));
    for _ in 0..20 {
        let path = create(&ann, 1_000_000).await;
        let n_sent = n_sent.clone();
        let slow = futures::stream::unfold(0, move |n| {
            let n_sent = n_sent.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(150)).await;
                n_sent.fetch_add(1, Ordering::Relaxed);
                (n < 20).then(|| (Ok::<_, std::io::Error>(vec![0_u8; 50_000]), n + 1))
            }
        });
        let request = piece(&ann, &path, 0, Body::wrap_stream(slow));
        sending.push(tokio::spawn(request.send()));
    }
    while n_sent.load(Ordering::Relaxed) < 60 {
        assert_eq!(uploads(&ann).await.len(), 20);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for answer in sending {
        assert_eq!(answer.await.unwrap().unwrap().status(), 204);
    }
}

/// The one who comes later has it; the one before is told, and neither spoils the file.
#[tokio::test(flavor = "multi_thread")]
async fn two_clients_at_one_upload() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    let bytes = pattern(3_000_000);
    let path = create(&ann, 3_000_000).await;
    let begun = futures::stream::iter([Ok::<_, std::io::Error>(bytes[..1_500_000].to_vec())]);
    let silent = Body::wrap_stream(begun.chain(futures::stream::pending()));
    let first = tokio::spawn(piece(&ann, &path, 0, silent).send());
    let started = Instant::now();
    while uploads(&ann).await[0].offset_bytes == 0 {
        assert!(started.elapsed() < WAIT, "nothing comes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let at = offset(&ann, &path).await;
    assert!((1..=1_500_000).contains(&at), "{at}");
    assert_eq!(first.await.unwrap().unwrap().status(), 400);

    let stale = failure(sent(piece(&ann, &path, 0, bytes.clone())).await).await.unwrap();
    assert_eq!(stale.error.code, Code::Conflict);
    let rest = bytes[usize::try_from(at).unwrap()..].to_vec();
    // Both from the same byte: neither writes where the other does.
    let both = tokio::join!(
        sent(piece(&ann, &path, at, rest.clone())),
        sent(piece(&ann, &path, at, rest)),
    );
    for answer in [both.0, both.1] {
        assert!(matches!(answer.status().as_u16(), 204 | 400 | 409), "{}", answer.status());
    }
    let at = usize::try_from(offset(&ann, &path).await).unwrap();
    assert!(fs::read(kept(&server, &path)).unwrap() == bytes[..at]);
    assert_eq!(sent(piece(&ann, &path, at as u64, bytes[at..].to_vec())).await.status(), 204);
    assert!(fs::read(kept(&server, &path)).unwrap() == bytes);
}

#[tokio::test]
async fn uploads_of_others_are_not_there() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    let bob = other_creator(&server, &ann).await;
    let path = create(&ann, 10).await;
    for method in [Method::HEAD, Method::DELETE] {
        assert_eq!(sent(tus(&bob, method, &path)).await.status(), 404);
    }
    assert_eq!(sent(piece(&bob, &path, 0, "x")).await.status(), 404);
    assert!(uploads(&bob).await.is_empty());
    assert_eq!(offset(&ann, &path).await, 0);
}

#[tokio::test]
async fn a_creator_has_so_much_place() {
    let config = "[uploads]\nfile_mb_max = 2\nquota_mb = 3\n";
    let server = ServerProcess::start_configured(config).unwrap();
    let ann = creator(&server).await;
    let spoken = sent(ann.request(Method::OPTIONS, UPLOADS)).await;
    assert_eq!(spoken.headers()["tus-max-size"], "2000000");
    assert_eq!(sent(creation(&ann, 2_000_001)).await.status(), 413);
    let path = create(&ann, 2_000_000).await;
    let full = failure(sent(creation(&ann, 1_000_001)).await).await.unwrap();
    assert!(full.error.message.contains("place"), "{}", full.error.message);
    create(&ann, 1_000_000).await;
    // Of another, it is another place.
    create(&other_creator(&server, &ann).await, 2_000_000).await;
    assert_eq!(sent(tus(&ann, Method::DELETE, &path)).await.status(), 204);
    assert!(!kept(&server, &path).exists());
    create(&ann, 2_000_000).await;
}

#[tokio::test]
async fn an_erasure_takes_files_along() {
    let server = ServerProcess::start_configured("[privacy]\ncooling_off_days = 0\n").unwrap();
    let ann = creator(&server).await;
    let bob = other_creator(&server, &ann).await;
    let (hers, his) = (create(&ann, 10).await, create(&bob, 10).await);
    assert_eq!(sent(piece(&bob, &his, 0, "0123")).await.status(), 204);
    assert_eq!(fs::read(kept(&server, &his)).unwrap(), b"0123");
    let asked = sent(bob.request(Method::POST, "/api/v1/privacy/erasure")).await;
    assert_eq!(asked.status(), 202);
    let started = Instant::now();
    while kept(&server, &his).exists() {
        assert!(started.elapsed() < WAIT, "the file is there still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(offset(&ann, &hers).await, 0);
}

#[tokio::test]
async fn what_is_no_tus_is_told_so() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    let anyone = server.client().unwrap();
    let spoken = sent(anyone.request(Method::OPTIONS, UPLOADS)).await;
    assert_eq!(spoken.status(), 204);
    assert_eq!(spoken.headers()["tus-version"], "1.0.0");
    assert!(spoken.headers()["tus-extension"].to_str().unwrap().contains("checksum"));

    let path = create(&ann, 10).await;
    let without = sent(ann.request(Method::HEAD, &path)).await;
    assert_eq!(without.status(), 412);
    assert_eq!(without.headers()["tus-version"], "1.0.0");
    let untyped = tus(&ann, Method::PATCH, &path).header("upload-offset", 0).body("x");
    assert_eq!(sent(untyped).await.status(), 415);
    let conflict = failure(sent(piece(&ann, &path, 3, vec![0_u8; 3])).await).await.unwrap();
    assert_eq!(conflict.error.code, Code::Conflict);
    let longer = sent(piece(&ann, &path, 0, vec![0_u8; 11])).await;
    assert_eq!(longer.status(), 413);
    assert_eq!(offset(&ann, &path).await, 0);
    // First piece and beginning in one.
    let both = sent(creation(&ann, 5).header("content-type", PIECE).body("whole")).await;
    assert_eq!(both.status(), 201);
    assert_eq!(both.headers()["upload-offset"], "5");
    assert!(both.headers()["upload-expires"].to_str().unwrap().ends_with(" GMT"));
    // Of clients that know no other methods.
    let named =
        |method: &str| tus(&ann, Method::POST, &path).header("x-http-method-override", method);
    let appended = named("PATCH").header("upload-offset", 0).header("content-type", PIECE);
    assert_eq!(sent(appended.body("abc")).await.status(), 204);
    assert_eq!(sent(named("HEAD")).await.headers()["upload-offset"], "3");
    assert_eq!(sent(named("GET")).await.status(), 400);
    assert_eq!(sent(named("DELETE")).await.status(), 204);
    assert_eq!(sent(tus(&ann, Method::HEAD, &path)).await.status(), 404);
    assert!(!kept(&server, &path).exists());
}

#[tokio::test]
async fn a_piece_adds_up_or_is_not_kept() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    let path = create(&ann, 10).await;
    let with = |sum: &str| piece(&ann, &path, 0, "hello").header("upload-checksum", sum);
    for (sum, status) in [
        ("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 460),
        ("md5 XUFAKrxLKna5cZ2REBfFkg==", 400),
        ("sha1", 400),
        ("sha1 ???", 400),
        ("sha1 AAAA", 400),
    ] {
        assert_eq!(sent(with(sum)).await.status(), status, "{sum}");
        assert_eq!(offset(&ann, &path).await, 0);
    }
    assert_eq!(sent(with("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=")).await.status(), 204);
    assert_eq!(offset(&ann, &path).await, 5);
    assert_eq!(fs::read(kept(&server, &path)).unwrap(), b"hello");
}

#[tokio::test]
async fn hostile_headers() {
    let server = ServerProcess::start().unwrap();
    let ann = creator(&server).await;
    for length in ["-1", "x", "", "1e3", "0x10", "1 1", "99999999999999999999", "5000000000"] {
        let asked = tus(&ann, Method::POST, UPLOADS).header("upload-length", length);
        let status = sent(asked).await.status();
        assert!(matches!(status.as_u16(), 400 | 413), "{length:?}: {status}");
    }
    let deferred = tus(&ann, Method::POST, UPLOADS).header("upload-defer-length", "1");
    assert_eq!(sent(deferred).await.status(), 400);
    let twice = creation(&ann, 1).header("upload-length", 2);
    assert_eq!(sent(twice).await.status(), 400);
    let long = "x".repeat(5_000);
    for said in ["filename ???", "a YQ==,a YQ==", "filename //79", "filename AAAA", &long, "\u{e4}"]
    {
        let asked = creation(&ann, 1).header("upload-metadata", said);
        assert_eq!(sent(asked).await.status(), 400, "{said:.20}");
    }
    assert!(uploads(&ann).await.is_empty());

    // `../../etc/passwd`: a name is for people, and never a path.
    let asked = creation(&ann, 1).header("upload-metadata", "filename Li4vLi4vZXRjL3Bhc3N3ZA==");
    let path = sent(asked).await.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(uploads(&ann).await[0].name.as_deref(), Some("passwd"));
    assert!(kept(&server, &path).is_file());
    for offset in ["-1", "x", "", "99999999999999999999", "18446744073709551615"] {
        let asked = tus(&ann, Method::PATCH, &path).header("upload-offset", offset);
        let asked = asked.header("content-type", PIECE).body("x");
        assert_eq!(sent(asked).await.status(), 400, "{offset:?}");
    }
    for version in ["0.2.2", "1", "", "\u{e4}"] {
        let asked = ann.request(Method::HEAD, &path).header("tus-resumable", version);
        let status = sent(asked).await.status();
        assert!(matches!(status.as_u16(), 400 | 412), "{version:?}: {status}");
    }
    assert_eq!(offset(&ann, &path).await, 0);
}

/// What does not fit on the disk is not lost: it goes on once there is room.
#[tokio::test]
async fn a_full_disk_is_told_and_gone_on_from() {
    let server = ServerProcess::start_on_disk_of(24 * 1024 * 1024).unwrap();
    let ann = creator(&server).await;
    let is_about_the_disk = async |refused: Response| {
        let refused = failure(refused).await.unwrap().error;
        assert_eq!(refused.code, Code::Unavailable);
        assert!(refused.message.contains("disk"), "{}", refused.message);
    };
    is_about_the_disk(sent(creation(&ann, 28_000_000)).await).await;
    assert!(uploads(&ann).await.is_empty(), "what cannot be there is not begun");
    // Each of these alone has room.
    let (first, second) = (create(&ann, 12_000_000).await, create(&ann, 12_000_000).await);
    let bytes = pattern(12_000_000);
    assert_eq!(sent(piece(&ann, &first, 0, bytes.clone())).await.status(), 204);
    is_about_the_disk(sent(piece(&ann, &second, 0, bytes.clone())).await).await;
    let kept = uploads(&ann).await.iter().map(|upload| upload.offset_bytes).min().unwrap();
    assert!(kept > 0, "what came is kept");
    assert_eq!(sent(tus(&ann, Method::DELETE, &first)).await.status(), 204);
    let rest = bytes[usize::try_from(kept).unwrap()..].to_vec();
    assert_eq!(sent(piece(&ann, &second, kept, rest)).await.status(), 204);
}
