//! A passkey after the password.

use anyhow::{Context as _, ensure};
use axum::{http::StatusCode, response::Response};
use commands::Facade;
use ipc::{FaultKind, SecondStep};
use serde_json::{Value, json};

use crate::{
    browser::{Opened, Sent, is_proven, options},
    stub::{ANN, Asked, Outcome, Stub, ok, refusal, said, session},
};

const PASSWORD: &str = "four words no digit";
const BY_PASSKEY: FaultKind =
    FaultKind::SecondFactorRequired(SecondStep { takes_app: false, takes_passkey: true });

/// A server where everybody is asked for a passkey after the password.
fn answer(asked: &Asked) -> Option<Response> {
    Some(match asked.what.as_str() {
        "GET /sign-in" => options(),
        "POST /sessions" => second_step(asked, || ok(&session(ANN, "of-both"))),
        "POST /sessions/step-up" => second_step(asked, || {
            ok(&json!({ "access_token": "just-shown", "token_type": "Bearer", "expires_in": 600 }))
        }),
        "DELETE /sessions/current" => ok(&json!({})),
        _ => return None,
    })
}

fn second_step(asked: &Asked, entered: impl Fn() -> Response) -> Response {
    if asked.body["password"] != PASSWORD {
        return refusal(StatusCode::UNAUTHORIZED, "wrong_credentials", "They do not match.");
    }
    if is_proven(&asked.body["passkey"]) {
        return entered();
    }
    let message = if asked.body["passkey"].is_null() { "It is asked for." } else { "Not yours." };
    let error = json!({
        "code": "second_factor_required",
        "message": message,
        "hint": "",
        "request_id": "0123456789abcdef",
        "second_factor": { "totp": false, "passkey": true },
    });
    let mut refused = ok(&json!({ "error": error }));
    *refused.status_mut() = StatusCode::UNAUTHORIZED;
    refused
}

/// A device where nobody is signed in, and its browser.
async fn device() -> anyhow::Result<(Stub, Facade, Opened)> {
    let stub = Stub::serve(answer).await?;
    let (browser, opened) = Opened::new();
    let mut config = stub.config();
    config.browser = browser;
    let facade = stub.open(config).await?;
    Ok((stub, facade, opened))
}

fn call(stub: &Stub) -> ipc::SignInPasskey {
    ipc::SignInPasskey {
        server_url: stub.url.clone(),
        email: "ann@music.example".into(),
        password: PASSWORD.into(),
    }
}

/// Uses the passkey where the browser was sent to.
async fn use_passkey(opened: &mut Opened) -> anyhow::Result<Sent> {
    let sent = opened.next().await?;
    sent.back_with("code", &sent.query["code_challenge"]).await?;
    Ok(sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_with_the_password_and_then_a_passkey() -> Outcome {
    let (stub, facade, mut opened) = device().await?;
    let refused = stub.sign_in(&facade).await.unwrap_err();
    ensure!(refused.to_string().contains("takes_passkey: true"), "{refused}");
    ensure!(opened.urls.try_recv().is_err(), "nobody is sent anywhere unasked");

    let (view, sent) =
        tokio::join!(facade.session_sign_in_passkey(call(&stub)), use_passkey(&mut opened));
    let (view, sent) = (said(view)?.context("it was not called off")?, sent?);
    assert_eq!(view.account.context("somebody is in")?.display_name, "Ann");
    let page = sent.url.as_str();
    ensure!(page.starts_with("https://music.example/account/sign-in?"), "{page}");
    assert_eq!(sent.url.fragment(), Some("second-step"), "nothing else is offered there");
    let asked = stub.asked("POST /sessions").pop().context("it was asked")?.body;
    assert_eq!((&asked["password"], &asked["code"]), (&json!(PASSWORD), &Value::Null));
    assert_eq!(asked["device_name"], "MelodyUD");
    ensure!(stub.asked("POST /sessions/code").is_empty(), "the code goes with the password");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_or_not_good_signs_nobody_in() -> Outcome {
    let (stub, facade, mut opened) = device().await?;
    let cancel = async {
        opened.next().await?;
        said(facade.sign_in_browser_cancel(ipc::SignInBrowserCancel {}).await)
    };
    let (view, cancelled) = tokio::join!(facade.session_sign_in_passkey(call(&stub)), cancel);
    cancelled?;
    assert_eq!(said(view)?, None);
    ensure!(stub.asked("POST /sessions").is_empty());

    let somebody_else = async {
        let sent = opened.next().await?;
        sent.back_with("code", "of-another").await
    };
    let (view, back) = tokio::join!(facade.session_sign_in_passkey(call(&stub)), somebody_else);
    back?;
    let fault = view.unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (BY_PASSKEY, "Not yours."));
    let back_out = async {
        let sent = opened.next().await?;
        sent.back_with("error", "access_denied").await
    };
    let (view, back) = tokio::join!(facade.session_sign_in_passkey(call(&stub)), back_out);
    back?;
    assert_eq!(view.unwrap_err().kind, FaultKind::Other);
    let view = said(facade.session_view(ipc::SessionGet {}).await)?;
    ensure!(view.account.is_none() && stub.asked("POST /sessions").len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_shows_again_who_it_is() -> Outcome {
    let (stub, facade, mut opened) = device().await?;
    let (view, sent) =
        tokio::join!(facade.session_sign_in_passkey(call(&stub)), use_passkey(&mut opened));
    ensure!(said(view)?.is_some());
    sent?;
    let plain = ipc::StepUp { password: PASSWORD.into(), code: None };
    let refused = facade.session_step_up(plain).await.unwrap_err();
    assert_eq!(refused.kind, BY_PASSKEY);

    let by_passkey = || ipc::StepUpPasskey { password: PASSWORD.into() };
    let (shown, sent) =
        tokio::join!(facade.session_step_up_passkey(by_passkey()), use_passkey(&mut opened));
    assert_eq!(sent?.url.fragment(), Some("second-step"));
    ensure!(said(shown)?);
    let asked = stub.asked("POST /sessions/step-up").pop().context("it was asked")?;
    assert_eq!((asked.token.as_str(), &asked.body["code"]), ("of-both", &Value::Null));
    // The session is the one before.
    ensure!(stub.asked("DELETE /sessions/current").is_empty());

    // Whoever signed out meanwhile is not asked again, and nobody gets to see the password.
    let leave = async {
        let sent = opened.next().await?;
        said(facade.session_sign_out(ipc::SignOut {}).await)?;
        sent.back_with("code", &sent.query["code_challenge"]).await
    };
    let (shown, left) = tokio::join!(facade.session_step_up_passkey(by_passkey()), leave);
    left?;
    assert_eq!(shown.unwrap_err().kind, FaultKind::SignedOut);
    assert_eq!(stub.asked("POST /sessions/step-up").len(), 2);
    Ok(())
}

/// Servers of yesterday do not say what they take.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_no_more_takes_codes_of_an_app() -> Outcome {
    let stub = Stub::serve(|asked: &Asked| {
        let refused = || refusal(StatusCode::UNAUTHORIZED, "second_factor_required", "A code.");
        (asked.what == "POST /sessions").then(refused)
    })
    .await?;
    let facade = stub.open(stub.config()).await?;
    let refused = stub.sign_in(&facade).await.unwrap_err();
    ensure!(refused.to_string().contains("takes_app: true"), "{refused}");
    Ok(())
}
