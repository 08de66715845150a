//! Bad input on every route of the OpenAPI document gets 4xx with the envelope, never 5xx, and
//! the server goes on.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::collections::BTreeMap;

use api::{
    catalog::Page,
    error::Envelope,
    imports::{Import, ImportState},
    roles::RoleChange,
};
use api_tests::{
    Client, ServerProcess,
    client::{failure, success},
    music,
    openapi::{self, Operation},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Role, Track};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// In the place of an id. None is one.
const BAD_IDS: &[&str] = &[
    "x",
    "0",
    "-1",
    "null",
    "00000000-0000-7000-8000-00000000000",
    "00000000-0000-7000-8000-000000000000",
    "' OR 1=1 --",
    "1;DROP TABLE account",
    "..%2F..%2F..%2Fetc%2Fpasswd",
    "%2e%2e%2f%2e%2e%2f",
    "..%5C..%5Cwindows",
    "%00",
    "a%00b",
    "%FF%FE",
    "%ED%A0%80",
    "%F0%9F%8E%B5",
    "%E2%80%AE",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "%0d%0aset-cookie:a=b",
];

/// In the place of a query parameter that is a number or one of a few words.
const BAD_VALUES: &[&str] = &[
    "",
    "x",
    "-1",
    "1.5",
    "1e3",
    "NaN",
    "99999999999999999999999",
    "0x10",
    "true,false",
    "[]",
    "' OR '1'='1",
    "1;DROP TABLE account",
    "../../etc/passwd",
    "%00",
    "%FF",
    "%C3%28",
    "%F0%9F%8E%B5",
];

/// In the place of text: may well be looked for, and must do no harm.
const ODD_TEXT: &[&str] = &[
    "",
    "%20",
    "'",
    "\"",
    "' OR '1'='1",
    "%25%25_",
    "\\",
    "* AND NOT (a:b) ^~",
    "title:%22a%22~1000000",
    "((((((((((((((((((((((",
    "NOT",
    "%E2%80%AE%F0%9F%8E%B5%CC%81%CC%81%CC%81",
    "../../etc/passwd",
    "<script>",
    "%0a%0d",
    "+-&&||!(){}[]^\"~*?:/",
];

#[tokio::test]
async fn bad_ids_in_paths() {
    let World { owner, operations, .. } = &World::start().await;
    let long = "a".repeat(4_000);
    for operation in operations.iter().filter(|operation| operation.has_path_parameter()) {
        for id in BAD_IDS.iter().copied().chain([long.as_str()]) {
            let path = operation.path_with(id);
            let answer = send(owner.request(operation.method.clone(), &path)).await;
            refused(operation, &path, answer).await;
        }
    }
}

#[tokio::test]
async fn bad_values_in_queries() {
    let world = World::start().await;
    let World { owner, operations, .. } = &world;
    for operation in operations {
        let asked = world.path(operation);
        for (name, schema) in &operation.query {
            let others = required_text(operation, name);
            let is_text = is_text(schema);
            for value in if is_text { ODD_TEXT } else { BAD_VALUES } {
                let path = format!("{asked}?{name}={value}{others}");
                let answer = send(owner.request(operation.method.clone(), &path)).await;
                if is_text {
                    survived(operation, &path, answer).await;
                } else {
                    refused(operation, &path, answer).await;
                }
            }
            for broken in ["%FF", "%00", "a%C3%28", "%ED%A0%80"] {
                let path = format!("{asked}?{name}={broken}{others}");
                let answer = send(owner.request(operation.method.clone(), &path)).await;
                refused(operation, &path, answer).await;
            }
            let twice = format!("{asked}?{name}=1&{name}=2{others}");
            let answer = send(owner.request(operation.method.clone(), &twice)).await;
            refused(operation, &twice, answer).await;
            let long = format!("{asked}?{name}={}", "a".repeat(20_000));
            survived(operation, name, send(owner.request(operation.method.clone(), &long)).await)
                .await;
            let longer = format!("{asked}?{name}={}", "a".repeat(40_000));
            let answer = send(owner.request(operation.method.clone(), &longer)).await;
            refused(operation, "a query of 40 KB", answer).await;
        }
    }
}

