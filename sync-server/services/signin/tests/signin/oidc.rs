//! At a provider, and what an attacker could do on the way.

use api_tests::oidc_provider::{OidcProvider, Person, browse};
use engine_sql::{sqlx, testing::sqlite};
use serde_json::{Value, json};

use crate::stand::{
    MINUTE_US, PUBLIC_URL, Stand, VERIFIER, answer, callback, configure, loopback, provider,
};

fn people() -> Value {
    json!({
        "ann": { "email": "ann@example.org", "email_verified": true, "name": "Ann" },
        "bob": { "email": "bob@example.org", "email_verified": true },
        "eve": { "email": "ann@example.org", "email_verified": false },
        "nameless": {},
    })
}

#[tokio::test]
async fn a_person_signs_up_by_signing_in_and_stays_the_same() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let code = answer(&stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap());
    let session = stand.trade(&code.unwrap(), VERIFIER).await.unwrap();
    assert_eq!(session.account.email, "ann@example.org");
    assert_eq!(stand.verbs().await, ["identity_link"]);

    let again = answer(&stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap());
    let again = stand.trade(&again.unwrap(), VERIFIER).await.unwrap();
    assert_eq!((again.account.id, stand.accounts.n()), (session.account.id, 1));
    let listed = stand.service.identities(session.account.id).await.unwrap().identities;
    assert_eq!((listed.len(), &*listed[0].provider, &*listed[0].name), (1, "house", "The house"));
}

#[tokio::test]
async fn nobody_gets_an_account_by_an_address_that_nobody_verified() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    for login in ["eve", "nameless"] {
        let back = stand.sign_in_at("house", Person::SignsIn(login), None).await.unwrap();
        assert_eq!(answer(&back), Err("unverified_email".to_owned()), "{login}");
    }
    assert_eq!(stand.accounts.n(), 0);
}

/// Whoever has the address at the provider does not get what someone else has here under it.
#[tokio::test]
async fn an_address_with_an_account_is_not_taken_over() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let ann = stand.accounts.add("ann@example.org", true, true);
    let back = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    assert_eq!(answer(&back), Err("account_exists".to_owned()));
    assert!(stand.service.identities(ann).await.unwrap().identities.is_empty());
    assert!(stand.acts().await.is_empty());
}

/// A sign-up that was cut off between the account and the link goes on with the same account.
#[tokio::test]
async fn a_sign_up_that_was_cut_off_goes_on() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let begun = stand.accounts.add("ann@example.org", true, false);
    let code = answer(&stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap());
    let session = stand.trade(&code.unwrap(), VERIFIER).await.unwrap();
    assert_eq!((session.account.id, stand.accounts.n()), (begun, 1));
    assert_eq!(stand.service.identities(begun).await.unwrap().identities.len(), 1);
}

/// A provider signs in, and is no second factor.
#[tokio::test]
async fn a_code_that_a_provider_brought_proves_no_passkey() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let back = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    assert_eq!(stand.prove(&answer(&back).unwrap(), VERIFIER).await, None);
}

#[tokio::test]
async fn who_goes_back_at_the_provider_is_told_to_the_app() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let back = stand.sign_in_at("house", Person::GoesBack, None).await.unwrap();
    assert_eq!(answer(&back), Err("access_denied".to_owned()));
}

#[tokio::test]
async fn a_callback_and_a_code_are_good_once() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let url = stand.start_at("house", None).await.unwrap();
    let back = browse(&url, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
    let code = answer(&stand.come_back("house", &back).await.unwrap()).unwrap();
    assert_eq!(stand.come_back("house", &back).await.unwrap_err().status, 400, "a replay");

    // Whoever has the code without the verifier gets nothing, nor does the app after that.
    assert_eq!(stand.trade(&code, &VERIFIER.replace('d', "e")).await.unwrap_err().status, 400);
    assert_eq!(stand.trade(&code, VERIFIER).await.unwrap_err().status, 400);

    let code = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    let code = answer(&code).unwrap();
    stand.pass(MINUTE_US);
    assert_eq!(stand.trade(&code, VERIFIER).await.unwrap_err().status, 400, "too late");
    let code = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    let code = answer(&code).unwrap();
    stand.trade(&code, VERIFIER).await.unwrap();
    assert_eq!(stand.trade(&code, VERIFIER).await.unwrap_err().status, 400, "a replay");
}

#[tokio::test]
async fn a_state_that_is_not_ours_or_is_over_leads_nowhere() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let url = stand.start_at("house", None).await.unwrap();
    let back = browse(&url, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
    for state in [None, Some(String::new()), Some("x".repeat(43))] {
        let wrong = svc_signin::Callback { state, ..callback(&back) };
        let refused = stand.service.oidc_finish("house", wrong, None).await;
        assert!(refused.is_err());
    }
    stand.pass(10 * MINUTE_US);
    assert_eq!(stand.come_back("house", &back).await.unwrap_err().status, 400);
    assert_eq!(stand.accounts.n(), 0);
}

