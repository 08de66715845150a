//! Sessions over HTTP: rotation, reuse, sign-out, and who is told what.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api::{accounts::Account, error::Code};
use api_tests::{
    PASSWORD, ServerProcess,
    client::{failure, success},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_session_from_sign_up_to_sign_out() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let account = anyone.sign_up("Ann@example.org").await.unwrap();
    let session = anyone.sign_in("ann@EXAMPLE.org").await.unwrap();
    assert_eq!((&session.account, session.token_type.as_str()), (&account, "Bearer"));
    let ann = anyone.clone().with_token(&session.access_token);
    assert_eq!(ann.get::<Account>("/api/v1/accounts/me").await.unwrap(), account);

    let next: api::accounts::Session =
        success(anyone.refresh(&session.refresh_token).await.unwrap()).await.unwrap();
    assert_eq!(next.id, session.id);

    let left = ann.request(Method::DELETE, "/api/v1/sessions/current").send().await.unwrap();
    assert_eq!(left.status(), 204);
    // Neither token is good any more, not even the access token that has minutes left.
    let again = ann.request(Method::GET, "/api/v1/accounts/me").send().await.unwrap();
    assert_eq!(again.status(), 401);
    let refreshed = anyone.refresh(&next.refresh_token).await.unwrap();
    assert_eq!(failure(refreshed).await.unwrap().error.code, Code::Unauthenticated);
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_whole_family() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();
    let first = anyone.sign_in("ann@example.org").await.unwrap();
    let second: api::accounts::Session =
        success(anyone.refresh(&first.refresh_token).await.unwrap()).await.unwrap();
    assert_eq!(anyone.refresh(&first.refresh_token).await.unwrap().status(), 401);
    assert_eq!(anyone.refresh(&second.refresh_token).await.unwrap().status(), 401);
    let holder = anyone.with_token(second.access_token);
    let refused = holder.request(Method::GET, "/api/v1/accounts/me").send().await.unwrap();
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn wrong_credentials_look_the_same_whoever_is_meant() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();
    let mut answers = Vec::new();
    for (email, password) in
        [("ann@example.org", "not her password"), ("bob@example.org", PASSWORD), ("?", PASSWORD)]
    {
        let body = json!({ "email": email, "password": password });
        let request = anyone.request(Method::POST, "/api/v1/sessions").json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let error = failure(answer).await.unwrap().error;
        answers.push((error.code, error.message, error.hint));
    }
    assert_eq!(answers[0].0, Code::WrongCredentials);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn guessing_ends_in_429_with_a_time_to_wait() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    anyone.sign_up("ann@example.org").await.unwrap();
    let body = json!({ "email": "ann@example.org", "password": "not her password" });
    for _ in 0..30 {
        let request = anyone.request(Method::POST, "/api/v1/sessions").json(&body);
        let answer = request.send().await.unwrap();
        if answer.status() != 401 {
            assert_eq!(answer.status(), 429);
            let wait_s = answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
            assert!((1..=60).contains(&wait_s), "{wait_s}");
            assert_eq!(failure(answer).await.unwrap().error.code, Code::RateLimited);
            return;
        }
    }
    panic!("thirty guesses in a row were answered");
}

#[tokio::test]
async fn the_key_set_is_public_and_has_no_private_part() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let keys: Value = anyone.get("/api/v1/jwks.json").await.unwrap();
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    assert!(key["x"].is_string() && key["kid"].is_string());
    assert!(key["d"].is_null(), "the private key is out");
}
