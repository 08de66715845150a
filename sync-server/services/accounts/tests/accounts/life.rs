//! What an account does once it is there: devices, sessions; which role it has; and what the audit
//! log is told of it.

use std::sync::atomic::Ordering;

use api::accounts::Session;
use domain::Role;
use engine_sql::testing;
use web::ApiError;

use crate::stand::{DAY_US, Stand};

#[tokio::test]
async fn a_device_stays_one_when_its_person_signs_in_again() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("ann@example.org").await;
        stand.account("bob@example.org").await;
        let first = stand.session("ann@example.org", None).await;
        let again = stand.session("ann@example.org", Some(first.device_id)).await;
        assert_eq!(again.device_id, first.device_id);
        assert_eq!(stand.renew(&first).await.unwrap_err().status, 401, "it was replaced");
        let other = stand.session("ann@example.org", None).await;
        assert_ne!(other.device_id, first.device_id);
        assert!(stand.renew(&again).await.is_ok(), "another device ends nothing");
        // What is of another account is passed over.
        let bob = stand.session("bob@example.org", Some(first.device_id)).await;
        assert_ne!(bob.device_id, first.device_id);
        assert_eq!(stand.claims(&other).device, other.device_id);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_or_all_but_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("ann@example.org").await;
        stand.account("bob@example.org").await;
        let laptop = stand.session_from("ann@example.org", "laptop", "192.0.2.77").await;
        stand.pass(1);
        let phone = stand.session_from("ann@example.org", "phone", "2001:db8:1:2::3").await;
        stand.pass(1);
        let bob = stand.session("bob@example.org", None).await;
        let claims = stand.claims(&phone);

        let list = stand.service.sessions(&claims).await.unwrap().sessions;
        let shown: Vec<_> = list
            .iter()
            .map(|entry| {
                (entry.device_name.as_str(), entry.last_network.as_deref(), entry.is_current)
            })
            .collect();
        let wanted =
            [("phone", Some("2001:db8:1::/48"), true), ("laptop", Some("192.0.2.0/24"), false)];
        assert_eq!(shown, wanted);

        let revoke = |id| stand.service.session_revoke(&claims, id);
        let foreign = ApiError::from(revoke(bob.id).await.unwrap_err());
        assert_eq!(foreign.status, 404, "of another account, it is not there");
        revoke(laptop.id).await.unwrap();
        assert!(stand.keys.verify(&laptop.access_token).is_err(), "its token ends at once");
        assert_eq!(stand.renew(&laptop).await.unwrap_err().status, 401);
        assert_eq!(ApiError::from(revoke(laptop.id).await.unwrap_err()).status, 404);

        let tablet = stand.session("ann@example.org", None).await;
        let ended = stand.service.session_revoke_others(&claims).await.unwrap();
        assert_eq!(ended.n_sessions, 1);
        assert!(stand.renew(&tablet).await.is_err() && stand.renew(&phone).await.is_ok());
        assert!(stand.renew(&bob).await.is_ok());
    }
}

#[tokio::test]
async fn a_session_that_idled_out_is_not_listed() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.account("ann@example.org").await;
    stand.session("ann@example.org", None).await;
    stand.pass(91 * DAY_US);
    let now = stand.session("ann@example.org", None).await;
    let list = stand.service.sessions(&stand.claims(&now)).await.unwrap().sessions;
    assert_eq!(list.iter().map(|entry| entry.id).collect::<Vec<_>>(), [now.id]);
}

#[tokio::test]
async fn roles_are_in_the_next_token_with_their_version() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.account("owner@example.org").await;
    stand.account("ann@example.org").await;
    let owner = stand.session("owner@example.org", None).await;
    let ann = stand.session("ann@example.org", None).await;
    assert_eq!(stand.claims(&owner).roles, [Role::Listener, Role::Owner]);
    assert_eq!(stand.claims(&ann).roles, [Role::Listener]);
    stand.roles.version.store(3, Ordering::Relaxed);
    assert_eq!(stand.claims(&stand.renew(&ann).await.unwrap()).roles_version, 3);
}

/// A crash, or a failure, between the first account and its role: nobody takes its place.
#[tokio::test]
async fn the_first_account_owns_the_server_even_where_its_sign_up_was_cut_off() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.roles.is_broken.store(true, Ordering::Relaxed);
        assert_eq!(stand.sign_up("ann@example.org").await.unwrap_err().status, 500);
        // Ids are in the order of their milliseconds.
        stand.pass(1_000);
        stand.roles.is_broken.store(false, Ordering::Relaxed);
        let bob = stand.account("bob@example.org").await;
        assert_eq!(bob.roles, [Role::Listener], "he came second");
        let ann = stand.session("ann@example.org", None).await;
        assert_eq!(stand.claims(&ann).roles, [Role::Listener, Role::Owner]);
    }
}

#[tokio::test]
async fn the_next_start_goes_on_where_the_first_sign_up_was_cut_off() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.roles.is_broken.store(true, Ordering::Relaxed);
        assert!(stand.sign_up("ann@example.org").await.is_err());
        stand.roles.is_broken.store(false, Ordering::Relaxed);
        let stand = stand.restart().await;
        let ann = stand.session("ann@example.org", None).await;
        assert_eq!(stand.claims(&ann).roles, [Role::Listener, Role::Owner]);
    }
}

#[tokio::test]
async fn the_audit_log_is_told_in_the_same_transaction() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account("ann@example.org").await;
        // Within a millisecond the order of acts is chance.
        stand.pass(1_000);
        let session: Session = stand.session("ann@example.org", None).await;
        stand.pass(1_000);
        let next = stand.renew(&session).await.unwrap();
        assert!(stand.renew(&session).await.is_err(), "used twice");
        assert!(stand.renew(&next).await.is_err());

        let acts = stand.acts().await;
        let told: Vec<_> =
            acts.iter().map(|act| (act.verb.as_str(), act.object.as_str())).collect();
        let (account, session) = (format!("account:{}", ann.id), format!("session:{}", session.id));
        let wanted = [
            ("account_create", account.as_str()),
            ("session_create", &session),
            ("refresh_token_reuse", &session),
        ];
        assert_eq!(told, wanted);
        assert_eq!(acts[1].actor.as_ref().unwrap().as_str(), account);
        let text = serde_json::to_string(&acts).unwrap();
        assert!(!text.contains("ann@") && !text.contains("example"), "tokens only: {text}");
    }
}