#[tokio::test]
async fn bad_bodies() {
    let World { owner, operations, .. } = &World::start().await;
    let with_body: Vec<_> =
        operations.iter().filter(|operation| operation.body.is_some()).collect();
    assert!(with_body.len() >= 5, "the document names its bodies");
    for operation in with_body {
        for body in bodies(operation.body.as_deref().unwrap_or_default()) {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            let request = owner.request(operation.method.clone(), &operation.path);
            let request = request.header("content-type", "application/json").body(body);
            refused(operation, &shown, send(request).await).await;
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "\u{e4}", ""] {
            let request = owner.request(operation.method.clone(), &operation.path);
            let request = request.header("content-type", content_type).body("{}");
            refused(operation, content_type, send(request).await).await;
        }
        let request = owner.request(operation.method.clone(), &operation.path).body("{}");
        refused(operation, "no content type", send(request).await).await;
    }
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths() {
    let world = World::start().await;
    let World { owner, operations, .. } = &world;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
    for operation in operations {
        for method in methods {
            let is_known =
                |other: &&Operation| other.path == operation.path && other.method == method;
            if operations.iter().any(|other| is_known(&other)) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = send(owner.request(method.clone(), &world.path(operation))).await;
            assert_eq!(answer.status(), 405, "{method} {}", operation.path);
            assert!(answer.headers().contains_key("allow"), "{method} {}", operation.path);
            failure(answer).await.unwrap();
        }
    }
    for path in ["/nothing", "/api", "/api/v1", "/api/v2/tracks", "/api/v1/tracks/", "//"] {
        let answer = send(owner.request(Method::GET, path)).await;
        assert_eq!(answer.status(), 404, "{path}");
        failure(answer).await.unwrap();
    }
}

#[tokio::test]
async fn bad_headers() {
    let world = World::start().await;
    let World { owner, operations, .. } = &world;
    let headers = [
        ("range", "bytes=5-1"),
        ("range", "bytes=-"),
        ("range", "bytes=99999999999999999999-"),
        ("range", "pages=1-2"),
        ("range", "\u{e4}"),
        ("if-none-match", "\u{e4}"),
        ("if-none-match", "\",,\"W/"),
        ("if-match", "\"another\""),
        ("if-match", ",,"),
        ("if-range", "\"x"),
        ("if-modified-since", "yesterday"),
        ("accept", "nothing/at-all"),
        ("x-request-id", "' OR 1=1"),
        ("x-forwarded-for", "not an address, \u{e4}"),
        ("content-length", "0"),
        ("cookie", "a=b; a=c; ="),
    ];
    for operation in operations.iter().filter(|operation| operation.method == Method::GET) {
        for (name, value) in headers {
            let request = owner.request(Method::GET, &world.path(operation));
            let answer = send(request.header(name, value)).await;
            survived(operation, &format!("{name}: {value} at {}", operation.path), answer).await;
        }
    }
    let stream = operations.iter().find(|operation| operation.id == "track_stream").unwrap();
    for (range, status) in
        [("bytes=0-9", 206), ("bytes=-9", 206), ("bytes=5-1", 200), ("bytes=999999999-", 416)]
    {
        let request = owner.request(Method::GET, &world.path(stream)).header("range", range);
        assert_eq!(send(request).await.status(), status, "{range}");
    }
}

/// What no client library sends, as it comes over the wire.
#[tokio::test]
async fn bad_request_lines_and_heads() {
    let world = World::start().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: t\r\n\r\n", "a".repeat(70_000)).into_bytes();
    let many =
        format!("GET / HTTP/1.1\r\nhost: t\r\n{}\r\n", "a: b\r\n".repeat(2_000)).into_bytes();
    for (request, status) in [
        (&b"GET /api/v1/search?q=<b> HTTP/1.1\r\nhost: t\r\n\r\n"[..], "400"),
        (b"GET /api/v1/search?q=\"x\" HTTP/1.1\r\nhost: t\r\n\r\n", "400"),
        (b"GET /api/v1/search?q=\xff HTTP/1.1\r\nhost: t\r\n\r\n", "400"),
        (b"GET /api/v1/tracks/\xff\xfe HTTP/1.1\r\nhost: t\r\n\r\n", "400"),
        (b"GET / HTTP/9.9\r\nhost: t\r\n\r\n", "400"),
        (b"nonsense\r\n\r\n", "400"),
        (&long, "414"),
        (&many, "431"),
    ] {
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let answer = raw(world.server.url(), request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {answer}");
        let envelope: Envelope = serde_json::from_str(body).expect("the envelope");
        assert!(head.contains(&envelope.error.request_id), "{shown:?}: {answer}");
        assert!(head.contains("x-content-type-options: nosniff"), "{shown:?}: {answer}");
    }
}

/// Where they may be long, it is something else that is bad about them.
const LONG_BODIES: &[&str] = &["upload_create", "upload_append", "upload_override"];

/// Of 2 MB, where some bytes or none are read: the answer arrives all the same.
#[tokio::test]
async fn huge_bodies_where_none_is_expected() {
    let world = World::start().await;
    let anyone = world.owner.clone().without_token();
    for operation in world.operations.iter().filter(|operation| operation.method != Method::HEAD) {
        for client in [&world.owner, &anyone] {
            let request = client.request(operation.method.clone(), &world.path(operation));
            let answer = send(request.body(vec![b'x'; 2_000_000])).await;
            if !LONG_BODIES.contains(&operation.id.as_str()) {
                assert_eq!(answer.status(), 413, "{}", operation.id);
            }
            refused(operation, "2 MB", answer).await;
        }
    }
}

/// A server with a track, and what can be asked of it.
struct World {
    server: ServerProcess,
    owner: Client,
    operations: Vec<Operation>,
    /// Ids of what is there, by the names that paths have for them.
    ids: BTreeMap<&'static str, String>,
    _folder: TempDir,
}

/// The smallest PNG.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ\
                   RU5ErkJggg==";

impl World {
    async fn start() -> Self {
        let server = ServerProcess::start().unwrap();
        let owner = creator(&server).await;
        let operations = openapi::operations(&owner).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        music::tone_write(&folder.path().join("Kestrel.wav"), 440, 3).unwrap();
        std::fs::write(folder.path().join("cover.png"), STANDARD.decode(PNG).unwrap()).unwrap();
        let body = json!({ "directory": folder.path() });
        let started = owner.request(Method::POST, "/api/v1/imports").json(&body).send().await;
        let mut import: Import = success(started.unwrap()).await.unwrap();
        while !matches!(import.state, ImportState::Done) {
            import = owner.get(&format!("/api/v1/imports/{}", import.id)).await.unwrap();
        }
        let tracks: Page<Track> = owner.get("/api/v1/tracks").await.unwrap();
        let track = &tracks.items[0];
        let session = server.client().unwrap().sign_in("owner@example.org").await.unwrap();
        let upload =
            owner.request(Method::POST, "/api/v1/uploads").header("tus-resumable", "1.0.0");
        let upload = upload.header("upload-length", 10).send().await.unwrap();
        let upload = upload.headers()["location"].to_str().unwrap().rsplit('/').next().unwrap();
        let ids = BTreeMap::from([
            ("page", "verify".to_owned()),
            ("account_id", session.account.id.to_string()),
            ("session_id", session.id.to_string()),
            ("device_id", session.device_id.to_string()),
            ("track_id", track.id.to_string()),
            ("release_id", track.release.id.to_string()),
            ("artist_id", track.artists[0].id.to_string()),
            ("cover_id", track.cover.as_ref().expect("the folder's cover").id.to_string()),
            ("import_id", import.id.to_string()),
            ("upload_id", upload.to_owned()),
            // There are none: as good as one of someone else's.
            ("provider", "house".to_owned()),
            ("passkey_id", "00000000-0000-7000-8000-000000000000".to_owned()),
            ("export_id", "00000000-0000-7000-8000-000000000000".to_owned()),
            ("case_id", "00000000-0000-7000-8000-000000000000".to_owned()),
        ]);
        Self { server, owner, operations, ids, _folder: folder }
    }

    /// The path of something that is there.
    fn path(&self, operation: &Operation) -> String {
        operation.path_of(|name| self.ids.get(name).expect("an id of each kind"))
    }
}

/// The owner, who is let in everywhere but where officers are.
async fn creator(server: &ServerProcess) -> Client {
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let grant = RoleChange {
        email: "owner@example.org".to_owned(),
        role: Role::Creator,
        reason: "a test".to_owned(),
    };
    let answer = owner.request(Method::POST, "/api/v1/roles").json(&grant).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let session = anyone.sign_in("owner@example.org").await.unwrap();
    anyone.with_token(session.access_token)
}

async fn raw(url: &str, request: &[u8]) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and close before all of it is sent.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer, not a broken connection")
}

async fn refused(operation: &Operation, what: &str, answer: Response) {
    let status = answer.status();
    assert!(
        status.is_client_error(),
        "{} {}: {status} to {what:?}",
        operation.method,
        operation.path
    );
    if operation.method != Method::HEAD {
        failure(answer)
            .await
            .unwrap_or_else(|error| panic!("{} to {what:?}: {error}", operation.id));
    }
}

async fn survived(operation: &Operation, what: &str, answer: Response) {
    let status = answer.status();
    assert!(!status.is_server_error(), "{status} to {what:?}");
    if status.is_client_error() && operation.method != Method::HEAD {
        failure(answer).await.unwrap_or_else(|error| panic!("{what:?}: {error}"));
    }
}

fn is_text(schema: &Value) -> bool {
    let alternatives = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    let is_string = |schema: &Value| {
        let kind = &schema["type"];
        let is =
            kind == "string" || kind.as_array().is_some_and(|any| any.contains(&json!("string")));
        is && schema["enum"].is_null() && schema["format"].is_null() && schema["pattern"].is_null()
    };
    is_string(schema) || alternatives.is_some_and(|any| any.iter().any(is_string))
}

/// Search says nothing about a limit before it has something to search for.
fn required_text(operation: &Operation, name: &str) -> &'static str {
    if operation.id == "search" && name != "q" { "&q=a" } else { "" }
}

