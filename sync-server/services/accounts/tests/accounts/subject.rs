//! Erasure, the end of what is kept, and those who come by other ways than a password.

use std::collections::HashSet;

use domain::{AccountId, Role, plan::Tier};
use engine_sql::testing;
use svc_accounts::Retained;
use web::ApiError;

use crate::stand::{DAY_US, PASSWORD, SECOND_US, Stand};

#[tokio::test]
async fn an_erased_account_is_gone_and_its_address_free() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("owner@example.org").await;
        let ann = stand.account("ann@example.org").await;
        let session = stand.session_from("ann@example.org", "a phone like no other", "192.0.2.7");
        let session = session.await;
        stand.service.mails_send().await.unwrap();
        for _ in 0..2 {
            stand.service.subject_erase(ann.id).await.unwrap();
        }
        assert!(stand.keys.verify(&session.access_token).is_err());
        assert_eq!(stand.renew(&session).await.unwrap_err().status, 401);
        assert_eq!(stand.sign_in("ann@example.org", PASSWORD).await.unwrap_err().status, 401);
        assert_eq!(ApiError::from(stand.service.account(ann.id).await.unwrap_err()).status, 401);
        let left = stand.dump().await;
        for trace in [ann.id.to_string().as_str(), "a phone like no other", "192.0.2"] {
            assert!(!left.contains(trace), "{trace}");
        }
        let anew = stand.sign_up("ann@example.org").await.unwrap();
        assert_ne!(anew.id, ann.id);
        assert_eq!(anew.roles, [Role::Listener]);
    }
}

#[tokio::test]
async fn what_was_kept_for_some_time_goes() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let held = HashSet::from([ended_and_expired(&stand, "held@example.org").await]);
        ended_and_expired(&stand, "ann@example.org").await;
        let living = stand.session("ann@example.org", None).await;
        let now_us = i64::try_from(stand.now_s()).unwrap() * SECOND_US;
        let (soon, late) = (now_us - DAY_US, now_us + 3 * DAY_US);
        for what in [Retained::EndedSessions, Retained::ExpiredLinks] {
            let nobody = HashSet::new();
            let due = async |before_us, held| {
                stand.service.retained_due(what, before_us, held).await.unwrap()
            };
            let drop = async |held| stand.service.retained_drop(what, late, held).await.unwrap();
            assert_eq!(due(soon, &nobody).await, 0, "{what:?}");
            assert_eq!((due(late, &nobody).await, due(late, &held).await), (2, 1), "{what:?}");
            assert_eq!(drop(&held).await, 1, "{what:?}");
            assert_eq!((due(late, &nobody).await, due(late, &held).await), (1, 0), "{what:?}");
            assert_eq!(drop(&held).await, 0, "{what:?}");
            assert_eq!(drop(&nobody).await, 1, "{what:?}");
        }
        assert!(stand.renew(&living).await.is_ok());
    }
}

/// Someone with one session that ended, and one link in a mail.
async fn ended_and_expired(stand: &Stand, email: &str) -> AccountId {
    let account = stand.account(email).await;
    stand.service.mails_send().await.unwrap();
    let session = stand.session(email, None).await;
    stand.service.session_delete(&stand.claims(&session)).await.unwrap();
    account.id
}

/// More accounts than go in one transaction, one of them in the middle held.
#[tokio::test]
async fn old_rows_of_many_go_and_those_of_the_held_among_them_stay() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let accounts: Vec<AccountId> = (0..450).map(|n| AccountId::new(n, [1; 10])).collect();
        for account in &accounts {
            stand.link_put(*account, 1).await;
        }
        let held = HashSet::from([accounts[0], accounts[210], accounts[449]]);
        let what = Retained::ExpiredLinks;
        assert_eq!(stand.service.retained_due(what, 2, &held).await.unwrap(), 447);
        assert_eq!(stand.service.retained_drop(what, 2, &held).await.unwrap(), 447);
        assert_eq!(stand.service.retained_due(what, 2, &HashSet::new()).await.unwrap(), 3);
    }
}

/// Retention looks at many accounts, and opens none of them.
#[tokio::test]
async fn whether_an_account_is_there_is_told_without_the_vault() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let ann = stand.account("ann@example.org").await.id;
        stand.vault.lose();
        assert!(stand.service.account(ann).await.is_err(), "its address cannot be had");
        assert!(stand.service.account_exists(ann).await.unwrap());
        assert!(!stand.service.account_exists(AccountId::new(1, [1; 10])).await.unwrap());
    }
}

