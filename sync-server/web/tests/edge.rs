//! The layers around all routes, over a real connection.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderValue, Method, StatusCode},
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use web::{
    auth::Keys,
    edge::{self, Limits, Settings},
};

const WAIT: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn start(routes: Router, settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
    let router = edge::around(routes, keys, &settings);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        edge::serve(listener, router, &settings.limits, async { drop(stopped.await) }).await;
    });
    Server { address, stop, serving }
}

impl Server {
    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The whole answer as text.
    async fn ask(&self, request: &str) -> String {
        read(self.send(request).await).await
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&get_request(path)).await
    }
}

fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
}

async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let end = tokio::time::timeout(WAIT, stream.read_to_end(&mut answer)).await;
    end.expect("an end of the answer").unwrap();
    String::from_utf8(answer).unwrap()
}

fn limits() -> Limits {
    Limits { drain_timeout: Duration::from_secs(5), ..Limits::default() }
}

fn settings(limits: Limits) -> Settings {
    Settings { limits, ..Settings::default() }
}

#[tokio::test]
async fn a_panic_is_one_answer_and_the_server_goes_on() {
    async fn panics() {
        panic!("a bug");
    }
    let routes = Router::new().route("/panic", get(panics)).route("/fine", get(async || "fine"));
    let server = start(routes, settings(limits())).await;
    let answer = server.get("/panic").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains(r#""code":"internal""#) && !answer.contains("a bug"), "{answer}");
    assert!(server.get("/fine").await.ends_with("fine"));
}

#[tokio::test]
async fn a_handler_has_a_bounded_time() {
    let routes = Router::new().route("/", get(std::future::pending::<()>));
    let limits = Limits { request_timeout: Duration::from_millis(50), ..limits() };
    let answer = start(routes, settings(limits)).await.get("/").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after"), "{answer}");
}

#[tokio::test]
async fn beyond_its_bound_the_server_says_so() {
    let routes = Router::new().route("/", get(std::future::pending::<()>));
    let limits = Limits { n_requests_max: 1, ..limits() };
    let server = start(routes, settings(limits)).await;
    let _at_work = server.send(&get_request("/")).await;
    let answer = server.get("/").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("too much to do"), "{answer}");
}

/// Bodies that never came kept everybody else from being answered.
#[tokio::test]
async fn who_sends_slowly_takes_nobodys_place() {
    let routes = Router::new().route("/", get(async || "fine").post(async |_: String| "taken"));
    let limits = Limits { n_requests_max: 1, ..limits() };
    let server = start(routes, settings(limits)).await;
    let head = "POST / HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: 4\r\n\r\n";
    let mut slow = server.send(&format!("{head}bo")).await;
    for _ in 0..3 {
        assert!(server.get("/").await.ends_with("fine"));
    }
    slow.write_all(b"dy").await.unwrap();
    assert!(read(slow).await.ends_with("taken"));
}

