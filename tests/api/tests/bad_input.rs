//! Bad input on every route of the OpenAPI document gets 4xx with the envelope, never 5xx, and
//! the server goes on.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api_tests::{
    Client, ServerProcess,
    client::failure,
    openapi::{self, Operation},
};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

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
    let (_server, owner, operations) = start().await;
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
    let (_server, owner, operations) = start().await;
    let id = "00000000-0000-7000-8000-000000000000";
    for operation in &operations {
        for (name, schema) in &operation.query {
            let others = required_text(operation, name);
            let is_text = is_text(schema);
            for value in if is_text { ODD_TEXT } else { BAD_VALUES } {
                let path = format!("{}?{name}={value}{others}", operation.path_with(id));
                let answer = send(owner.request(operation.method.clone(), &path)).await;
                if is_text {
                    survived(&path, answer).await;
                } else {
                    refused(operation, &path, answer).await;
                }
            }
            for broken in ["%FF", "%00", "a%C3%28", "%ED%A0%80"] {
                let path = format!("{}?{name}={broken}{others}", operation.path_with(id));
                let answer = send(owner.request(operation.method.clone(), &path)).await;
                refused(operation, &path, answer).await;
            }
            let twice = format!("{}?{name}=1&{name}=2{others}", operation.path_with(id));
            let answer = send(owner.request(operation.method.clone(), &twice)).await;
            refused(operation, &twice, answer).await;
            let long = format!("{}?{name}={}", operation.path_with(id), "a".repeat(20_000));
            survived(name, send(owner.request(operation.method.clone(), &long)).await).await;
            let longer = format!("{}?{name}={}", operation.path_with(id), "a".repeat(40_000));
            let answer = send(owner.request(operation.method.clone(), &longer)).await;
            refused(operation, "a query of 40 KB", answer).await;
        }
    }
}

#[tokio::test]
async fn bad_bodies() {
    let (_server, owner, operations) = start().await;
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
    let (_server, owner, operations) = start().await;
    let id = "00000000-0000-7000-8000-000000000000";
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
    for operation in &operations {
        for method in methods {
            let is_known =
                |other: &&Operation| other.path == operation.path && other.method == method;
            if operations.iter().any(|other| is_known(&other)) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = send(owner.request(method.clone(), &operation.path_with(id))).await;
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
    let (_server, owner, operations) = start().await;
    let id = "00000000-0000-7000-8000-000000000000";
    let headers = [
        ("range", "bytes=5-1"),
        ("range", "bytes=-"),
        ("range", "bytes=99999999999999999999-"),
        ("range", "pages=1-2"),
        ("range", "\u{e4}"),
        ("if-none-match", "\u{e4}"),
        ("if-none-match", "\",,\"W/"),
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
            let request = owner.request(Method::GET, &operation.path_with(id));
            let answer = send(request.header(name, value)).await;
            assert!(!answer.status().is_server_error(), "{name}: {value} at {}", operation.path);
        }
    }
}

async fn start() -> (ServerProcess, Client, Vec<Operation>) {
    let server = ServerProcess::start().unwrap();
    let owner = server.client().unwrap().listener("owner@example.org").await.unwrap();
    let operations = openapi::operations(&owner).await.unwrap();
    (server, owner, operations)
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

async fn survived(what: &str, answer: Response) {
    let status = answer.status();
    assert!(!status.is_server_error(), "{status} to {what:?}");
    if status.is_client_error() && answer.content_length() != Some(0) {
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
    for (wrong, _) in fields {
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
