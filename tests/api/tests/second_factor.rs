//! A passkey after the password, over HTTP as it is: made and used on the server's pages by an
//! authenticator in software, shown beside the password by an app.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api::{
    accounts::{Session, SteppedUp},
    error::{Code, Error},
    mfa::{Methods, MfaView, RecoveryCodes},
    sign_in::{PasskeyChallenge, PasskeyList, PasskeySignedIn, PasskeyTicket},
};
use api_tests::{
    Client, PASSWORD, ServerProcess,
    authenticator::Authenticator,
    client::{failure, success},
    mail,
};
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const BY_PASSKEY: Methods = Methods { totp: false, passkey: true };

struct World {
    server: ServerProcess,
    anyone: Client,
}

impl World {
    /// On an address that it knows, which passkeys belong to.
    fn start() -> Self {
        let server = ServerProcess::start_configured("").unwrap();
        Self { anyone: server.client().unwrap(), server }
    }

    /// Someone whose address is confirmed, signed in, with a passkey.
    async fn person(&self, email: &str) -> (Client, Authenticator) {
        let signed_in = self.anyone.listener(email).await.unwrap();
        let link = mail::link(self.server.data().path(), email, "verify").await.unwrap();
        let token = json!({ "token": link.split_once('#').unwrap().1 });
        let verified = post(&self.anyone, "/api/v1/accounts/verify-email", &token).await;
        assert_eq!(verified.status(), 204);
        let origin = self.server.url().replace("127.0.0.1", "localhost");
        let mut authenticator = Authenticator::new(&origin, "localhost");
        self.register(&signed_in, &mut authenticator).await;
        (signed_in, authenticator)
    }

    async fn register(&self, of: &Client, authenticator: &mut Authenticator) {
        let ticket = post(of, "/api/v1/passkeys/ticket", &json!({})).await;
        let ticket: PasskeyTicket = success(ticket).await.unwrap();
        let body = json!({ "ticket": ticket.url.split_once('#').unwrap().1 });
        let challenge = post(&self.anyone, "/api/v1/passkeys/start", &body).await;
        let challenge: PasskeyChallenge = success(challenge).await.unwrap();
        let credential = authenticator.create(&challenge.options).unwrap();
        let body = json!({ "flow": challenge.flow, "name": "a test", "credential": credential });
        let made = post(&self.anyone, "/api/v1/passkeys/finish", &body).await;
        assert_eq!(made.status(), 204, "{:?}", made.text().await);
    }

    /// What an app shows after the passkey was used on the server's page.
    async fn used(&self, authenticator: &mut Authenticator) -> Value {
        let loopback = json!({
            "redirect_uri": "http://127.0.0.1:49152/back",
            "state": "state-of-the-app-0123456789",
            "code_challenge": CHALLENGE,
        });
        let challenge = post(&self.anyone, "/api/v1/sign-in/passkey/start", &loopback).await;
        let challenge: PasskeyChallenge = success(challenge).await.unwrap();
        let credential = authenticator.get(&challenge.options);
        let body = json!({ "flow": challenge.flow, "credential": credential });
        let signed_in = post(&self.anyone, "/api/v1/sign-in/passkey/finish", &body).await;
        let signed_in: PasskeySignedIn = success(signed_in).await.unwrap();
        let url = Url::parse(&signed_in.redirect_uri).unwrap();
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").unwrap();
        json!({ "code": code, "code_verifier": VERIFIER })
    }