/// A route that takes files reads them itself, beyond the bounds of others; where it reads nothing,
/// the sender gets to see the answer all the same.
#[tokio::test]
async fn routes_that_are_named_read_their_bodies_themselves() {
    async fn length(body: Body) -> String {
        to_bytes(body, usize::MAX).await.unwrap().len().to_string()
    }
    let routes = Router::new()
        .route("/file", post(length))
        .route("/refused", post(async || (StatusCode::FORBIDDEN, "no")))
        .route("/other", post(length));
    let streamed = vec![(Method::POST, "/file"), (Method::POST, "/refused")];
    let limits = Limits { n_requests_max: 1, ..limits() };
    let server = start(routes, Settings { streamed, ..settings(limits) }).await;
    let ask = async |path: &str| {
        let head = "HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: 2000000\r\n\r\n";
        server.ask(&format!("POST {path} {head}{}", "x".repeat(2_000_000))).await
    };
    assert!(ask("/file").await.ends_with("\r\n\r\n2000000"));
    let refused = ask("/refused").await;
    assert!(refused.starts_with("HTTP/1.1 403") && refused.ends_with("no"), "{refused}");
    assert!(ask("/other").await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_loses_it() {
    let routes = Router::new().route("/", get(async || vec![0_u8; 64 << 20]));
    let limits = Limits { stall_timeout: Duration::from_millis(100), ..limits() };
    let server = start(routes, settings(limits)).await;
    let stream = server.send(&get_request("/")).await;
    let Server { stop, serving, .. } = server;
    // Its answer under way is what stopping would wait for, 5 s long.
    stop.send(()).unwrap();
    let began = tokio::time::Instant::now();
    tokio::time::timeout(WAIT, serving).await.expect("an end").unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for who takes nothing");
    drop(stream);
}

#[tokio::test]
async fn connections_that_say_nothing_end() {
    let limits = Limits { head_timeout: Duration::from_millis(100), ..limits() };
    let server = start(Router::new(), settings(limits)).await;
    for silence in ["", "GET / HTTP/1.1\r\nhost:"] {
        let answer = read(server.send(silence).await).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

/// A silent connection keeps its place for a shorter time than one that has asked before.
#[tokio::test]
async fn the_first_request_has_less_time_than_the_next() {
    let limits = Limits { first_head_timeout: Duration::from_millis(300), ..limits() };
    let routes = Router::new().route("/fine", get(async || "fine"));
    let server = start(routes, settings(limits)).await;
    let mut asked = server.send("GET /fine HTTP/1.1\r\nhost: test\r\n\r\n").await;
    for silence in ["", "GET / HTTP/1.1\r\nhost:"] {
        assert_eq!(read(server.send(silence).await).await, "");
    }
    asked.write_all(get_request("/fine").as_bytes()).await.unwrap();
    assert_eq!(read(asked).await.matches("200 OK").count(), 2);
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection_only() {
    let routes = Router::new().route("/fine", get(async || "fine"));
    let server = start(routes, settings(limits())).await;
    let head = "x".repeat(600_000);
    for nonsense in [
        "\0\0\0\0",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1} TLS hello\r\n\r\n",
        "GET / HTTP/1.1\r\nhost test\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: nonsense\r\n\r\n",
    ] {
        let answer = read(server.send(nonsense).await).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{nonsense:?}: {answer}");
        assert!(answer.contains(r#"{"error":{"code":"invalid_request""#), "{nonsense:?}: {answer}");
        assert!(answer.contains("nosniff"), "{nonsense:?}: {answer}");
    }
    // A head without end: the server stops reading, and may hang up while we still write.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(format!("GET /{head} HTTP/1.1\r\n").as_bytes()).await;
    assert!(server.get("/fine").await.ends_with("fine"));
}

#[tokio::test]
async fn answers_carry_an_id_and_security_headers() {
    let server = start(Router::new(), settings(limits())).await;
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let given =
        format!("GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\nx-request-id: {id}\r\n\r\n");
    let answer = server.ask(&given).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(answer.matches(id).count(), 2, "in the header and in the envelope: {answer}");
    for header in ["content-security-policy: default-src 'none'", "nosniff", "no-referrer"] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    assert!(!answer.contains("access-control-"), "CORS is closed: {answer}");
    let forged = given.replace(id, "x");
    assert!(!server.ask(&forged).await.contains("x-request-id: x\r"));
}

#[tokio::test]
async fn pages_of_named_origins_only_may_call() {
    let origin = HeaderValue::from_static("https://a.example");
    let settings = Settings { cors_origins: vec![origin], ..settings(limits()) };
    let routes = Router::new().route("/", get(async || "fine"));
    let server = start(routes, settings).await;
    let from = |origin: &str| {
        format!("GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\norigin: {origin}\r\n\r\n")
    };
    let named = server.ask(&from("https://a.example")).await;
    assert!(named.contains("access-control-allow-origin: https://a.example"), "{named}");
    let other = server.ask(&from("https://b.example")).await;
    assert!(!other.contains("access-control-allow-origin"), "{other}");
}

#[tokio::test]
async fn stopping_waits_for_answers_but_not_for_ever() {
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    };
    let routes =
        Router::new().route("/slow", get(slow)).route("/never", get(std::future::pending::<()>));
    let limits = Limits { drain_timeout: Duration::from_secs(2), ..limits() };
    let server = start(routes, settings(limits)).await;
    let slow = server.send(&get_request("/slow")).await;
    let _never = server.send(&get_request("/never")).await;
    // Both are under way once a third one is answered on the same loop.
    server.get("/").await;
    let Server { stop, serving, .. } = server;
    stop.send(()).unwrap();
    assert!(read(slow).await.ends_with("slow"));
    tokio::time::timeout(WAIT, serving).await.expect("an end").unwrap();
}
