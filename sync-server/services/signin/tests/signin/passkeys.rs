//! Making passkeys, signing in with one, and what an attacker could try with one. The browser and
//! its own authenticator are in the end-to-end tests.

use std::sync::atomic::Ordering;

use api::sign_in::{PasskeyRegisterFinish, PasskeySignInFinish};
use api_tests::authenticator::Authenticator;
use domain::AccountId;
use engine_sql::testing::{databases, sqlite};
use serde_json::{Value, json};
use web::ApiError;

use crate::stand::{MINUTE_US, Stand, VERIFIER, answer, loopback};

/// Of the passkeys of a server that is reached at 127.0.0.1.
const ORIGIN: &str = "http://localhost:4600";

fn authenticator() -> Authenticator {
    Authenticator::new(ORIGIN, "localhost")
}

async fn ticket(stand: &Stand, account: AccountId) -> Result<String, ApiError> {
    let url = stand.service.passkey_ticket(account).await?.url;
    let (page, ticket) = url.split_once('#').unwrap();
    assert_eq!(page, "http://localhost:4600/account/passkeys");
    Ok(ticket.to_owned())
}

async fn register_with(
    stand: &Stand,
    ticket: &str,
    authenticator: &mut Authenticator,
) -> Result<(), ApiError> {
    let challenge = stand.service.passkey_register_start(ticket, None).await?;
    let credential = authenticator.create(&challenge.options).unwrap();
    let flow = challenge.flow;
    let asked = PasskeyRegisterFinish { flow, name: " Ann's key ".to_owned(), credential };
    Ok(stand.service.passkey_register_finish(&asked, None).await?)
}

async fn register(
    stand: &Stand,
    account: AccountId,
    authenticator: &mut Authenticator,
) -> Result<(), ApiError> {
    let ticket = ticket(stand, account).await?;
    register_with(stand, &ticket, authenticator).await
}

async fn sign_in(stand: &Stand, authenticator: &mut Authenticator) -> Result<String, ApiError> {
    let challenge = stand.service.passkey_sign_in_start(loopback(), None).await?;
    finish(stand, challenge.flow, authenticator.get(&challenge.options)).await
}

async fn finish(stand: &Stand, flow: String, credential: Value) -> Result<String, ApiError> {
    let asked = PasskeySignInFinish { flow, credential };
    Ok(stand.service.passkey_sign_in_finish(&asked, None).await?.redirect_uri)
}

/// On each kind of database.
#[tokio::test]
async fn a_passkey_is_made_and_signs_in_without_a_name() {
    for db in databases().await {
        let stand = Stand::start(db, &[]).await;
        let ann = stand.accounts.add("ann@example.org", true, false);
        let mut key = authenticator();
        register(&stand, ann, &mut key).await.unwrap();
        let made = stand.service.passkeys(ann).await.unwrap().passkeys;
        assert_eq!((made.len(), &*made[0].name, made[0].used_at_us), (1, "Ann's key", None));

        for _ in 0..2 {
            let code = answer(&sign_in(&stand, &mut key).await.unwrap()).unwrap();
            assert_eq!(stand.trade(&code, VERIFIER).await.unwrap().account.id, ann);
        }
        assert!(stand.service.passkeys(ann).await.unwrap().passkeys[0].used_at_us.is_some());
        assert_eq!(stand.verbs().await, ["passkey_register"]);

        stand.service.subject_erase(ann).await.unwrap();
        stand.service.subject_erase(ann).await.unwrap();
        assert_eq!(sign_in(&stand, &mut key).await.unwrap_err().status, 400);
    }
}

#[tokio::test]
async fn a_ticket_makes_one_passkey_in_time_for_who_is_known() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let unknown = stand.accounts.add("eve@example.org", false, true);
    assert_eq!(ticket(&stand, unknown).await.unwrap_err().status, 409);

    let ann = stand.accounts.add("ann@example.org", true, true);
    let good = ticket(&stand, ann).await.unwrap();
    register_with(&stand, &good, &mut authenticator()).await.unwrap();
    let again = register_with(&stand, &good, &mut authenticator()).await;
    assert_eq!(again.unwrap_err().status, 400, "it is used up");
    let late = ticket(&stand, ann).await.unwrap();
    stand.pass(10 * MINUTE_US);
    assert!(register_with(&stand, &late, &mut authenticator()).await.is_err());
    assert!(register_with(&stand, "nonsense", &mut authenticator()).await.is_err());

    // Two begin with one ticket: one of them ends.
    let shared = ticket(&stand, ann).await.unwrap();
    let first = stand.service.passkey_register_start(&shared, None).await.unwrap();
    register_with(&stand, &shared, &mut authenticator()).await.unwrap();
    let credential = authenticator().create(&first.options).unwrap();
    let asked = PasskeyRegisterFinish { flow: first.flow, name: "late".to_owned(), credential };
    assert!(stand.service.passkey_register_finish(&asked, None).await.is_err());
    assert_eq!(stand.service.passkeys(ann).await.unwrap().passkeys.len(), 2);
}

