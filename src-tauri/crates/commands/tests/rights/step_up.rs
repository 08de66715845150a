//! Showing again who it is.

use anyhow::ensure;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use ipc::{ExportState, FaultKind, SecondStep};
use serde_json::json;

use crate::stub::{Asked, Outcome, Stub, TOKEN, ok, refusal, said};

fn answer(asked: &Asked) -> Option<Response> {
    Some(match asked.what.as_str() {
        "POST /privacy/exports" if asked.token == "just-shown" => {
            let export = json!({
                "id": "01938e3c-5f6e-7cc0-8d1a-222222222222",
                "asked_at_us": 1,
                "state": "running",
                "n_done": 0,
                "n_total": 9,
                "size_bytes": null,
                "expires_at_us": null,
            });
            (StatusCode::ACCEPTED, axum::Json(export)).into_response()
        }
        "POST /privacy/exports" => {
            refusal(StatusCode::FORBIDDEN, "step_up_required", "Show again who you are.")
        }
        "POST /sessions/step-up" => step_up(asked),
        _ => return None,
    })
}

fn step_up(asked: &Asked) -> Response {
    if asked.body["password"] != "four words no digit" {
        return refusal(StatusCode::FORBIDDEN, "forbidden", "The password is not right.");
    }
    if asked.body["code"] != "123456" {
        let message = "A code is wanted as well.";
        return refusal(StatusCode::UNAUTHORIZED, "second_factor_required", message);
    }
    ok(&json!({ "access_token": "just-shown", "token_type": "Bearer", "expires_in": 600 }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_more_than_a_session_is_done_once_it_is_shown_who_it_is() -> Outcome {
    let (stub, facade) = Stub::start(answer).await?;
    let refused = facade.subject_export(ipc::SubjectExport {}).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::StepUpRequired);

    let show = async |password: &str, code: Option<&str>| {
        let call = ipc::StepUp { password: password.into(), code: code.map(str::to_owned) };
        facade.session_step_up(call).await.map_err(|fault| fault.kind)
    };
    assert_eq!(show("another", None).await, Err(FaultKind::WrongCredentials));
    let of_app = SecondStep { takes_app: true, takes_passkey: false };
    let wanted = Err(FaultKind::SecondFactorRequired(of_app));
    assert_eq!(show("four words no digit", None).await, wanted);
    assert_eq!(show("four words no digit", Some("000000")).await, wanted);
    assert_eq!(show("four words no digit", Some("123456")).await, Ok(()));

    let export = said(facade.subject_export(ipc::SubjectExport {}).await)?;
    ensure!(export.state == ExportState::Running && export.n_total == 9, "{export:?}");
    let tokens = stub.asked("POST /privacy/exports").into_iter().map(|asked| asked.token);
    assert_eq!(tokens.collect::<Vec<_>>(), [TOKEN, "just-shown"]);
    // Nobody was signed out over it, nor was a token renewed.
    ensure!(said(facade.session_view(ipc::SessionGet {}).await)?.account.is_some());
    assert_eq!(stub.asked("POST /sessions/refresh").len(), 0);
    Ok(())
}
