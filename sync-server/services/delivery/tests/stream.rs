//! The stream through its router: what comes back is right, or nothing comes back.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use api::{catalog::StreamUrl, error::Envelope};
use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    http::{Method, Request, Response, header},
};
use domain::{AccountId, DeviceId, SessionId, TrackId, plan::Tier};
use futures::StreamExt as _;
use svc_delivery::{
    Service,
    peer::{PeerError, Source, Sources},
};
use tower::ServiceExt as _;
use web::auth::{Claims, Keys};

/// A library in a folder.
#[derive(Default)]
struct Library(Mutex<HashMap<TrackId, Source>>);

#[async_trait]
impl Sources for Library {
    async fn source(&self, track: TrackId) -> Result<Option<Source>, PeerError> {
        Ok(self.0.lock().unwrap().get(&track).cloned())
    }
}

struct Site {
    router: Router,
    keys: Keys,
    library: Arc<Library>,
    folder: tempfile::TempDir,
}

fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 + i / 251) as u8).collect()
}

fn id(n: u8) -> TrackId {
    TrackId::new(1, [n; 10])
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Site {
    fn open() -> Self {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let library = Arc::new(Library::default());
        let service = Arc::new(Service::new(library.clone()));
        let (router, _) = svc_delivery::routes(service).split_for_parts();
        let router = router.layer(Extension(keys.clone()));
        Self { router, keys, library, folder: tempfile::tempdir().unwrap() }
    }

    /// Imports a file.
    fn add(&self, n: u8, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(format!("{n}.flac"));
        fs::write(&path, bytes).unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let source = Source {
            path: path.clone(),
            size_bytes: bytes.len() as u64,
            mtime_us: modified.duration_since(UNIX_EPOCH).unwrap().as_micros() as i64,
            content_hash: [n; 32],
            content_type: "audio/flac".into(),
        };
        self.library.0.lock().unwrap().insert(id(n), source);
        path
    }

    fn request(&self, method: Method, n: u8) -> axum::http::request::Builder {
        let claims = Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(1, [1; 10]),
            device: DeviceId::new(1, [3; 10]),
            tier: Tier::Free,
            roles: Vec::new(),
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s: now_s() + 600,
        };
        let token = self.keys.sign(&claims, now_s()).unwrap();
        Request::builder()
            .method(method)
            .uri(format!("/api/v1/tracks/{}/stream", id(n)))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
    }

    async fn send(&self, request: axum::http::request::Builder) -> Response<Body> {
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn get(&self, n: u8) -> Response<Body> {
        self.send(self.request(Method::GET, n)).await
    }

    async fn range(&self, n: u8, range: &str) -> Response<Body> {
        self.send(self.request(Method::GET, n).header(header::RANGE, range)).await
    }
}

async fn body(response: Response<Body>) -> Bytes {
    to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

fn head(response: &Response<Body>, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_whole_and_its_parts_are_exact() {
    let site = Site::open();
    let bytes = pattern(1_000_000);
    site.add(1, &bytes);
    let whole = site.get(1).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(head(&whole, header::CONTENT_LENGTH), "1000000");
    assert_eq!(head(&whole, header::CONTENT_TYPE), "audio/flac");
    assert_eq!(head(&whole, header::ACCEPT_RANGES), "bytes");
    assert!(head(&whole, header::CACHE_CONTROL).starts_with("private"));
    assert!(body(whole).await == bytes);
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1_000_000),
        ("bytes=32767-32768", 32_767, 32_769),
        ("bytes=500000-", 500_000, 1_000_000),
        ("bytes=-7", 999_993, 1_000_000),
        ("bytes=999999-5000000", 999_999, 1_000_000),
    ] {
        let part = site.range(1, range).await;
        assert_eq!(part.status(), 206, "{range}");
        let content_range = format!("bytes {start}-{}/1000000", end - 1);
        assert_eq!(head(&part, header::CONTENT_RANGE), content_range);
        assert_eq!(head(&part, header::CONTENT_LENGTH), (end - start).to_string());
        assert!(body(part).await == bytes[start..end], "{range}");
    }
    let several = site.range(1, "bytes=0-1,5-6").await;
    assert_eq!(several.status(), 200);
    let outside = site.range(1, "bytes=1000000-").await;
    assert_eq!(outside.status(), 416);
    assert_eq!(head(&outside, header::CONTENT_RANGE), "bytes */1000000");
    serde_json::from_slice::<Envelope>(&body(outside).await).unwrap();
}

#[tokio::test]
async fn head_says_the_same_without_the_bytes() {
    let site = Site::open();
    site.add(1, &pattern(5_000));
    let response =
        site.send(site.request(Method::HEAD, 1).header(header::RANGE, "bytes=0-9")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(head(&response, header::CONTENT_LENGTH), "5000");
    assert_eq!(head(&response, header::ACCEPT_RANGES), "bytes");
    assert!(body(response).await.is_empty());
}

#[tokio::test]
async fn an_empty_file_is_empty() {
    let site = Site::open();
    site.add(1, b"");
    let response = site.get(1).await;
    assert_eq!((response.status().as_u16(), head(&response, header::CONTENT_LENGTH)), (200, "0"));
    assert_eq!(site.range(1, "bytes=0-").await.status(), 416);
}

#[tokio::test]
async fn tags_decide_on_what_is_sent() {
    let site = Site::open();
    site.add(1, &pattern(100));
    let tag = head(&site.get(1).await, header::ETAG).to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "strong: {tag}");
    let with = async |headers: &[(header::HeaderName, &str)]| {
        let request = site.request(Method::GET, 1);
        let request = headers.iter().fold(request, |r, (name, value)| r.header(name, *value));
        site.send(request).await.status().as_u16()
    };
    assert_eq!(with(&[(header::IF_NONE_MATCH, &tag)]).await, 304);
    assert_eq!(with(&[(header::IF_NONE_MATCH, "\"x\"")]).await, 200);
    assert_eq!(with(&[(header::IF_MATCH, "\"x\"")]).await, 412);
    assert_eq!(with(&[(header::IF_MATCH, &tag), (header::RANGE, "bytes=0-1")]).await, 206);
    assert_eq!(with(&[(header::IF_RANGE, &tag), (header::RANGE, "bytes=0-1")]).await, 206);
    assert_eq!(with(&[(header::IF_RANGE, "\"x\""), (header::RANGE, "bytes=0-1")]).await, 200);
}

#[tokio::test]
async fn only_who_is_signed_in_gets_bytes() {
    let site = Site::open();
    site.add(1, &pattern(100));
    let path = format!("/api/v1/tracks/{}/stream", id(1));
    let status = async |uri: &str| site.send(Request::get(uri)).await.status().as_u16();
    assert_eq!(status(&path).await, 401);
    let forged = site.send(Request::get(&path).header(header::AUTHORIZATION, "Bearer x.y.z")).await;
    assert_eq!(forged.status(), 401);

    let asked = site.request(Method::POST, 1).uri(format!("{path}-url"));
    let answer = site.send(asked).await;
    assert_eq!(answer.status(), 200);
    let signed: StreamUrl = serde_json::from_slice(&body(answer).await).unwrap();
    assert_eq!(status(&signed.url).await, 200);
    let life_us = signed.expires_at_us - now_s().cast_signed() * 1_000_000;
    assert!((1..=3_600_000_000).contains(&life_us), "{life_us}");
    // For this track, this account and this time only.
    site.add(2, &pattern(100));
    let other = signed.url.replace(&id(1).to_string(), &id(2).to_string());
    assert_eq!(status(&other).await, 401);
    let (before, rest) = signed.url.split_once("expires=").unwrap();
    assert_eq!(status(&format!("{before}expires=9{rest}")).await, 401);
    assert_eq!(status(&signed.url[..signed.url.len() - 1]).await, 401);
    let unsigned = site.send(Request::post(format!("{path}-url"))).await;
    assert_eq!(unsigned.status(), 401);
    // Signing out ends it.
    assert_eq!(status(&signed.url).await, 200);
    site.keys.end_session(SessionId::new(1, [1; 10]), now_s());
    assert_eq!(status(&signed.url).await, 401);
}

/// Each answer that nobody read held one of the threads that everything else needs as well.
#[tokio::test]
async fn listeners_who_do_not_read_hold_no_thread() {
    let site = Site::open();
    site.add(1, &pattern(4_000_000));
    let mut unread = Vec::new();
    for _ in 0..600 {
        let mut body = site.get(1).await.into_body().into_data_stream();
        body.next().await.unwrap().unwrap();
        unread.push(body);
    }
    assert_eq!(tokio::task::spawn_blocking(|| 1).await.unwrap(), 1);
    assert_eq!(body(site.range(1, "bytes=7-8").await).await.len(), 2);
    drop(unread);
}

#[tokio::test]
async fn a_changed_or_missing_file_is_never_served() {
    let site = Site::open();
    let path = site.add(1, &pattern(100));
    assert_eq!(site.get(1).await.status(), 200);
    fs::write(&path, pattern(101)).unwrap();
    assert_eq!(site.get(1).await.status(), 404);

    let path = site.add(2, &pattern(100));
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(5)).unwrap();
    assert_eq!(site.get(2).await.status(), 404, "same size, other time");

    let path = site.add(3, &pattern(100));
    fs::remove_file(&path).unwrap();
    let gone = site.get(3).await;
    assert_eq!(gone.status(), 404);
    let envelope: Envelope = serde_json::from_slice(&body(gone).await).unwrap();
    assert!(envelope.error.message.contains("not available"), "{envelope:?}");
    assert!(!envelope.error.message.contains(path.to_str().unwrap()), "no path goes out");

    fs::create_dir(&path).unwrap();
    assert_eq!(site.get(3).await.status(), 404, "a folder in its place");
    assert_eq!(site.get(9).await.status(), 404, "never imported");
    for bad in ["..%2F..%2Fetc%2Fpasswd", "1", "%00", "%ff"] {
        let request = site.request(Method::GET, 1).uri(format!("/api/v1/tracks/{bad}/stream"));
        assert_eq!(site.send(request).await.status(), 400, "{bad}");
    }
}

