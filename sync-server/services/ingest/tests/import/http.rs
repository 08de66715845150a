//! The operator's routes, as a program meets them.

use std::sync::Arc;

use api::{
    error::{Code, Envelope},
    imports::{Import, ImportState},
};
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use domain::{AccountId, DeviceId, Role, SessionId, plan::Tier};
use futures::StreamExt as _;
use tower::ServiceExt as _;
use web::auth::{Claims, Keys};

use crate::fixture::{Fixture, tone};

struct Edge {
    router: Router,
    keys: Keys,
}

impl Edge {
    fn new(library: &Fixture) -> Self {
        let keys = Keys::from_seeds(&[[7; 32]]).unwrap();
        let (router, _) = svc_ingest::routes(Arc::clone(&library.service)).split_for_parts();
        Self { router: router.layer(Extension(keys.clone())), keys }
    }

    async fn ask(&self, method: &str, path: &str, role: Role, body: &str) -> (StatusCode, Body) {
        let now_s =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(1, [2; 10]),
            device: DeviceId::new(1, [3; 10]),
            tier: Tier::Free,
            roles: vec![role],
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s: now_s + 600,
        };
        let token = self.keys.sign(&claims, now_s).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        (response.status(), response.into_body())
    }
}

async fn read<T: serde::de::DeserializeOwned>(body: Body) -> T {
    serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_started_watched_and_viewed() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    for n in 0..6 {
        library.ffmpeg(&tone(300 + 10 * n, 30.0), "", &format!("{n}.flac"));
    }
    let edge = Edge::new(&library);
    let start = serde_json::json!({ "directory": library.folder.path() }).to_string();
    let (status, body) = edge.ask("POST", "/api/v1/imports", Role::Owner, &start).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let import: Import = read(body).await;
    assert_eq!(import.state, ImportState::Scanning);
    let (status, body) = edge.ask("POST", "/api/v1/imports", Role::Owner, &start).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let envelope: Envelope = read(body).await;
    assert!(envelope.error.hint.contains(&import.id.to_string()), "{envelope:?}");

    let path = format!("/api/v1/imports/{}", import.id);
    let (status, body) = edge.ask("GET", &format!("{path}/events"), Role::Owner, "").await;
    assert_eq!(status, StatusCode::OK);
    // Ends by itself: with the import.
    let mut text = String::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let events: Vec<(&str, Import)> = text
        .split("\n\n")
        .filter_map(|event| event.split_once("\ndata: "))
        .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
        .collect();
    let (last, rest) = events.split_last().unwrap();
    assert!(rest.iter().all(|(name, _)| *name == "event: progress"), "{text}");
    assert_eq!((last.0, last.1.state, last.1.n_added), ("event: end", ImportState::Done, 6));
    assert!(last.1.realtime_x > 1.0 && last.1.files_per_s > 0.0, "{last:?}");
    assert!(rest.iter().is_sorted_by_key(|(_, import)| import.n_done));

    let (status, body) = edge.ask("GET", &path, Role::Owner, "").await;
    assert_eq!((status, read::<Import>(body).await), (StatusCode::OK, last.1.clone()));
    // Of an import that is over, the end is told at once.
    let (_, body) = edge.ask("GET", &format!("{path}/events"), Role::Owner, "").await;
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    assert!(bytes.starts_with(b"event: end\n"), "{bytes:?}");
}

/// Of an import in another process there was one event, that claimed to be the end.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_another_process_is_watched_to_its_end() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    library.ffmpeg(&tone(440, 240.0), "", "long.flac");
    let (locks, told) = (library.locks.path(), library.told.clone());
    let other = crate::fixture::open(&db, locks, told, crate::fixture::worker()).await;
    let running = other.import_start(library.folder.path()).await.unwrap();
    let edge = Edge::new(&library);
    let path = format!("/api/v1/imports/{}/events", running.id);
    let (status, body) = edge.ask("GET", &path, Role::Owner, "").await;
    assert_eq!(status, StatusCode::OK);
    let text = to_bytes(body, 1 << 20).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    let (_, last) = text.trim_end().rsplit_once("event: end\ndata: ").unwrap();
    let last: Import = serde_json::from_str(last).unwrap();
    assert_eq!((last.state, last.n_added), (ImportState::Done, 1), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_owners_and_only_what_there_is() {
    let db = engine_sql::testing::sqlite().await;
    let library = Fixture::new(&db).await;
    let edge = Edge::new(&library);
    let unknown = "/api/v1/imports/01890a5d-ac96-774b-bcce-b302099a8057";
    let events = format!("{unknown}/events");
    let folder = serde_json::json!({ "directory": library.folder.path() }).to_string();
    for (method, path, role, body, status, code) in [
        ("POST", "/api/v1/imports", Role::Listener, folder.as_str(), 403, Code::Forbidden),
        ("GET", unknown, Role::Listener, "", 403, Code::Forbidden),
        ("GET", events.as_str(), Role::Listener, "", 403, Code::Forbidden),
        ("GET", unknown, Role::Owner, "", 404, Code::NotFound),
        ("GET", events.as_str(), Role::Owner, "", 404, Code::NotFound),
        ("GET", "/api/v1/imports/..%2f..", Role::Owner, "", 400, Code::InvalidRequest),
        ("POST", "/api/v1/imports", Role::Owner, "{}", 400, Code::InvalidRequest),
        ("POST", "/api/v1/imports", Role::Owner, r#"{"directory":"x"}"#, 400, Code::InvalidRequest),
        (
            "POST",
            "/api/v1/imports",
            Role::Owner,
            r#"{"directory":"/no/such"}"#,
            400,
            Code::InvalidRequest,
        ),
    ] {
        let (got, answer) = edge.ask(method, path, role, body).await;
        assert_eq!(got.as_u16(), status, "{method} {path} {body}");
        assert_eq!(read::<Envelope>(answer).await.error.code, code, "{method} {path} {body}");
    }
}
