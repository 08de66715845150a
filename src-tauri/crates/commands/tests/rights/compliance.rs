//! Cases, consents and retention: what is sent is what the contract takes, and what comes is shown.

use anyhow::{Context as _, ensure};
use api::{compliance as http, privacy};
use axum::response::{IntoResponse as _, Response};
use ipc::{CaseAction, CaseKind, CaseState, FaultKind};
use serde_json::{Value, json};

use crate::stub::{Asked, Outcome, Stub, ok, said};

const CASE: &str = "01938e3c-5f6e-7cc0-8d1a-333333333333";
const PERSON: &str = "01938e3c-5f6e-7cc0-8d1a-444444444444";

fn case(is_held: bool) -> Value {
    json!({
        "id": CASE,
        "kind": "erasure",
        "state": "open",
        "subject": PERSON,
        "opened_at_us": 1,
        "due_at_us": 2,
        "is_extended": false,
        "closed_at_us": null,
        "is_held": is_held,
        "is_restricted": true,
        "export": null,
        "erasure": {
            "id": "01938e3c-5f6e-7cc0-8d1a-555555555555",
            "asked_at_us": 1,
            "due_at_us": 3,
            "is_held": is_held,
        },
    })
}

fn answer(asked: &Asked) -> Option<Response> {
    let what = asked.what.replace(CASE, "ID");
    Some(match what.as_str() {
        "GET /compliance/cases" => {
            let is_first = asked.query.is_empty();
            let next = is_first.then_some("there");
            ok(&json!({ "items": [case(!is_first)], "next_cursor": next }))
        }
        "POST /compliance/cases" => ok(&case(false)),
        "POST /compliance/cases/ID" => ok(&case(asked.body["action"] == "hold")),
        "GET /compliance/cases/ID/subject" => ok(&json!({
            "account": PERSON,
            "email": "bob@music.example",
            "display_name": "Bob",
            "holdings": [
                { "service": "accounts", "table": "account", "what": "The account", "n_rows": 1 },
            ],
        })),
        "GET /compliance/retention" => ok(&json!({
            "rules": [{
                "id": "audit_access",
                "what": "Records of sign-ins",
                "class": "access",
                "days": 90,
                "n_dropped": 4,
                "n_due": 2,
                "n_held": 3,
            }],
            "last_run_at_us": null,
            "next_run_at_us": 9,
        })),
        "POST /privacy/consents" => ok(&json!({
            "purpose": "personalisation",
            "title": "Recommendations",
            "text": "…",
            "version": 2,
            "is_given": asked.body["is_given"],
            "history": [{ "version": 2, "is_given": true, "at_us": 5 }],
        })),
        "POST /privacy/restriction" | "DELETE /privacy/erasure" => {
            axum::http::StatusCode::NO_CONTENT.into_response()
        }
        _ => return None,
    })
}

/// The body of the latest request of that name, as the contract reads it.
fn sent<T: serde::de::DeserializeOwned>(stub: &Stub, what: &str) -> anyhow::Result<T> {
    let asked = stub.asked(what).pop().with_context(|| format!("{what} was asked"))?;
    Ok(serde_json::from_value(asked.body)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_opens_a_case_and_acts_on_it() -> Outcome {
    let (stub, facade) = Stub::start(answer).await?;
    let id = CASE.parse()?;
    let list = said(facade.case_list(ipc::CaseList { cursor: None }).await)?;
    ensure!(list.items.len() == 1 && list.items[0].state == CaseState::Open, "{list:?}");
    ensure!(list.next_cursor.as_deref() == Some("there"));
    let next = said(facade.case_list(ipc::CaseList { cursor: list.next_cursor }).await)?;
    ensure!(
        next.items[0].is_held && next.items[0].is_restricted && next.next_cursor.is_none(),
        "{next:?}"
    );
    ensure!(stub.asked("GET /compliance/cases")[1].query == "cursor=there");

    let create = ipc::CaseCreate {
        kind: CaseKind::Erasure,
        email: "bob@music.example".into(),
        reason: "Asked by letter".into(),
    };
    let created = said(facade.case_create(create).await)?;
    ensure!(created.erasure.is_some_and(|erasure| erasure.due_at_us == 3));
    let body: http::CaseCreate = sent(&stub, "POST /compliance/cases")?;
    assert_eq!(body.kind, http::CaseKind::Erasure);

    let update = |action, display_name: Option<&str>| ipc::CaseUpdate {
        id,
        action,
        reason: "Checked by letter".into(),
        display_name: display_name.map(str::to_owned),
    };
    let path = format!("POST /compliance/cases/{CASE}");
    let held = said(facade.case_update(update(CaseAction::Hold, None)).await)?;
    ensure!(held.is_held);
    assert_eq!(sent::<http::CaseUpdate>(&stub, &path)?.action, http::CaseAction::Hold);
    said(facade.case_update(update(CaseAction::LiftHold, None)).await)?;
    assert_eq!(sent::<http::CaseUpdate>(&stub, &path)?.action, http::CaseAction::LiftHold);
    said(facade.case_update(update(CaseAction::Rectify, Some("Bob Other"))).await)?;
    let body: http::CaseUpdate = sent(&stub, &path)?;
    assert_eq!(body.display_name.as_deref(), Some("Bob Other"));

    let subject = said(facade.case_subject_view(ipc::CaseSubjectGet { id }).await)?;
    ensure!(subject.display_name == "Bob" && subject.holdings[0].n_rows == 1, "{subject:?}");
    let retention = said(facade.retention_view(ipc::RetentionGet {}).await)?;
    let rule = &retention.rules[0];
    ensure!(retention.last_run_at_us.is_none() && (rule.n_due, rule.n_held) == (2, 3), "{rule:?}");
    // Of another server's case there is nothing here.
    let other = facade.case_view(ipc::CaseGet { id: PERSON.parse()? }).await.unwrap_err();
    assert_eq!(other.kind, FaultKind::NotFound);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_agrees_and_takes_back() -> Outcome {
    let (stub, facade) = Stub::start(answer).await?;
    let update =
        ipc::ConsentUpdate { purpose: "personalisation".into(), version: 2, is_given: false };
    let consent = said(facade.consent_update(update).await)?;
    ensure!(!consent.is_given && consent.history[0].at_us == 5, "{consent:?}");
    let body: privacy::ConsentUpdate = sent(&stub, "POST /privacy/consents")?;
    ensure!(body.version == 2 && !body.is_given, "{body:?}");
    said(facade.restriction_update(ipc::RestrictionUpdate { is_restricted: true }).await)?;
    let body: privacy::RestrictionUpdate = sent(&stub, "POST /privacy/restriction")?;
    ensure!(body.is_restricted);
    said(facade.erasure_cancel(ipc::ErasureCancel {}).await)
}