#[tokio::test]
async fn what_was_signed_elsewhere_or_before_is_refused() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let mut key = authenticator();
    register(&stand, ann, &mut key).await.unwrap();

    let challenge = stand.service.passkey_sign_in_start(loopback(), None).await.unwrap();
    let signed = key.get(&challenge.options);
    finish(&stand, challenge.flow.clone(), signed.clone()).await.unwrap();
    let replay = finish(&stand, challenge.flow, signed.clone()).await;
    assert_eq!(replay.unwrap_err().status, 400, "the same answer to the same question");
    let other = stand.service.passkey_sign_in_start(loopback(), None).await.unwrap();
    let replay = finish(&stand, other.flow, signed).await;
    assert_eq!(replay.unwrap_err().status, 400, "the same answer to another question");

    let late = stand.service.passkey_sign_in_start(loopback(), None).await.unwrap();
    let signed = key.get(&late.options);
    stand.pass(5 * MINUTE_US);
    assert_eq!(finish(&stand, late.flow, signed).await.unwrap_err().status, 400);

    let later = Authenticator { counter: key.counter + 100, ..key.clone() };
    let elsewhere = |origin: &str| Authenticator { origin: origin.to_owned(), ..later.clone() };
    let wrong = [
        ("a page of someone else", elsewhere("http://evil.example:4600")),
        ("this server under another name", elsewhere("http://127.0.0.1:4600")),
        (
            "a key for someone else",
            Authenticator { rp_id: "evil.example".to_owned(), ..later.clone() },
        ),
        ("a device that anyone holds", Authenticator { is_user_verified: false, ..later.clone() }),
    ];
    for (what, mut wrong) in wrong {
        assert_eq!(sign_in(&stand, &mut wrong).await.unwrap_err().status, 400, "{what}");
        assert_eq!(register(&stand, ann, &mut wrong).await.unwrap_err().status, 400, "{what}");
    }
    sign_in(&stand, &mut key).await.unwrap();
}

/// A passkey says whose it is; saying someone else's name does not help.
#[tokio::test]
async fn a_passkey_signs_in_to_its_own_account_alone() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let eve = stand.accounts.add("eve@example.org", true, true);
    let (mut of_ann, mut of_eve) = (authenticator(), authenticator());
    register(&stand, ann, &mut of_ann).await.unwrap();
    register(&stand, eve, &mut of_eve).await.unwrap();
    let mut forged = of_eve.clone();
    forged.user_handle = of_ann.user_handle.clone();
    assert_eq!(sign_in(&stand, &mut forged).await.unwrap_err().status, 400);
    // The same credential cannot be registered by two.
    assert_eq!(register(&stand, eve, &mut of_ann.clone()).await.unwrap_err().status, 409);
    sign_in(&stand, &mut of_ann).await.unwrap();
}

#[tokio::test]
async fn a_copied_passkey_is_refused_and_told() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let mut key = authenticator();
    key.counter = 7;
    register(&stand, ann, &mut key).await.unwrap();
    let mut copy = key.clone();
    sign_in(&stand, &mut key).await.unwrap();
    sign_in(&stand, &mut key).await.unwrap();
    assert_eq!(sign_in(&stand, &mut copy).await.unwrap_err().status, 400);
    let acts = stand.acts().await;
    let act = acts.iter().find(|act| act.verb.as_str() == "passkey_clone_refuse").unwrap();
    assert_eq!(act.actor, None, "who holds a copy is nobody we know");
    let id = stand.service.passkeys(ann).await.unwrap().passkeys[0].id;
    assert_eq!(act.object.as_str(), format!("passkey:{id}"));
}

/// Two copies go on from the same counter: at one moment, one of them is let in.
#[tokio::test]
async fn of_two_copies_at_one_moment_one_is_let_in() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let mut key = authenticator();
    key.counter = 7;
    register(&stand, ann, &mut key).await.unwrap();
    for _ in 0..8 {
        let mut copy = key.clone();
        let (one, other) = tokio::join!(sign_in(&stand, &mut key), sign_in(&stand, &mut copy));
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn a_deleted_passkey_is_gone_and_the_last_way_in_stays() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let external = stand.accounts.add("bob@example.org", true, false);
    let (mut of_ann, mut of_bob) = (authenticator(), authenticator());
    register(&stand, ann, &mut of_ann).await.unwrap();
    register(&stand, external, &mut of_bob).await.unwrap();
    let id = stand.service.passkeys(ann).await.unwrap().passkeys[0].id;
    let delete = async |of, id| {
        let deleted = stand.service.passkey_delete(of, id).await;
        deleted.map_err(|error| ApiError::from(error).status.as_u16())
    };
    assert_eq!(delete(external, id).await, Err(404), "it is someone else's");
    assert_eq!(delete(ann, id).await, Ok(()));
    assert_eq!(delete(ann, id).await, Err(404));
    assert_eq!(sign_in(&stand, &mut of_ann).await.unwrap_err().status, 400);

    let only = stand.service.passkeys(external).await.unwrap().passkeys[0].id;
    assert_eq!(delete(external, only).await, Err(409));
    register(&stand, external, &mut authenticator()).await.unwrap();
    assert_eq!(delete(external, only).await, Ok(()));
}

