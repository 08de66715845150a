//! Consents and restriction.

use api::privacy::ConsentUpdate;
use axum::http::StatusCode;
use engine_sql::testing;
use svc_privacy::Error;

use super::stand::{Stand, open};

fn update(version: u32, is_given: bool) -> ConsentUpdate {
    ConsentUpdate { purpose: "personalisation".to_owned(), version, is_given }
}

fn status(error: &Error) -> Option<StatusCode> {
    match error {
        Error::Refused(refused) => Some(refused.status),
        _ => None,
    }
}

#[tokio::test]
async fn every_answer_stays_with_its_proof() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let ann = stand.person("ann");
        assert!(!stand.service.privacy(ann).await.unwrap().consents[0].is_given);
        for is_given in [true, true, false, true] {
            stand.world.pass(1_000_000);
            let view = stand.service.consent_update(ann, &update(2, is_given)).await.unwrap();
            assert_eq!(view.is_given, is_given);
        }
        let consent = &stand.service.privacy(ann).await.unwrap().consents[0];
        let said: Vec<bool> = consent.history.iter().map(|entry| entry.is_given).collect();
        assert_eq!(said, [true, false, true], "the latest first; saying it again is nothing new");
        let acts = stand.world.acts().await;
        let reasons: Vec<&str> = acts
            .iter()
            .filter(|act| act.verb.as_str() == "consent_update")
            .map(|act| act.reason.as_ref().unwrap().as_str())
            .collect();
        let [given, withdrawn] = ["personalisation 2: given", "personalisation 2: withdrawn"];
        assert_eq!(reasons, [given, withdrawn, given]);
        let other = stand.person("bob");
        assert!(stand.service.privacy(other).await.unwrap().consents[0].history.is_empty());
    }
}

#[tokio::test]
async fn an_older_version_cannot_be_agreed_to_and_does_not_count() {
    let mut stand = Stand::new().await;
    let ann = stand.person("ann");
    for version in [1, 3] {
        let refused = stand.service.consent_update(ann, &update(version, true)).await;
        assert_eq!(status(&refused.unwrap_err()), Some(StatusCode::CONFLICT));
    }
    let unknown = ConsentUpdate { purpose: "x".to_owned(), ..update(2, true) };
    let unknown = stand.service.consent_update(ann, &unknown).await.unwrap_err();
    assert_eq!(status(&unknown), Some(StatusCode::NOT_FOUND));
    stand.service.consent_update(ann, &update(2, true)).await.unwrap();

    stand.settings.purposes[0].version = 3;
    stand.reopen().await;
    let consent = &stand.service.privacy(ann).await.unwrap().consents[0];
    assert!(!consent.is_given, "it was given to another text");
    assert_eq!((consent.history[0].version, consent.history[0].is_given), (2, true));
    stand.world.pass(1);
    let view = stand.service.consent_update(ann, &update(3, true)).await.unwrap();
    assert!(view.is_given && view.history.len() == 2);
}

#[tokio::test]
async fn restriction_is_said_once_each_way() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let ann = stand.person("ann");
        for is_restricted in [false, true, true, false, false] {
            stand.world.pass(1_000_000);
            stand.service.restrict(ann, is_restricted).await.unwrap();
            assert_eq!(stand.service.privacy(ann).await.unwrap().is_restricted, is_restricted);
        }
        assert_eq!(stand.world.n_acts("restriction_begin").await, 1);
        assert_eq!(stand.world.n_acts("restriction_end").await, 1);
    }
}

/// It is asked for every play, and answered from memory: at once here, within seconds elsewhere.
#[tokio::test]
async fn restriction_begins_and_ends_at_once_and_elsewhere_soon() {
    for db in testing::databases().await {
        let stand = Stand::on(db).await;
        let [ann, bob] = ["ann", "bob"].map(|name| stand.person(name));
        let elsewhere = open(&stand.world, &stand.settings).await.unwrap();
        assert!(!elsewhere.is_restricted(ann).await.unwrap());
        for is_restricted in [true, false, true] {
            assert_ne!(stand.service.is_restricted(ann).await.unwrap(), is_restricted);
            stand.service.restrict(ann, is_restricted).await.unwrap();
            assert_eq!(stand.service.is_restricted(ann).await.unwrap(), is_restricted);
            assert!(!stand.service.is_restricted(bob).await.unwrap());
        }
        stand.world.pass(9_000_000);
        assert!(!elsewhere.is_restricted(ann).await.unwrap(), "it is not asked each time");
        stand.world.pass(1_000_000);
        assert!(elsewhere.is_restricted(ann).await.unwrap());
    }
}

#[tokio::test]
async fn answers_are_not_taken_without_end() {
    let stand = Stand::new().await;
    let ann = stand.person("ann");
    let mut n_taken = 0;
    for n in 0..200 {
        let taken = stand.service.consent_update(ann, &update(2, n % 2 == 0)).await;
        match taken {
            Ok(_) => n_taken += 1,
            Err(error) => assert_eq!(status(&error), Some(StatusCode::TOO_MANY_REQUESTS)),
        }
    }
    assert!((50..=70).contains(&n_taken), "{n_taken}");
    let consent = &stand.service.privacy(ann).await.unwrap().consents[0];
    assert!(consent.history.len() <= 50, "what is shown is bounded");
}
