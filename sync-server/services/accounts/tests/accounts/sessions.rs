//! Signing up, in and out, and refreshing.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use api::{
    accounts::{Account, AccountCreate, SessionRefresh},
    error::Code,
};
use domain::Role;
use engine_sql::testing;
use svc_accounts::Error;
use tokio::task::JoinSet;

use crate::stand::{DAY_US, PASSWORD, SECOND_US, Stand};

#[tokio::test]
async fn the_first_account_owns_the_server_and_addresses_are_unique() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        let ann = server.sign_up("Ann@example.org").await.unwrap();
        assert_eq!(ann.roles, [Role::Listener, Role::Owner]);
        assert_eq!((ann.email.as_str(), ann.display_name.as_str()), ("Ann@example.org", "Ann"));
        let bob = server.sign_up("bob@example.org").await.unwrap();
        assert_eq!(bob.roles, [Role::Listener]);
        let again = server.sign_up(" ann@EXAMPLE.org").await.unwrap_err();
        assert_eq!((again.status.as_u16(), again.code), (409, Code::Conflict));
        assert_eq!(server.service.account(ann.id).await.unwrap(), ann);
    }
}

#[tokio::test]
async fn two_who_sign_up_at_once_make_one_owner_and_one_account() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        let (a, b, c) = tokio::join!(
            server.sign_up("ann@example.org"),
            server.sign_up("ANN@example.org"),
            server.sign_up("bob@example.org"),
        );
        let made: Vec<Account> = [a, b, c].into_iter().flatten().collect();
        assert_eq!(made.len(), 2);
        let n_owners = made.iter().filter(|account| account.roles.contains(&Role::Owner)).count();
        assert_eq!(n_owners, 1);
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_address_get_the_same_answer() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let wrong = server.sign_in("ann@example.org", "not her password").await.unwrap_err();
        let unknown = server.sign_in("bob@example.org", PASSWORD).await.unwrap_err();
        let nonsense = server.sign_in("not an address", PASSWORD).await.unwrap_err();
        for other in [&unknown, &nonsense] {
            assert_eq!(wrong.status, other.status);
            assert_eq!((wrong.code, &wrong.message), (Code::WrongCredentials, &other.message));
        }
        let session = server.sign_in("ANN@example.org", PASSWORD).await.unwrap();
        let claims = server.service.keys().verify(&session.access_token).unwrap();
        assert_eq!((claims.account, claims.session), (session.account.id, session.id));
        assert!(claims.roles.contains(&Role::Owner));
    }
}

#[tokio::test]
async fn refreshing_rotates_and_reuse_ends_the_session() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let first = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let other = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let second = server.refresh(&first.refresh_token).await.unwrap();
        assert_eq!(second.id, first.id);
        assert_ne!(second.refresh_token, first.refresh_token);
        let third = server.refresh(&second.refresh_token).await.unwrap();

        server.service.mails_send().await.unwrap();
        server.mails.take();
        let reused = server.refresh(&first.refresh_token).await.unwrap_err();
        server.service.mails_send().await.unwrap();
        let told = server.mails.take();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].subject, "One of your devices was signed out");
        assert_eq!((reused.status.as_u16(), reused.code), (401, Code::Unauthenticated));
        // The thief's token and the access token are worthless now; other sessions go on.
        assert!(server.refresh(&third.refresh_token).await.is_err());
        assert!(server.service.keys().verify(&third.access_token).is_err());
        assert!(server.refresh(&other.refresh_token).await.is_ok());
    }
}

