//! The committed OpenAPI document is that of the routes as they are.

const COMMITTED: &str = include_str!("../openapi.json");

#[tokio::test]
async fn the_committed_document_has_not_drifted() {
    let present = server::openapi::text().await.unwrap();
    assert!(
        present == COMMITTED,
        "the routes changed: look at the difference, then run `cargo xtask openapi` and commit"
    );
}

#[tokio::test]
async fn operations_have_names_and_those_others_use_are_kept() {
    let document: serde_json::Value = serde_json::from_str(COMMITTED).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|methods| methods.as_object().unwrap().values());
    let ids: Vec<&str> = operations.map(|about| about["operationId"].as_str().unwrap()).collect();
    for id in [
        "account_create",
        "session_create",
        "session_refresh",
        "session_delete",
        "account_view",
        "artist_list",
        "artist_view",
        "release_list",
        "release_view",
        "track_list",
        "track_view",
        "search",
        "track_stream",
        "cover_view",
        "import_start",
        "import_view",
        "account_verify_email",
        "password_reset_start",
        "password_reset_finish",
        "mfa_totp_start",
        "mfa_totp_confirm",
        "session_list",
        "session_revoke",
        "profile_update",
        "plan_view",
        "role_grant",
        "audit_list",
        "audit_checkpoint",
        "audit_proof",
    ] {
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
}