/// The mix-up attack (RFC 9207, section 1): an attacker's provider is made to look like the one
/// where the person signs in, or the other way round.
#[tokio::test]
async fn answers_of_another_provider_are_refused() {
    let house = provider(&people());
    let mut evil = OidcProvider::start().unwrap();
    configure(&mut evil, "evil", &people());
    let stand = Stand::start(sqlite().await, &[("house", &house), ("evil", &evil)]).await;

    // What began at one comes back as of the other.
    let url = stand.start_at("house", None).await.unwrap();
    let back = browse(&url, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
    assert_eq!(stand.come_back("evil", &back).await.unwrap_err().status, 400);
    assert_eq!(stand.come_back("house", &back).await.unwrap_err().status, 400, "it is used up");

    // The code of one is brought to the other, with and without its name on it.
    for is_named in [true, false] {
        let at_house = stand.start_at("house", None).await.unwrap();
        let at_evil = stand.start_at("evil", None).await.unwrap();
        let back = browse(&at_house, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
        let state = callback(&at_evil).state;
        let mut mixed = svc_signin::Callback { state, ..callback(&back) };
        if !is_named {
            mixed.iss = None;
        }
        let told = stand.service.oidc_finish("evil", mixed, None).await.unwrap();
        assert_eq!(answer(&told), Err("provider_failed".to_owned()), "{is_named}");
    }

    // All of it is the provider's own but the name, or the name is missing that it always gives.
    for iss in [Some("https://evil.example".to_owned()), None] {
        let url = stand.start_at("house", None).await.unwrap();
        let back = browse(&url, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
        let misnamed = svc_signin::Callback { iss, ..callback(&back) };
        let told = stand.service.oidc_finish("house", misnamed, None).await.unwrap();
        assert_eq!(answer(&told), Err("provider_failed".to_owned()));
    }
    assert_eq!(stand.accounts.n(), 0);
}

/// The ID token of one flow is good for no other, even where the provider was made to give it.
#[tokio::test]
async fn an_id_token_of_another_flow_is_refused() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    let url = stand.start_at("house", None).await.unwrap();
    let back = browse(&url, Person::SignsIn("ann"), PUBLIC_URL).await.unwrap();
    let nonce = nonce_of(&url);
    let swapped = stand
        .db
        .with_tx(|mut tx| {
            let nonce = nonce.clone();
            async move {
                let done = sqlx::query("UPDATE sign_in_flow SET body = REPLACE(body, $1, $2)")
                    .bind(nonce.clone())
                    .bind(nonce.chars().rev().collect::<String>())
                    .execute(&mut *tx)
                    .await?;
                Ok::<_, engine_sql::Error>(done.rows_affected())
            }
        })
        .await
        .unwrap();
    assert_eq!(swapped, 1);
    let told = stand.come_back("house", &back).await.unwrap();
    assert_eq!(answer(&told), Err("provider_failed".to_owned()));
    assert_eq!(stand.accounts.n(), 0);
}

#[tokio::test]
async fn a_provider_that_has_new_keys_is_asked_for_them_once() {
    let mut house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    configure(&mut house, "house", &people());
    let back = stand.sign_in_at("house", Person::SignsIn("ann"), None).await.unwrap();
    answer(&back).unwrap();
}

#[tokio::test]
async fn a_provider_that_is_out_of_order_harms_nobody_else() {
    let house = provider(&people());
    let gone = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house), ("gone", &gone)]).await;
    drop(gone);
    assert_eq!(stand.start_at("gone", None).await.unwrap_err().status, 503);
    assert_eq!(stand.start_at("nobody", None).await.unwrap_err().status, 404);
    answer(&stand.sign_in_at("house", Person::SignsIn("bob"), None).await.unwrap()).unwrap();
}

#[tokio::test]
async fn codes_go_to_the_machine_of_the_browser_alone() {
    let house = provider(&people());
    let stand = Stand::start(sqlite().await, &[("house", &house)]).await;
    for redirect_uri in ["https://evil.example/", "http://evil.example:9/", "http://localhost:9/"] {
        let asked = api::sign_in::OidcStart {
            intent: api::sign_in::OidcIntent::SignIn,
            loopback: api::sign_in::Loopback {
                redirect_uri: redirect_uri.to_owned(),
                ..loopback()
            },
        };
        let refused = stand.service.oidc_start("house", asked, None, None).await;
        assert!(refused.is_err(), "{redirect_uri}");
    }
}

fn nonce_of(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let nonce = url.query_pairs().find(|(name, _)| name == "nonce");
    nonce.unwrap().1.into_owned()
}
