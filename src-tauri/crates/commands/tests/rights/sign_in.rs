//! Signing in by the system's browser.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use anyhow::{Context as _, ensure};
use axum::{http::StatusCode, response::Response};
use commands::Facade;
use ipc::{FaultKind, SecretsState};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use crate::{
    browser::{Opened, Sent, is_proven, options},
    stub::{ANN, Asked, Outcome, Stub, ok, refusal, said, session},
};

const BOB: &str = "01938e3c-5f6e-7cc0-8d1a-999999999999";

/// The token of sessions that a code was traded for.
const TRADED: &str = "of-the-code";

/// A server with a provider, whose codes are good for whoever knows the verifier.
fn answer(account: &'static str) -> impl Fn(&Asked) -> Option<Response> {
    move |asked: &Asked| {
        Some(match asked.what.as_str() {
            "GET /sign-in" => options(),
            "POST /oidc/hub/start" => start(asked),
            "POST /sessions/code" if is_proven(&asked.body) => ok(&session(account, TRADED)),
            "POST /sessions/code" => {
                refusal(StatusCode::BAD_REQUEST, "invalid_request", "Not good.")
            }
            "DELETE /sessions/current" => ok(&json!({})),
            "GET /accounts/me/identities" => ok(&json!({ "identities": [
                { "provider": "old", "name": "old", "linked_at_us": 1 },
                { "provider": "other", "name": "Other", "linked_at_us": 2 },
            ] })),
            _ => return None,
        })
    }
}

fn start(asked: &Asked) -> Response {
    if asked.body["intent"] == "link" && asked.token != TRADED {
        return refusal(StatusCode::FORBIDDEN, "step_up_required", "Show again who you are.");
    }
    let mut url: Url = "https://hub.example/authorize".parse().unwrap();
    let loopback: HashMap<String, String> =
        serde_json::from_value(asked.body["loopback"].clone()).unwrap();
    url.query_pairs_mut().extend_pairs(loopback);
    ok(&json!({ "url": url.as_str() }))
}

/// A device where nobody is signed in, and its browser.
async fn device(account: &'static str) -> anyhow::Result<(Stub, Facade, Opened)> {
    let stub = Stub::serve(answer(account)).await?;
    let (browser, opened) = Opened::new();
    let mut config = stub.config();
    config.browser = browser;
    let facade = stub.open(config).await?;
    Ok((stub, facade, opened))
}

fn call(stub: &Stub, provider: Option<&str>) -> ipc::SignInBrowser {
    ipc::SignInBrowser { server_url: stub.url.clone(), provider: provider.map(str::to_owned) }
}

