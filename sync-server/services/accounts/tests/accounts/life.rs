//! What an account does once it is there: devices, roles; and what the audit log is told of it.

use api::{
    accounts::{RoleChange, Session},
    error::Code,
};
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
async fn roles_are_given_and_taken_and_old_tokens_end_at_once() {
    for db in testing::databases().await {
        let mut stand = Stand::start(db).await;
        stand.account("owner@example.org").await;
        let bob = stand.account("bob@example.org").await;
        let owner = stand.session("owner@example.org", None).await;
        let by = stand.claims(&owner);
        let before = stand.session("bob@example.org", None).await;

        let role = |role| RoleChange {
            email: "BOB@example.org".into(),
            role,
            reason: "answers requests".into(),
        };
        let engineer = role(Role::Engineer);
        let granted = stand.service.role_grant(&by, &engineer).await.unwrap();
        assert_eq!(granted.roles, [Role::Listener, Role::Engineer]);
        assert!(stand.keys.verify(&before.access_token).is_err(), "it lacks the role");
        let during = stand.renew(&before).await.unwrap();
        assert_eq!(stand.claims(&during).roles, [Role::Listener, Role::Engineer]);
        let holders = stand.service.role_holders().await.unwrap().holders;
        assert_eq!(holders.len(), 2);
        assert!(holders.iter().any(|holder| holder.account == bob.id));

        stand.service.role_revoke(&by, &engineer).await.unwrap();
        assert!(stand.keys.verify(&during.access_token).is_err(), "it still has the role");
        // A restart forgets nothing of that.
        stand = stand.restart().await;
        assert!(stand.keys.verify(&during.access_token).is_err());
        let after = stand.renew(&during).await.unwrap();
        assert_eq!(stand.claims(&after).roles, [Role::Listener]);
        assert_eq!(stand.service.role_holders().await.unwrap().holders.len(), 1);

        let revoke_owner = RoleChange {
            email: "owner@example.org".into(),
            role: Role::Owner,
            reason: "leaves".into(),
        };
        let refused = stand.service.role_revoke(&by, &revoke_owner).await;
        assert_eq!(ApiError::from(refused.unwrap_err()).code, Code::Conflict);
        assert!(stand.keys.verify(&owner.access_token).is_ok(), "nothing has changed");
        stand.service.role_grant(&by, &role(Role::Owner)).await.unwrap();
        stand.service.role_revoke(&by, &revoke_owner).await.unwrap();

        let everybody = stand.service.role_grant(&by, &role(Role::Listener)).await;
        assert_eq!(ApiError::from(everybody.unwrap_err()).status, 400);
        let nobody = RoleChange { email: "eve@example.org".into(), ..role(Role::Creator) };
        let unknown = stand.service.role_grant(&by, &nobody).await;
        assert_eq!(ApiError::from(unknown.unwrap_err()).status, 404);
    }
}

/// Two owners who revoke each other at once leave one.
#[tokio::test]
async fn there_is_always_an_owner() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("ann@example.org").await;
        stand.account("bob@example.org").await;
        let session = stand.session("ann@example.org", None).await;
        let by = stand.claims(&session);
        let owner = |email: &str| RoleChange {
            email: email.into(),
            role: Role::Owner,
            reason: "a quarrel".into(),
        };
        let (ann, bob) = (owner("ann@example.org"), owner("bob@example.org"));
        stand.service.role_grant(&by, &bob).await.unwrap();
        let (first, second) = tokio::join!(
            stand.service.role_revoke(&by, &ann),
            stand.service.role_revoke(&by, &bob)
        );
        assert!(first.is_ok() != second.is_ok());
        assert_eq!(stand.service.role_holders().await.unwrap().holders.len(), 1);
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
        let by = stand.claims(&session);
        let engineer = RoleChange {
            email: "ann@example.org".into(),
            role: Role::Engineer,
            reason: "on call".into(),
        };
        stand.pass(1_000);
        stand.service.role_grant(&by, &engineer).await.unwrap();
        // It changes nothing, so there is nothing to tell.
        stand.service.role_grant(&by, &engineer).await.unwrap();
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
            ("role_grant", &account),
            ("refresh_token_reuse", &session),
        ];
        assert_eq!(told, wanted);
        assert_eq!(acts[2].reason.as_ref().unwrap().as_str(), "engineer: on call");
        assert_eq!(acts[2].actor.as_ref().unwrap().as_str(), account);
        let text = serde_json::to_string(&acts).unwrap();
        assert!(!text.contains("ann@") && !text.contains("example"), "tokens only: {text}");
    }
}