#[tokio::test]
async fn whom_a_provider_vouches_for_has_no_password() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let service = &stand.service;
        let ann = service.account_create_external("ann@example.org", Some("Ann\n")).await.unwrap();
        assert_eq!((ann.display_name.as_str(), ann.is_email_verified), ("Ann", true));
        let bob = service.account_create_external("bob@example.org", Some("\0")).await.unwrap();
        assert_eq!(bob.display_name, "bob", "no name of ours, and no reason to keep him out");
        let taken = service.account_create_external("ANN@example.org", None).await.unwrap_err();
        assert_eq!(ApiError::from(taken).status, 409);
        assert!(!service.has_password(ann.id).await.unwrap());
        for guess in ["", " ", PASSWORD] {
            assert_eq!(stand.sign_in("ann@example.org", guess).await.unwrap_err().status, 401);
        }
        let session = service.session_open(ann.id, Some("desk"), None, None).await.unwrap();
        assert_eq!(stand.claims(&session).authenticated_at_s, stand.now_s());
        assert_eq!(stand.step_up(&session, PASSWORD, None).await.unwrap_err().status, 409);
        assert!(stand.mails.take().is_empty(), "there is nothing to confirm");
    }
}

#[tokio::test]
async fn showing_again_who_one_is_is_in_this_token_and_the_next() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("ann@example.org").await;
        let session = stand.session("ann@example.org", None).await;
        let began_s = stand.now_s();
        assert_eq!(stand.claims(&session).authenticated_at_s, began_s);
        stand.pass(3_600 * SECOND_US);
        let session = stand.renew(&session).await.unwrap();
        assert_eq!(stand.claims(&session).authenticated_at_s, began_s, "refreshing shows nothing");

        assert_eq!(stand.step_up(&session, "not it", None).await.unwrap_err().status, 403);
        let stepped = stand.step_up(&session, PASSWORD, None).await.unwrap();
        assert_eq!(stand.keys.verify(&stepped).unwrap().authenticated_at_s, stand.now_s());
        let next = stand.renew(&session).await.unwrap();
        assert_eq!(stand.claims(&next).authenticated_at_s, stand.now_s());

        stand.second_factor.turn_on("246810");
        assert_eq!(stand.step_up(&next, PASSWORD, None).await.unwrap_err().status, 401);
        assert_eq!(stand.step_up(&next, PASSWORD, Some("000000")).await.unwrap_err().status, 401);
        assert!(stand.step_up(&next, PASSWORD, Some("246810")).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_paid_for_is_in_the_next_token() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.account("ann@example.org").await;
    let session = stand.session("ann@example.org", None).await;
    assert_eq!(stand.claims(&session).tier, Tier::Free);
    *stand.tiers.0.lock().unwrap() = Tier::Premium;
    let session = stand.renew(&session).await.unwrap();
    assert_eq!((stand.claims(&session).tier, session.account.tier), (Tier::Premium, Tier::Premium));
}

/// The code is asked for after the password, from the device that is claimed where it is known.
#[tokio::test]
async fn signing_in_takes_the_second_factor_where_there_is_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.account("ann@example.org").await;
        let before = stand.session("ann@example.org", None).await;
        stand.second_factor.turn_on("246810");
        assert!(stand.renew(&before).await.is_ok(), "sessions go on");
        let sign_in = |code, device| stand.sign_in_with("ann@example.org", code, device);
        let without = sign_in(None, None).await.unwrap_err();
        assert_eq!(without.code, api::error::Code::SecondFactorRequired);
        let wrong = stand.sign_in("ann@example.org", "not the password").await.unwrap_err();
        assert_eq!(wrong.code, api::error::Code::WrongCredentials);
        assert!(sign_in(Some("000000"), None).await.is_err());
        assert!(sign_in(Some("246810"), Some(before.device_id)).await.is_ok());
        assert_eq!(stand.second_factor.devices(), [None, Some(before.device_id)]);
        let unknown = domain::DeviceId::new(1, [1; 10]);
        sign_in(Some("246810"), Some(unknown)).await.unwrap();
        assert_eq!(stand.second_factor.devices().last(), Some(&None), "it is not believed");
    }
}
