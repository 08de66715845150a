//! Who may do what: every route of the OpenAPI document is in this table, and holds to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api::roles::RoleChange;
use api_tests::{
    Client, ServerProcess,
    client::failure,
    openapi::{self, Operation},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Denial, Permission, Role};
use reqwest::{Method, StatusCode};
use web::auth::{Claims, Keys};

/// Whom a route lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anyone,
    SignedIn,
    /// Whose plan gives it; the people here have none.
    Premium,
    /// Whose roles give it, as the policy says.
    May(Permission),
    /// Anyone on this machine who shows no token; others as the policy says.
    Local(Permission),
}

/// What someone is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    /// Gets as far as the question itself.
    Allowed,
    Unauthenticated,
    Forbidden,
    /// As if there were no such path.
    Hidden,
}

const TABLE: &[(&str, Who)] = &[
    ("root_view", Who::Anyone),
    ("docs_view", Who::Anyone),
    ("openapi_view", Who::Anyone),
    ("health_view", Who::Anyone),
    ("ready_view", Who::Anyone),
    ("metrics_view", Who::Local(Permission::ReadMetrics)),
    ("account_create", Who::Anyone),
    ("account_view", Who::SignedIn),
    ("profile_update", Who::SignedIn),
    ("avatar_put", Who::SignedIn),
    ("avatar_delete", Who::SignedIn),
    // Those of others are not there where they are private.
    ("avatar_view", Who::SignedIn),
    ("email_change_start", Who::SignedIn),
    ("email_change_confirm", Who::Anyone),
    ("mail_link_page", Who::Anyone),
    ("account_verify_email_start", Who::SignedIn),
    ("account_verify_email", Who::Anyone),
    ("password_reset_start", Who::Anyone),
    ("password_reset_finish", Who::Anyone),
    ("mfa_view", Who::SignedIn),
    ("mfa_totp_start", Who::SignedIn),
    ("mfa_totp_confirm", Who::SignedIn),
    ("mfa_totp_disable", Who::SignedIn),
    ("mfa_passkey_enable", Who::SignedIn),
    ("mfa_passkey_disable", Who::SignedIn),
    ("mfa_recovery_renew", Who::SignedIn),
    ("plan_view", Who::SignedIn),
    ("plan_change", Who::SignedIn),
    ("session_create", Who::Anyone),
    ("session_refresh", Who::Anyone),
    ("session_delete", Who::SignedIn),
    ("session_list", Who::SignedIn),
    ("session_revoke", Who::SignedIn),
    ("session_revoke_others", Who::SignedIn),
    ("session_step_up", Who::SignedIn),
    ("offline_device_list", Who::SignedIn),
    ("offline_device_use", Who::Premium),
    ("offline_device_release", Who::SignedIn),
    ("jwks_view", Who::Anyone),
    ("sign_in_options", Who::Anyone),
    ("sign_in_page", Who::Anyone),
    ("passkey_page", Who::Anyone),
    // To link, someone has to be signed in; the body says which.
    ("oidc_start", Who::Anyone),
    ("oidc_finish", Who::Anyone),
    ("session_from_code", Who::Anyone),
    ("identity_list", Who::SignedIn),
    ("identity_unlink", Who::SignedIn),
    ("passkey_list", Who::SignedIn),
    ("passkey_ticket", Who::SignedIn),
    ("passkey_register_start", Who::Anyone),
    ("passkey_register_finish", Who::Anyone),
    ("passkey_delete", Who::SignedIn),
    ("passkey_sign_in_start", Who::Anyone),
    ("passkey_sign_in_finish", Who::Anyone),
    ("role_list", Who::May(Permission::GrantRoles)),
    ("role_grant", Who::May(Permission::GrantRoles)),
    ("role_revoke", Who::May(Permission::GrantRoles)),
    ("audit_list", Who::May(Permission::ReadAudit)),
    ("audit_checkpoint", Who::May(Permission::ReadAudit)),
    ("audit_restart", Who::May(Permission::ReadAudit)),
    ("audit_proof", Who::May(Permission::ReadAudit)),
    ("audit_export", Who::May(Permission::ReadAudit)),
    ("privacy_view", Who::SignedIn),
    ("consent_update", Who::SignedIn),
    ("restriction_update", Who::SignedIn),
    ("subject_export", Who::SignedIn),
    ("subject_export_view", Who::SignedIn),
    ("subject_export_file", Who::SignedIn),
    ("subject_erase", Who::SignedIn),
    ("subject_erase_cancel", Who::SignedIn),
    ("case_list", Who::May(Permission::HandleCases)),
    ("case_create", Who::May(Permission::HandleCases)),
    ("case_view", Who::May(Permission::HandleCases)),
    ("case_update", Who::May(Permission::HandleCases)),
    ("case_subject_view", Who::May(Permission::HandleCases)),
    ("retention_view", Who::May(Permission::HandleCases)),
    ("artist_list", Who::SignedIn),
    ("artist_view", Who::SignedIn),
    ("release_list", Who::SignedIn),
    ("release_view", Who::SignedIn),
    ("track_list", Who::SignedIn),
    ("track_view", Who::SignedIn),
    // Ids of covers are hashes that only those know who may see them.
    ("cover_view", Who::Anyone),
    ("play_report", Who::SignedIn),
    ("search", Who::SignedIn),
    ("search_rebuild", Who::May(Permission::RebuildSearch)),
    // Also with a signed URL, which only who is signed in gets.
    ("track_stream", Who::SignedIn),
    ("track_stream_head", Who::SignedIn),
    ("stream_url_create", Who::SignedIn),
    // What is spoken there.
    ("upload_options", Who::Anyone),
    ("upload_create", Who::May(Permission::UploadMusic)),
    ("upload_list", Who::May(Permission::UploadMusic)),
    ("upload_view", Who::May(Permission::UploadMusic)),
    ("upload_append", Who::May(Permission::UploadMusic)),
    ("upload_delete", Who::May(Permission::UploadMusic)),
    ("upload_override", Who::May(Permission::UploadMusic)),
    ("import_start", Who::May(Permission::ImportMusic)),
    ("import_view", Who::May(Permission::ImportMusic)),
    ("import_events", Who::May(Permission::ImportMusic)),
];

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// What a path gets that is none.
const NO_PATH: &str = "There is no such path.";