async fn is_in(facade: &Facade) -> anyhow::Result<bool> {
    Ok(said(facade.session_view(ipc::SessionGet {}).await)?.account.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_at_a_provider() -> Outcome {
    let (stub, facade, mut opened) = device(ANN).await?;
    let options = ipc::SignInOptionsGet { server_url: stub.url.clone() };
    let options = said(facade.sign_in_options(options).await)?;
    assert_eq!(options.providers[0].name, "Hub");

    let browser = async {
        let sent = opened.next().await?;
        ensure!(sent.url.host_str() == Some("hub.example"), "{}", sent.url);
        let (status, page) = sent.back_with("code", &sent.query["code_challenge"]).await?;
        ensure!(status == 200 && page.contains("You can go back to MelodyUD"), "{page}");
        Ok(sent)
    };
    let (view, sent) = tokio::join!(facade.sign_in_browser(call(&stub, Some("hub"))), browser);
    let view = said(view)?.context("it was not called off")?;
    assert_eq!(view.account.context("somebody is in")?.display_name, "Ann");
    assert_eq!(view.secrets, SecretsState::MemoryOnly);
    assert_eq!(opened.n_returns.load(Ordering::SeqCst), 1);
    let traded = stub.asked("POST /sessions/code");
    assert_eq!((traded.len(), &traded[0].body["device_name"]), (1, &json!("MelodyUD")));
    assert_eq!(traded[0].body["device_id"], Value::Null);

    // Once was enough: nobody listens there any more.
    let sent: Sent = sent?;
    ensure!(sent.back_with("code", "again").await.is_err());

    // Another time it is the same device.
    said(facade.session_sign_out(ipc::SignOut {}).await)?;
    let again = async {
        let sent = opened.next().await?;
        sent.back_with("code", &sent.query["code_challenge"]).await
    };
    let (view, _) = tokio::join!(facade.sign_in_browser(call(&stub, Some("hub"))), again);
    ensure!(said(view)?.is_some());
    assert_eq!(stub.asked("POST /sessions/code")[1].body["device_id"], ANN);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_answer_changes_nothing() -> Outcome {
    let (stub, facade, mut opened) = device(ANN).await?;
    let browser = async {
        let sent = opened.next().await?;
        ensure!(sent.url.as_str().starts_with("https://music.example/account/sign-in?"));
        let at = sent.query["redirect_uri"].parse::<Url>()?;
        let address = at.socket_addrs(|| None)?[0];
        // Browsers open connections ahead and say nothing on them; others say too much.
        let _silent = TcpStream::connect(address).await?;
        let mut loud = TcpStream::connect(address).await?;
        for _ in 0..64 {
            if loud.write_all(&[b'a'; 1_024]).await.is_err() {
                break;
            }
        }
        let mut end = Vec::new();
        let ended = loud.read_to_end(&mut end).await;
        ensure!(ended.is_err() || end.is_empty(), "it was answered");

        let good = &sent.query["code_challenge"];
        for wrong in ["", "another-state-of-another-app"] {
            assert_eq!(sent.back("code", good, wrong).await?.0, 404);
            assert_eq!(sent.back("error", "access_denied", wrong).await?.0, 404);
        }
        let icon = reqwest::get(at.join("/favicon.ico")?).await?;
        assert_eq!(icon.status(), 404);
        ensure!(stub.asked("POST /sessions/code").is_empty());
        sent.back_with("code", good).await
    };
    let (view, back) = tokio::join!(facade.sign_in_browser(call(&stub, None)), browser);
    assert_eq!(back?.0, 200);
    ensure!(said(view)?.is_some() && is_in(&facade).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_the_server_is_told_in_words() -> Outcome {
    let (stub, facade, mut opened) = device(ANN).await?;
    let mut told = Vec::new();
    let words = ["access_denied", "unverified_email", "account_exists", "provider_failed", "<b>"];
    for word in words {
        let browser = async {
            let sent = opened.next().await?;
            let (_, page) = sent.back_with("error", word).await?;
            ensure!(!page.contains(word));
            anyhow::Ok(())
        };
        let (view, back) = tokio::join!(facade.sign_in_browser(call(&stub, Some("hub"))), browser);
        back?;
        let fault = view.unwrap_err();
        ensure!(fault.kind == FaultKind::Other && !fault.hint.is_empty(), "{fault:?}");
        told.push(fault.message);
    }
    assert_eq!(told[2], "Your email address has an account here already.");
    told.sort();
    told.dedup();
    assert_eq!(told.len(), words.len());
    ensure!(stub.asked("POST /sessions/code").is_empty() && !is_in(&facade).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_called_off_by_the_person_or_by_the_next_one() -> Outcome {
    let (stub, facade, mut opened) = device(ANN).await?;
    let cancel = async {
        let sent = opened.next().await?;
        said(facade.sign_in_browser_cancel(ipc::SignInBrowserCancel {}).await)?;
        Ok(sent)
    };
    let (view, sent) = tokio::join!(facade.sign_in_browser(call(&stub, None)), cancel);
    assert_eq!(said(view)?, None);
    let sent: anyhow::Result<Sent> = sent;
    let sent = sent?;
    let good = sent.query["code_challenge"].clone();
    ensure!(sent.back_with("code", &good).await.is_err(), "nobody waits for it");

    let next = async {
        opened.next().await?;
        let second = facade.sign_in_browser(call(&stub, Some("hub")));
        let browser = async {
            let sent = opened.next().await?;
            sent.back_with("code", &sent.query["code_challenge"]).await
        };
        let (view, back) = tokio::join!(second, browser);
        back?;
        said(view)
    };
    let (first, second) = tokio::join!(facade.sign_in_browser(call(&stub, None)), next);
    assert_eq!(said(first)?, None);
    ensure!(second?.is_some() && is_in(&facade).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_come_back_or_open_is_told() -> Outcome {
    let stub = Stub::serve(answer(ANN)).await?;
    let (browser, mut opened) = Opened::new();
    let mut config = stub.config();
    config.browser = browser;
    config.browser_patience = Duration::from_millis(50);
    let facade = stub.open(config).await?;
    let fault = facade.sign_in_browser(call(&stub, None)).await.unwrap_err();
    assert_eq!(fault.message, "Nothing came back from the browser.");
    let sent = opened.next().await?;
    ensure!(sent.back_with("code", "late").await.is_err());

    drop(opened);
    let fault = facade.sign_in_browser(call(&stub, None)).await.unwrap_err();
    assert_eq!(fault.message, "Your browser cannot be opened.");
    Ok(())
}

/// What a server names is opened by the system, which opens much more than pages.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_not_opened() -> Outcome {
    let evil = |asked: &Asked| {
        (asked.what == "POST /oidc/hub/start").then(|| ok(&json!({ "url": "file:///etc/passwd" })))
    };
    let stub = Stub::serve(evil).await?;
    let (browser, mut opened) = Opened::new();
    let mut config = stub.config();
    config.browser = browser;
    let facade = stub.open(config).await?;
    let fault = facade.sign_in_browser(call(&stub, Some("hub"))).await.unwrap_err();
    ensure!(fault.message.contains("not safe"), "{fault:?}");
    ensure!(opened.urls.try_recv().is_err());
    let fault = facade.sign_in_browser(call(&stub, Some("../x"))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_shows_in_the_browser_who_it_is_and_links_a_provider() -> Outcome {
    let (stub, facade, mut opened) = device(ANN).await?;
    stub.sign_in(&facade).await?;
    let link = ipc::IdentityLink { provider: "hub".into() };
    let refused = facade.identity_link(link.clone()).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::StepUpRequired);
    ensure!(opened.urls.try_recv().is_err(), "the browser was not opened for it");

    let browser = async {
        for _ in 0..2 {
            let sent = opened.next().await?;
            sent.back_with("code", &sent.query["code_challenge"]).await?;
        }
        anyhow::Ok(())
    };
    let person = async {
        let shown = facade.session_step_up_browser(ipc::StepUpBrowser { provider: None }).await;
        ensure!(said(shown)?);
        said(facade.identity_link(link).await)
    };
    let (linked, back) = tokio::join!(person, browser);
    back?;
    ensure!(linked?);
    let starts = stub.asked("POST /oidc/hub/start");
    assert_eq!(starts.last().context("it was begun")?.body["intent"], "link");
    // The sessions before are over on the server as well.
    assert_eq!(stub.asked("DELETE /sessions/current").len(), 2);
    assert_eq!(stub.asked("POST /sessions/code")[0].body["device_id"], ANN);
    ensure!(is_in(&facade).await?);

    let list = said(facade.identity_list(ipc::IdentityList {}).await)?;
    let list = list.iter().map(|one| (one.provider.as_str(), one.linked_at_us));
    assert_eq!(list.collect::<Vec<_>>(), [("hub", None), ("other", Some(2)), ("old", Some(1))]);
    Ok(())
}

/// Whoever sits at the browser may be signed in there as somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_in_the_browser_takes_nothing_over() -> Outcome {
    let (stub, facade, mut opened) = device(BOB).await?;
    stub.sign_in(&facade).await?;
    let before = said(facade.session_view(ipc::SessionGet {}).await)?;
    let browser = async {
        let sent = opened.next().await?;
        sent.back_with("code", &sent.query["code_challenge"]).await
    };
    let step_up = facade.session_step_up_browser(ipc::StepUpBrowser { provider: None });
    let (shown, back) = tokio::join!(step_up, browser);
    back?;
    let fault = shown.unwrap_err();
    assert_eq!(fault.message, "In the browser you signed in as someone else.");
    assert_eq!(said(facade.session_view(ipc::SessionGet {}).await)?, before);
    let ended = stub.asked("DELETE /sessions/current").into_iter().map(|asked| asked.token);
    assert_eq!(ended.collect::<Vec<_>>(), [TRADED]);
    Ok(())
}