#[tokio::test]
async fn a_file_that_changes_under_way_breaks_off() {
    let site = Site::open();
    let bytes = pattern(20_000_000);
    let path = site.add(1, &bytes);
    let mut pieces = site.get(1).await.into_body().into_data_stream();
    let first = pieces.next().await.unwrap().unwrap();
    assert!(bytes.starts_with(&first));
    fs::write(&path, vec![0; 20_000_000]).unwrap();
    let (mut n_read, mut broke) = (first.len(), false);
    while let Some(piece) = pieces.next().await {
        match piece {
            // What was read ahead before the change is still right.
            Ok(piece) => {
                assert!(piece == bytes[n_read..n_read + piece.len()], "wrong bytes went out");
                n_read += piece.len();
            }
            Err(_) => broke = true,
        }
    }
    assert!(broke && n_read < bytes.len(), "{n_read}");
}

/// A client that leaves, or never reads, costs a few pieces of memory and then nothing: the file
/// is closed as soon as the answer is dropped.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn reading_stops_with_the_client() {
    let site = Site::open();
    let path = site.add(1, &pattern(30_000_000));
    let mut pieces = site.get(1).await.into_body().into_data_stream();
    pieces.next().await.unwrap().unwrap();
    assert!(is_open(&path));
    drop(pieces);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while is_open(&path) {
        assert!(std::time::Instant::now() < deadline, "the file stays open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether this process has the file open.
#[cfg(target_os = "linux")]
fn is_open(path: &std::path::Path) -> bool {
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .any(|link| fs::read_link(link.path()).is_ok_and(|target| target == path))
}