impl Who {
    /// What someone signed in with `roles` is answered.
    fn answer(self, roles: &[Role]) -> Answer {
        match self {
            Self::Anyone | Self::SignedIn => Answer::Allowed,
            Self::Premium => Answer::Forbidden,
            Self::May(permission) | Self::Local(permission) => match permission.check(roles) {
                Ok(()) => Answer::Allowed,
                Err(Denial::Forbidden) => Answer::Forbidden,
                Err(Denial::Hidden) => Answer::Hidden,
            },
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Anyone | Self::Local(_))
    }
}

/// Every route against nobody and against every role.
#[tokio::test]
async fn every_route_answers_every_role_as_the_policy_says() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let operations = openapi::operations(&anyone).await.unwrap();
    assert_eq!(operations.len(), TABLE.len(), "each operation has one row");
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, person(&anyone, &owner, role).await));
    }
    for operation in &operations {
        let row = TABLE.iter().find(|(id, _)| *id == operation.id);
        let (_, who) = row.unwrap_or_else(|| panic!("{}: who may? Add it to TABLE", operation.id));
        let unknown = if who.is_open() { Answer::Allowed } else { Answer::Unauthenticated };
        check(&anyone, operation, unknown).await;
        for (role, client) in &people {
            let roles = if *role == Role::Listener {
                vec![Role::Listener]
            } else {
                vec![Role::Listener, *role]
            };
            let wanted = who.answer(&roles);
            if operation.id == "session_delete" {
                // It ends the session it is asked with.
                let once = anyone.sign_in(&address(*role)).await.unwrap();
                check(&anyone.clone().with_token(once.access_token), operation, wanted).await;
                continue;
            }
            check(client, operation, wanted).await;
        }
    }
}