fn bodies(fields: &[(String, Value)]) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "1",
        "\"text\"",
        "{",
        "{}}",
        "{\"a\":}",
        "{\"unknown\":1}",
        "\u{feff}{}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    bodies.push(b"{\"email\":\"\xff\xfe\"}".to_vec());
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"a\":{}", "{\"a\":".repeat(50_000)).into_bytes());
    bodies.push(vec![b'{'; 2_000_000]);
    bodies.push(format!("{{\"email\":\"{}\"}}", "a".repeat(1_000_000)).into_bytes());
    // Each field in turn is of a wrong type, or odd, while the others are as plausible as they get.
    for (wrong, of) in fields {
        for value in [
            json!(null),
            json!(-1),
            json!(1.5),
            json!(true),
            json!([[]]),
            json!({ "a": 1 }),
            json!(""),
            json!("\u{0}"),
            json!("a\u{0}b"),
            json!("' OR '1'='1"),
            json!("../../etc/passwd"),
            json!("relative/folder"),
            json!("\u{202e}\u{fffd}"),
            json!("x".repeat(10_000)),
        ] {
            // A truth value or a label alone is all that is asked for.
            let is_label = |text: &str| {
                wrong == "label" && (1..255).contains(&text.len()) && !text.contains('\0')
            };
            let is_good = of["type"] == "boolean" && value == json!(true)
                || value.as_str().is_some_and(is_label);
            if fields.len() == 1 && is_good {
                continue;
            }
            let body = fields.iter().map(|(name, schema)| {
                let value = if name == wrong { value.clone() } else { plausible(schema) };
                (name.clone(), value)
            });
            bodies.push(serde_json::to_vec(&body.collect::<serde_json::Map<_, _>>()).unwrap());
        }
    }
    bodies
}

/// Of the right type, and refused by its content: nothing here may be made by accident.
fn plausible(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("integer") => json!(1),
        Some("array") => json!([{ "id": "x" }]),
        Some("object") => json!({}),
        _ => json!("x"),
    }
}
