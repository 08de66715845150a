//! Who may do what: every route of the OpenAPI document is in this table, and holds to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api_tests::{
    Client, ServerProcess,
    client::failure,
    openapi::{self, Operation},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use web::auth::{Claims, Keys};

/// Whom a route lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anyone,
    Listener,
    Owner,
    /// Anyone on this machine; from elsewhere, the owner.
    Local,
}

const TABLE: &[(&str, Who)] = &[
    ("root_view", Who::Anyone),
    ("docs_view", Who::Anyone),
    ("openapi_view", Who::Anyone),
    ("health_view", Who::Anyone),
    ("ready_view", Who::Anyone),
    ("metrics_view", Who::Local),
    ("account_create", Who::Anyone),
    ("account_view", Who::Listener),
    ("session_create", Who::Anyone),
    ("session_refresh", Who::Anyone),
    ("session_delete", Who::Listener),
    ("jwks_view", Who::Anyone),
    ("artist_list", Who::Listener),
    ("artist_view", Who::Listener),
    ("release_list", Who::Listener),
    ("release_view", Who::Listener),
    ("track_list", Who::Listener),
    ("track_view", Who::Listener),
    // Ids of covers are hashes that only those know who may see them.
    ("cover_view", Who::Anyone),
    ("play_report", Who::Listener),
    ("search", Who::Listener),
    ("search_rebuild", Who::Owner),
    // Also with a signed URL, which only a listener gets.
    ("track_stream", Who::Listener),
    ("track_stream_head", Who::Listener),
    ("stream_url_create", Who::Listener),
    ("import_start", Who::Owner),
    ("import_view", Who::Owner),
    ("import_events", Who::Owner),
];

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn every_route_lets_in_whom_the_table_names() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let listener = anyone.listener("listener@example.org").await.unwrap();
    let operations = openapi::operations(&anyone).await.unwrap();
    assert!(operations.len() >= TABLE.len());

    for operation in &operations {
        let who = TABLE.iter().find(|(id, _)| *id == operation.id);
        let (_, who) = who.unwrap_or_else(|| panic!("{}: who may? Add it to TABLE", operation.id));
        check(&anyone, operation, matches!(who, Who::Anyone | Who::Local), 401).await;
        if operation.id == "session_delete" {
            // It ends the session it is asked with.
            let once = anyone.sign_in("listener@example.org").await.unwrap();
            check(&anyone.clone().with_token(once.access_token), operation, true, 401).await;
            continue;
        }
        check(&listener, operation, matches!(who, Who::Anyone | Who::Listener), 403).await;
        check(&owner, operation, true, 403).await;
    }
    for (id, _) in TABLE {
        assert!(operations.iter().any(|operation| operation.id == *id), "{id} is gone");
    }
}

#[tokio::test]
async fn metrics_from_elsewhere_are_for_owners() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let forwarded = |client: &Client| {
        client
            .request(reqwest::Method::GET, "/metrics")
            .header("x-forwarded-for", "192.0.2.1")
            .send()
    };
    assert_eq!(forwarded(&anyone).await.unwrap().status(), 401);
    let metrics = forwarded(&owner).await.unwrap();
    assert_eq!(metrics.status(), 200);
    let text = metrics.text().await.unwrap();
    let sign_ups = "http_request_duration_seconds_bucket{method=\"POST\",\
                    route=\"/api/v1/accounts\",status=\"2xx\"";
    assert!(text.contains(sign_ups), "{text}");
}

#[tokio::test]
async fn only_genuine_fresh_tokens_open_a_door() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let listener = anyone.listener("owner@example.org").await.unwrap();
    let good = listener.token.clone().unwrap();
    let claims = server_keys(&server).verify(&good).unwrap();
    let expired = Claims { expires_at_s: 1_000_000, ..claims.clone() };
    let expired = server_keys(&server).sign(&expired, 999_000).unwrap();
    let foreign = Keys::from_seeds(&[[9; 32]]).unwrap().sign(&claims, 0).unwrap();
    let (head, rest) = good.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let bad = [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        "\u{fffd}".to_owned(),
        "x".repeat(20_000),
        format!("{none}.{rest}"),
        format!("{head}.{}", &rest[1..]),
        good[..good.len() - 2].to_owned(),
        expired,
        foreign,
    ];
    for operation in openapi::operations(&anyone).await.unwrap() {
        if operation.is_open {
            continue;
        }
        for token in &bad {
            check(&anyone.clone().with_token(token), &operation, false, 401).await;
        }
        for scheme in ["Basic YTpi", "Bearer", "bearer  ", "Bearer\t"] {
            let request = anyone.request(operation.method.clone(), &operation.path_with(NOBODY));
            let answer = request.header("authorization", scheme).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{} with {scheme:?}", operation.id);
        }
    }
}

/// The document and the handlers must agree about who needs a token at all.
#[tokio::test]
async fn the_document_says_what_needs_a_token() {
    let server = ServerProcess::start().unwrap();
    for operation in openapi::operations(&server.client().unwrap()).await.unwrap() {
        let (_, who) = TABLE.iter().find(|(id, _)| *id == operation.id).unwrap();
        let is_open = matches!(who, Who::Anyone | Who::Local);
        assert_eq!(operation.is_open, is_open, "{}", operation.id);
    }
}

/// Asks without a body: those who are let in get as far as the question itself.
async fn check(client: &Client, operation: &Operation, is_let_in: bool, otherwise: u16) {
    let request = client.request(operation.method.clone(), &operation.path_with(NOBODY));
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let asked = format!("{} {}", operation.method, operation.path);
    if is_let_in {
        assert!(
            !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
            "{asked}: {status}"
        );
        assert!(!status.is_server_error(), "{asked}: {status}");
    } else {
        assert_eq!(status, otherwise, "{asked}");
        if operation.method != reqwest::Method::HEAD {
            failure(answer).await.unwrap();
        }
    }
}

fn server_keys(server: &ServerProcess) -> Keys {
    let file = std::fs::read_to_string(server.data().path().join("signing-keys")).unwrap();
    let seed = URL_SAFE_NO_PAD.decode(file.trim()).unwrap();
    Keys::from_seeds(&[seed.try_into().unwrap()]).unwrap()
}