/// Someone with one role beside that of a listener.
async fn person(anyone: &Client, owner: &Client, role: Role) -> Client {
    let person = anyone.listener(&address(role)).await.unwrap();
    if role == Role::Listener {
        return person;
    }
    let grant = RoleChange { email: address(role), role, reason: "a test".to_owned() };
    let answer = owner.request(Method::POST, "/api/v1/roles").json(&grant).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    // Tokens from before lack the role, and are refused for it.
    let session = anyone.sign_in(&address(role)).await.unwrap();
    anyone.clone().with_token(session.access_token)
}

fn address(role: Role) -> String {
    format!("{role}.person@example.org")
}

#[tokio::test]
async fn metrics_from_elsewhere_are_for_owners() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let forwarded = |client: &Client| {
        client.request(Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.1").send()
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
            let client = anyone.clone().with_token(token);
            check(&client, &operation, Answer::Unauthenticated).await;
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
        assert_eq!(operation.is_open, who.is_open(), "{}", operation.id);
    }
}

/// A role that was taken is gone from the tokens that still say it, and a token cannot be talked
/// into one.
#[tokio::test]
async fn roles_are_neither_stale_nor_forged() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let owner = anyone.listener("owner@example.org").await.unwrap();
    let officer = person(&anyone, &owner, Role::ComplianceOfficer).await;
    let log = |client: &Client| client.request(Method::GET, "/api/v1/audit/records").send();
    assert_eq!(log(&officer).await.unwrap().status(), 200);

    let revoke = RoleChange {
        email: address(Role::ComplianceOfficer),
        role: Role::ComplianceOfficer,
        reason: "leaves the team".to_owned(),
    };
    let answer = owner.request(Method::POST, "/api/v1/roles/revoke").json(&revoke).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(log(&officer).await.unwrap().status(), 401, "the token still says the role");
    let session = anyone.sign_in(&address(Role::ComplianceOfficer)).await.unwrap();
    let listener = anyone.clone().with_token(session.access_token.clone());
    assert_eq!(log(&listener).await.unwrap().status(), 404);

    let (head, rest) = session.access_token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let said = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let forged = said.replace("[\"listener\"]", "[\"listener\",\"compliance_officer\"]");
    assert_ne!(forged, said);
    let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(forged));
    assert_eq!(log(&anyone.clone().with_token(forged)).await.unwrap().status(), 401);
}

/// Asks without a body: those who are let in get as far as the question itself.
async fn check(client: &Client, operation: &Operation, wanted: Answer) {
    let request = client.request(operation.method.clone(), &operation.path_with(NOBODY));
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let asked = format!("{} {}: {status}, {wanted:?}", operation.method, operation.path);
    assert!(!status.is_server_error(), "{asked}");
    let refused = match wanted {
        Answer::Allowed => {
            let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert!(!is_refused, "{asked}");
            if status == StatusCode::NOT_FOUND && operation.method != Method::HEAD {
                let message = failure(answer).await.unwrap().error.message;
                assert_ne!(message, NO_PATH, "{asked}");
            }
            return;
        }
        Answer::Unauthenticated => StatusCode::UNAUTHORIZED,
        Answer::Forbidden => StatusCode::FORBIDDEN,
        Answer::Hidden => StatusCode::NOT_FOUND,
    };
    assert_eq!(status, refused, "{asked}");
    if operation.method != Method::HEAD {
        let message = failure(answer).await.unwrap().error.message;
        assert_eq!(message == NO_PATH, wanted == Answer::Hidden, "{asked}");
    }
}

fn server_keys(server: &ServerProcess) -> Keys {
    let file = std::fs::read_to_string(server.data().path().join("signing-keys")).unwrap();
    let seed = URL_SAFE_NO_PAD.decode(file.trim()).unwrap();
    Keys::from_seeds(&[seed.try_into().unwrap()]).unwrap()
}