/// On each kind of database.
#[tokio::test]
async fn a_code_that_a_passkey_brought_proves_it_once_to_its_app() {
    for db in databases().await {
        let stand = Stand::start(db, &[]).await;
        let ann = stand.accounts.add("ann@example.org", true, true);
        assert!(!stand.proofs.has_passkey(ann).await.unwrap());
        let mut key = authenticator();
        register(&stand, ann, &mut key).await.unwrap();
        assert!(stand.proofs.has_passkey(ann).await.unwrap());

        let code = answer(&sign_in(&stand, &mut key).await.unwrap()).unwrap();
        assert_eq!(stand.prove(&code, VERIFIER).await, Some(ann));
        assert_eq!(stand.prove(&code, VERIFIER).await, None, "a replay");
        assert_eq!(stand.trade(&code, VERIFIER).await.unwrap_err().status, 400, "it is used up");

        let code = answer(&sign_in(&stand, &mut key).await.unwrap()).unwrap();
        assert_eq!(stand.prove(&code, &VERIFIER.replace('d', "e")).await, None);
        assert_eq!(stand.prove(&code, VERIFIER).await, None, "it was in wrong hands");
        let code = answer(&sign_in(&stand, &mut key).await.unwrap()).unwrap();
        stand.trade(&code, VERIFIER).await.unwrap();
        assert_eq!(stand.prove(&code, VERIFIER).await, None, "it has opened a session");
        let code = answer(&sign_in(&stand, &mut key).await.unwrap()).unwrap();
        stand.pass(MINUTE_US);
        assert_eq!(stand.prove(&code, VERIFIER).await, None, "too late");
        assert_eq!(stand.prove("", "").await, None);
    }
}

/// Or its person would be asked for what nobody has.
#[tokio::test]
async fn the_last_passkey_stays_while_one_is_asked_for() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    register(&stand, ann, &mut authenticator()).await.unwrap();
    register(&stand, ann, &mut authenticator()).await.unwrap();
    let ids = stand.service.passkeys(ann).await.unwrap().passkeys;
    stand.second_factor.0.store(true, Ordering::Relaxed);
    stand.service.passkey_delete(ann, ids[0].id).await.unwrap();
    let refused = stand.service.passkey_delete(ann, ids[1].id).await.unwrap_err();
    let refused = ApiError::from(refused);
    assert_eq!(refused.status, 409);
    assert!(refused.hint.contains("Turn that off"), "{}", refused.hint);
    assert!(stand.proofs.has_passkey(ann).await.unwrap());
    stand.second_factor.0.store(false, Ordering::Relaxed);
    stand.service.passkey_delete(ann, ids[1].id).await.unwrap();
}

#[tokio::test]
async fn twenty_are_enough() {
    let stand = Stand::start(sqlite().await, &[]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let spare = ticket(&stand, ann).await.unwrap();
    for _ in 0..19 {
        stand.pass(MINUTE_US / 10);
        register(&stand, ann, &mut authenticator()).await.unwrap();
    }
    let begun = stand.service.passkey_register_start(&spare, None).await.unwrap();
    register(&stand, ann, &mut authenticator()).await.unwrap();
    let credential = authenticator().create(&begun.options).unwrap();
    let asked = PasskeyRegisterFinish { flow: begun.flow, name: "one more".into(), credential };
    let refused = stand.service.passkey_register_finish(&asked, None).await.unwrap_err();
    assert_eq!(ApiError::from(refused).status, 409);
    assert_eq!(stand.service.passkeys(ann).await.unwrap().passkeys.len(), 20);
    let more = stand.service.passkey_register_start(&spare, None).await.unwrap_err();
    assert_eq!(ApiError::from(more).status, 409);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let stand = Stand::start(sqlite().await, &[]).await;
    for credential in [json!(null), json!([]), json!({ "id": "x" }), json!("x".repeat(9_000))] {
        let flow = stand.service.passkey_sign_in_start(loopback(), None).await.unwrap().flow;
        assert_eq!(finish(&stand, flow, credential).await.unwrap_err().status, 400);
    }
    assert_eq!(finish(&stand, String::new(), json!({})).await.unwrap_err().status, 400);
}