/// A line that broke, or a process that was killed, before the next token was kept: asking again
/// signed the listener out.
#[tokio::test]
async fn an_answer_that_was_lost_is_given_again_to_who_asked() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let first = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let key = "a key of sixteen";
        let lost = server.retry(&first.refresh_token, key).await.unwrap();
        server.pass(100 * SECOND_US);
        let second = server.retry(&first.refresh_token, key).await.unwrap();
        assert_eq!(second.refresh_token, lost.refresh_token);
        assert_eq!(server.retry(&first.refresh_token, "short").await.unwrap_err().status, 400);

        // Once what came of it was used, or another asks, it is a token used twice.
        server.retry(&second.refresh_token, key).await.unwrap();
        assert!(server.retry(&first.refresh_token, key).await.is_err());
        let other = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        server.retry(&other.refresh_token, key).await.unwrap();
        assert!(server.retry(&other.refresh_token, "another key of sixteen").await.is_err());
        assert!(server.retry(&other.refresh_token, key).await.is_err(), "the session has ended");
        let late = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        server.retry(&late.refresh_token, key).await.unwrap();
        server.pass(121 * SECOND_US);
        assert!(server.retry(&late.refresh_token, key).await.is_err());
    }
}

/// What was signed for a session was good again after a restart.
#[tokio::test]
async fn a_session_that_ended_stays_ended_over_a_restart() {
    let db = testing::sqlite().await;
    let server = Stand::start(db).await;
    server.sign_up("ann@example.org").await.unwrap();
    let session = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
    let claims = server.service.keys().verify(&session.access_token).unwrap();
    server.service.session_delete(&claims).await.unwrap();
    server.pass(SECOND_US);
    let server = server.restart().await;
    assert!(server.service.keys().verify(&session.access_token).is_err());
}

#[tokio::test]
async fn one_of_two_refreshes_at_once_wins() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let first = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let token = &first.refresh_token;
        let (a, b) = tokio::join!(server.refresh(token), server.refresh(token));
        assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
    }
}

/// Done together in one transaction, each by itself.
#[tokio::test]
async fn refreshes_at_the_same_time_do_not_meet() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        for email in ["ann@example.org", "bob@example.org"] {
            server.sign_up(email).await.unwrap();
        }
        let ann = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let bob = server.sign_in("bob@example.org", PASSWORD).await.unwrap();
        let stolen = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let next = server.refresh(&stolen.refresh_token).await.unwrap();
        let lost = server.sign_in("bob@example.org", PASSWORD).await.unwrap();
        let gone = server.sign_in("bob@example.org", PASSWORD).await.unwrap();
        server.service.session_delete(&server.claims(&gone)).await.unwrap();
        let key = "a key of sixteen";
        let (ann, stolen, bob, once, again, gone) = tokio::join!(
            server.refresh(&ann.refresh_token),
            server.refresh(&stolen.refresh_token),
            server.refresh(&bob.refresh_token),
            server.retry(&lost.refresh_token, key),
            server.retry(&lost.refresh_token, key),
            server.refresh(&gone.refresh_token),
        );
        let (ann, bob, once) = (ann.unwrap(), bob.unwrap(), once.unwrap());
        assert_eq!(again.unwrap().refresh_token, once.refresh_token);
        assert_eq!([stolen.unwrap_err().status, gone.unwrap_err().status], [401, 401]);
        assert!(server.refresh(&next.refresh_token).await.is_err(), "the session has ended");
        assert_eq!(ann.account.email, "ann@example.org");
        assert_eq!(bob.account.email, "bob@example.org");
        for session in [ann, bob, once] {
            assert_eq!(server.refresh(&session.refresh_token).await.unwrap().id, session.id);
        }
    }
}

/// More of them than one statement takes, from a network each.
#[tokio::test]
async fn many_refresh_at_the_same_time() {
    for db in testing::databases().await {
        let server = Arc::new(Stand::start(db).await);
        let mut tokens = Vec::new();
        for person in 0..3 {
            let email = format!("person{person}@example.org");
            let account = server.service.account_create_external(&email, None).await.unwrap();
            for _ in 0..50 {
                let session = server.service.session_open(account.id, None, None, None).await;
                tokens.push((email.clone(), session.unwrap().refresh_token));
            }
        }
        for _ in 0..2 {
            let mut refreshing = JoinSet::new();
            for (n, (email, token)) in (0..).zip(tokens.drain(..)) {
                let server = server.clone();
                let asked = SessionRefresh { refresh_token: token, retry_key: None };
                let from = Some(IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + n)));
                refreshing.spawn(async move {
                    let session = server.service.session_refresh(&asked, from).await.unwrap();
                    assert_eq!(session.account.email, email);
                    (email, session.refresh_token)
                });
            }
            tokens = refreshing.join_all().await;
        }
        assert_eq!(tokens.len(), 150);
    }
}

