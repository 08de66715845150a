//! Linking a provider to an account, and unlinking it.

use api_tests::oidc_provider::Person;
use engine_sql::{Db, sqlx, testing::sqlite};
use serde_json::json;

use crate::stand::{Stand, VERIFIER, answer, provider};

#[tokio::test]
async fn a_link_is_made_by_the_app_that_asked_for_it() {
    let house = provider(&json!({ "ann": {} }));
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let person = Person::SignsIn("ann");
    let code = answer(&stand.sign_in_at("house", person, Some(ann)).await.unwrap()).unwrap();

    // Someone who was lured to the provider has no app that waits for the code: nothing is linked.
    assert!(stand.service.identities(ann).await.unwrap().identities.is_empty());
    let session = stand.trade(&code, VERIFIER).await.unwrap();
    assert_eq!(session.account.id, ann);
    assert_eq!(stand.service.identities(ann).await.unwrap().identities.len(), 1);
    let acts = stand.acts().await;
    assert_eq!((acts.len(), acts[0].verb.as_str()), (1, "identity_link"));
    assert_eq!(acts[0].object.as_str(), format!("identity:{ann}/house"));

    // From now on the provider signs in to it, without an address.
    let code = answer(&stand.sign_in_at("house", person, None).await.unwrap()).unwrap();
    assert_eq!(stand.trade(&code, VERIFIER).await.unwrap().account.id, ann);
    // Linking again changes nothing.
    let code = answer(&stand.sign_in_at("house", person, Some(ann)).await.unwrap()).unwrap();
    stand.trade(&code, VERIFIER).await.unwrap();
    assert_eq!(stand.acts().await.len(), 1);
}

#[tokio::test]
async fn one_person_at_a_provider_has_one_account() {
    let house = provider(&json!({ "ann": {}, "bob": {} }));
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let bob = stand.accounts.add("bob@example.org", true, true);
    let as_ann = Person::SignsIn("ann");
    // Both have begun before either ends.
    let first = answer(&stand.sign_in_at("house", as_ann, Some(ann)).await.unwrap()).unwrap();
    let second = answer(&stand.sign_in_at("house", as_ann, Some(bob)).await.unwrap()).unwrap();
    stand.trade(&first, VERIFIER).await.unwrap();
    assert_eq!(stand.trade(&second, VERIFIER).await.unwrap_err().status, 409);
    let told = stand.sign_in_at("house", as_ann, Some(bob)).await.unwrap();
    assert_eq!(answer(&told), Err("already_linked".to_owned()));
    assert!(stand.service.identities(bob).await.unwrap().identities.is_empty());

    // Nor does one account have two persons at a provider.
    let other = stand.sign_in_at("house", Person::SignsIn("bob"), Some(ann)).await.unwrap();
    let other = stand.trade(&answer(&other).unwrap(), VERIFIER).await;
    assert_eq!(other.unwrap_err().status, 409);
}

#[tokio::test]
async fn only_an_account_whose_address_is_confirmed_is_linked() {
    let house = provider(&json!({ "ann": {} }));
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let ann = stand.accounts.add("ann@example.org", false, true);
    assert_eq!(stand.start_at("house", Some(ann)).await.unwrap_err().status, 409);
}

#[tokio::test]
async fn the_only_way_to_sign_in_stays() {
    let people = json!({ "ann": { "email": "ann@example.org", "email_verified": true } });
    let house = provider(&people);
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let code = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    let ann = stand.trade(&answer(&code).unwrap(), VERIFIER).await.unwrap().account.id;
    let unlink = async |of, provider: &str| {
        let unlinked = stand.service.identity_unlink(of, provider).await;
        unlinked.map_err(|error| web::ApiError::from(error).status.as_u16())
    };
    assert_eq!(unlink(ann, "house").await, Err(409));
    assert_eq!(unlink(ann, "other").await, Err(404));
    assert_eq!(unlink(ann, "not a token").await, Err(404));

    let bob = stand.accounts.add("bob@example.org", true, true);
    assert_eq!(unlink(bob, "house").await, Err(404), "it is someone else's");
    stand.service.subject_erase(ann).await.unwrap();
    let code = stand.sign_in_at("house", Person::SignsIn("ann"), Some(bob)).await.unwrap();
    stand.trade(&answer(&code).unwrap(), VERIFIER).await.unwrap();
    assert_eq!(unlink(bob, "house").await, Ok(()));
    assert_eq!(stand.verbs().await, ["identity_link", "identity_link", "identity_unlink"]);
}

/// Who somebody is at a provider, as both tables have it.
async fn subjects(db: &Db) -> [String; 2] {
    let hash = async |table: &str| {
        let sql = sqlx::AssertSqlSafe(format!("SELECT subject_hash FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(db.read()).await.unwrap()
    };
    [hash("identity").await, hash("identity_subject").await]
}

#[tokio::test]
async fn whoever_has_the_database_alone_cannot_try_out_who_it_is() {
    let house = provider(&json!({ "ann": {} }));
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let code = stand.sign_in_at("house", Person::SignsIn("ann"), Some(ann)).await.unwrap();
    stand.trade(&answer(&code).unwrap(), VERIFIER).await.unwrap();
    let keyed = subjects(&stand.db).await;
    let bare: Vec<&str> = keyed.iter().filter_map(|hash| hash.strip_prefix("keyed:")).collect();
    assert_eq!((bare.len(), bare[0]), (2, bare[1]));

    // As it was stored before there was a key: the next start has it as it is now.
    let before: String = bare[0].chars().rev().collect();
    for sql in
        ["UPDATE identity SET subject_hash = $1", "UPDATE identity_subject SET subject_hash = $1"]
    {
        let before = &before;
        let write = stand.db.with_tx(|mut tx| async move {
            sqlx::query(sql).bind(before.clone()).execute(&mut *tx).await?;
            Ok::<_, engine_sql::Error>(())
        });
        write.await.unwrap();
    }
    assert_eq!(subjects(&stand.db).await, [before.clone(), before]);
    let stand = Stand::start(stand.db, &[("house", &house)]).await;
    assert_eq!(subjects(&stand.db).await, keyed);
}