    async fn sign_in(&self, email: &str, more: Value) -> Response {
        let mut body = json!({ "email": email, "password": PASSWORD, "device_name": "a test" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&self.anyone, "/api/v1/sessions", &body).await
    }
}

async fn post(client: &Client, path: &str, body: &Value) -> Response {
    client.request(Method::POST, path).json(body).send().await.unwrap()
}

async fn delete(client: &Client, path: &str) -> Response {
    client.request(Method::DELETE, path).send().await.unwrap()
}

/// Refused for the lack of a second factor.
async fn refused(answer: Response) -> Error {
    assert_eq!(answer.status(), 401);
    let error = failure(answer).await.unwrap().error;
    assert_eq!(error.code, Code::SecondFactorRequired, "{error:?}");
    error
}

#[tokio::test]
async fn a_passkey_is_shown_beside_the_password_and_outlives_a_kill() {
    let world = World::start();
    let (ann, mut of_ann) = world.person("ann@example.org").await;
    let (_, mut of_bob) = world.person("bob@example.org").await;
    let codes = post(&ann, "/api/v1/mfa/passkey", &json!({})).await;
    let codes: RecoveryCodes = success(codes).await.unwrap();
    assert_eq!(codes.codes.len(), 10);

    let asked = refused(world.sign_in("ann@example.org", json!({})).await).await;
    assert_eq!(asked.second_factor, Some(BY_PASSKEY));
    let used = world.used(&mut of_ann).await;
    let session = world.sign_in("ann@example.org", json!({ "passkey": used })).await;
    let session: Session = success(session).await.unwrap();
    assert_eq!(session.account.email, "ann@example.org");
    let again = world.sign_in("ann@example.org", json!({ "passkey": used })).await;
    assert_eq!(refused(again).await.second_factor, Some(BY_PASSKEY), "a replay");
    let of_another = world.used(&mut of_bob).await;
    refused(world.sign_in("ann@example.org", json!({ "passkey": of_another })).await).await;
    let signed = post(&world.anyone, "/api/v1/sessions/code", &of_another).await;
    assert_eq!(signed.status(), 400, "it was used up");
    // The password is looked at first: nobody finds out who has a second factor.
    let wrong = json!({ "password": "not the password", "passkey": world.used(&mut of_ann).await });
    let wrong = failure(world.sign_in("ann@example.org", wrong).await).await.unwrap();
    assert_eq!(wrong.error.code, Code::WrongCredentials);
    // Whoever is not asked for one is let in without.
    let free = world.sign_in("bob@example.org", json!({})).await;
    assert_eq!(free.status(), 201);

    let address = world.server.url().trim_start_matches("http://").to_owned();
    let server = ServerProcess::start_on(world.server.kill().unwrap(), &address).unwrap();
    let world = World { anyone: server.client().unwrap(), server };
    refused(world.sign_in("ann@example.org", json!({})).await).await;
    let used = world.used(&mut of_ann).await;
    let session = world.sign_in("ann@example.org", json!({ "passkey": used })).await;
    assert_eq!(session.status(), 201);
    let recovered = json!({ "code": codes.codes[0] });
    assert_eq!(world.sign_in("ann@example.org", recovered).await.status(), 201);
}

#[tokio::test]
async fn what_was_turned_on_is_turned_off_by_who_shows_again_who_they_are() {
    let world = World::start();
    let (ann, mut authenticator) = world.person("ann@example.org").await;
    let on = post(&ann, "/api/v1/mfa/passkey", &json!({})).await;
    assert_eq!(on.status(), 200);
    let again = post(&ann, "/api/v1/mfa/passkey", &json!({})).await;
    assert_eq!(failure(again).await.unwrap().error.code, Code::Conflict);
    let view: MfaView = ann.get("/api/v1/mfa").await.unwrap();
    let expected = MfaView { is_totp_on: false, is_passkey_on: true, n_recovery_codes: 10 };
    assert_eq!(view, expected);
    let renewed = post(&ann, "/api/v1/mfa/recovery", &json!({})).await;
    let renewed: RecoveryCodes = success(renewed).await.unwrap();
    assert_eq!(renewed.codes.len(), 10);

    let passkeys: PasskeyList = ann.get("/api/v1/passkeys").await.unwrap();
    let last = format!("/api/v1/passkeys/{}", passkeys.passkeys[0].id);
    let kept = failure(delete(&ann, &last).await).await.unwrap().error;
    assert_eq!(kept.code, Code::Conflict);
    assert!(kept.hint.contains("Turn that off"), "{kept:?}");

    let plain = json!({ "password": PASSWORD });
    refused(post(&ann, "/api/v1/sessions/step-up", &plain).await).await;
    let passkey = world.used(&mut authenticator).await;
    let both = json!({ "password": PASSWORD, "passkey": passkey });
    let stepped = post(&ann, "/api/v1/sessions/step-up", &both).await;
    let stepped: SteppedUp = success(stepped).await.unwrap();
    let ann = world.anyone.clone().with_token(stepped.access_token);

    assert_eq!(delete(&ann, "/api/v1/mfa/passkey").await.status(), 204);
    assert_eq!(delete(&ann, "/api/v1/mfa/passkey").await.status(), 409);
    assert_eq!(world.sign_in("ann@example.org", json!({})).await.status(), 201);
    assert_eq!(delete(&ann, &last).await.status(), 204);
    let none = post(&ann, "/api/v1/mfa/passkey", &json!({})).await;
    let none = failure(none).await.unwrap().error;
    assert_eq!(
        (none.code, none.message.as_str()),
        (Code::Conflict, "This account has no passkey.")
    );
}