#[tokio::test]
async fn foreign_and_cut_tokens_end_nothing() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let session = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let token = &session.refresh_token;
        // Right ids, wrong secret: what someone can make who saw an access token.
        let mut forged = token.clone();
        forged.replace_range(60.., &"A".repeat(token.len() - 60));
        for bad in ["", "x", &token[1..], &forged] {
            assert_eq!(server.refresh(bad).await.unwrap_err().status, 401);
        }
        assert!(server.refresh(token).await.is_ok());
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_at_once() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let here = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let there = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let claims = server.service.keys().verify(&here.access_token).unwrap();
        server.service.session_delete(&claims).await.unwrap();
        server.service.session_delete(&claims).await.unwrap();
        assert!(server.service.keys().verify(&here.access_token).is_err());
        assert!(server.refresh(&here.refresh_token).await.is_err());
        assert!(server.refresh(&there.refresh_token).await.is_ok());
    }
}

#[tokio::test]
async fn idle_sessions_end_and_used_ones_do_not() {
    for db in testing::databases().await {
        let server = Stand::start(db).await;
        server.sign_up("ann@example.org").await.unwrap();
        let mut used = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        let idle = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
        for _ in 0..4 {
            server.pass(25 * DAY_US);
            used = server.refresh(&used.refresh_token).await.unwrap();
        }
        assert!(server.refresh(&idle.refresh_token).await.is_err());
    }
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_sessions() {
    let server = Stand::start(testing::sqlite().await).await;
    server.sign_up("ann@example.org").await.unwrap();
    let oldest = server.sign_in("ann@example.org", PASSWORD).await.unwrap();
    let mut newest = None;
    for _ in 0..50 {
        server.pass(SECOND_US);
        newest = Some(server.sign_in("ann@example.org", PASSWORD).await.unwrap());
    }
    assert!(server.refresh(&oldest.refresh_token).await.is_err());
    assert!(server.refresh(&newest.unwrap().refresh_token).await.is_ok());
}

#[tokio::test]
async fn guessing_is_slowed_down_and_being_right_is_not() {
    let server = Stand::start(testing::sqlite().await).await;
    server.sign_up("ann@example.org").await.unwrap();
    for _ in 0..15 {
        server.sign_in("ann@example.org", PASSWORD).await.unwrap();
    }
    for _ in 0..10 {
        let wrong = server.sign_in("ann@example.org", "not her password").await.unwrap_err();
        assert_eq!(wrong.status, 401);
    }
    let slowed = server.sign_in("ann@example.org", "not her password").await.unwrap_err();
    assert_eq!((slowed.status.as_u16(), slowed.code), (429, Code::RateLimited));
    server.pass(7 * SECOND_US);
    assert!(server.sign_in("ann@example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused() {
    let server = Stand::start(testing::sqlite().await).await;
    let asked = |email: &str, password: &str, name: Option<&str>| AccountCreate {
        email: email.to_owned(),
        password: password.to_owned(),
        display_name: name.map(str::to_owned),
    };
    let long = "n".repeat(81);
    for bad in [
        asked("not an address", PASSWORD, None),
        asked("ann@example.org", "short", None),
        asked("ann@example.org", "password123", None),
        asked("ann@example.org", PASSWORD, Some(" ")),
        asked("ann@example.org", PASSWORD, Some("two\nlines")),
        asked("ann@example.org", PASSWORD, Some(&long)),
    ] {
        let Err(Error::Refused(error)) = server.service.account_create(bad.clone(), None).await
        else {
            panic!("taken: {bad:?}");
        };
        assert_eq!(error.status, 400, "{bad:?}");
        assert!(!error.hint.is_empty());
    }
}
