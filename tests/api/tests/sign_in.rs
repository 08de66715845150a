//! Signing in by the system browser, over HTTP as it is: a real provider, a real server, and the
//! app's loopback address.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{collections::BTreeMap, fs, path::Path};

use api::{
    accounts::{Account, Session},
    error::Code,
    sign_in::{IdentityList, OidcStarted, SignInOptions},
};
use api_tests::{
    Client, ServerProcess,
    client::{failure, success},
    oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider, Person, browse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};
use web::auth::{Claims, Keys};

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "state-of-the-app-0123456789";

/// What the provider calls Ann: planted, to be looked for.
const LOGIN: &str = "ann-planted-subject-8472";

struct World {
    server: ServerProcess,
    anyone: Client,
    _house: OidcProvider,
}

impl World {
    fn start() -> Self {
        let mut house = OidcProvider::start().unwrap();
        let issuer = house.issuer();
        let config = format!(
            "[[oidc]]\nid = \"house\"\nname = \"The House\"\nissuer = \"{issuer}\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n"
        );
        let server = ServerProcess::start_configured(&config).unwrap();
        let back = format!("{}/api/v1/oidc/house/callback", server.url());
        let ann = json!({ "email": "ann@example.org", "email_verified": true, "name": "Ann" });
        house.configure(&back, &json!({ LOGIN: ann }), &json!({})).unwrap();
        Self { anyone: server.client().unwrap(), server, _house: house }
    }

    /// Signs in at the provider; answers with where its redirect leads to on the server.
    async fn at_provider(&self, person: Person<'_>) -> String {
        let started = post(&self.anyone, START, &start("sign_in")).await;
        let started: OidcStarted = success(started).await.unwrap();
        let back = browse(&started.url, person, self.server.url()).await.unwrap();
        back.strip_prefix(self.server.url()).unwrap().to_owned()
    }

    async fn sign_in(&self) -> Session {
        let back = self.at_provider(Person::SignsIn(LOGIN)).await;
        let answer = as_browser(&self.anyone, &back).await;
        assert_eq!(answer.status(), 303);
        let query = loopback_query(&answer);
        let body = json!({
            "code": query["code"], "code_verifier": VERIFIER, "device_name": "a test",
        });
        let session = post(&self.anyone, "/api/v1/sessions/code", &body).await;
        assert_eq!(session.status(), 201);
        success(session).await.unwrap()
    }
}

const START: &str = "/api/v1/oidc/house/start";

fn start(intent: &str) -> Value {
    json!({
        "intent": intent,
        "loopback": {
            "redirect_uri": "http://127.0.0.1:49152/back",
            "state": STATE,
            "code_challenge": CHALLENGE,
        },
    })
}

async fn post(client: &Client, path: &str, body: &Value) -> Response {
    client.request(Method::POST, path).json(body).send().await.unwrap()
}

async fn as_browser(client: &Client, path: &str) -> Response {
    let asked = client.request(Method::GET, path).header("accept", "text/html,*/*;q=0.8");
    asked.send().await.unwrap()
}

/// What the app reads at its loopback address.
fn loopback_query(answer: &Response) -> BTreeMap<String, String> {
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("http://127.0.0.1:49152/back?"), "{location}");
    let query: BTreeMap<_, _> = Url::parse(location).unwrap().query_pairs().into_owned().collect();
    assert_eq!(query["state"], STATE);
    query
}

#[tokio::test]
async fn a_person_signs_up_at_a_provider_and_comes_back_after_a_kill() {
    let world = World::start();
    let options: SignInOptions = world.anyone.get("/api/v1/sign-in").await.unwrap();
    assert_eq!((&*options.providers[0].id, &*options.providers[0].name), ("house", "The House"));
    let session = world.sign_in().await;
    let ann = world.anyone.clone().with_token(&session.access_token);
    let account: Account = ann.get("/api/v1/accounts/me").await.unwrap();
    assert!(account.is_email_verified);
    assert_eq!((&*account.email, &*account.display_name), ("ann@example.org", "Ann"));
    let linked: IdentityList = ann.get("/api/v1/accounts/me/identities").await.unwrap();
    assert_eq!(linked.identities.len(), 1);
    let path = "/api/v1/accounts/me/identities/house";
    let only = ann.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(only.status(), 409, "nothing else is left");

    assert_eq!(world.sign_in().await.account.id, account.id);
    let data = world.server.kill().unwrap();
    assert!(!holds(data.path(), LOGIN.as_bytes()), "the provider's word for a person lies about");
}

#[tokio::test]
async fn what_goes_wrong_is_read_by_who_can_do_something_about_it() {
    let world = World::start();
    let back = world.at_provider(Person::GoesBack).await;
    let answer = as_browser(&world.anyone, &back).await;
    assert_eq!(loopback_query(&answer)["error"], "access_denied");

    let again = as_browser(&world.anyone, &back).await;
    assert_eq!(again.status(), 400);
    assert_eq!(again.headers()["content-type"], "text/html; charset=utf-8");
    let page = again.text().await.unwrap();
    assert!(page.contains("Go back to the app"), "{page}");
    let program = world.anyone.request(Method::GET, &back).send().await.unwrap();
    assert_eq!(failure(program).await.unwrap().error.code, Code::InvalidRequest);

    // A sign-in page that would send a code to a stranger is none.
    let query = format!("state={STATE}&code_challenge={CHALLENGE}");
    for (to, status) in [("http://127.0.0.1:9/", 200), ("http://evil.example:9/", 400)] {
        let path = format!("/account/sign-in?redirect_uri={to}&{query}");
        let page = as_browser(&world.anyone, &path).await;
        assert_eq!(page.status(), status, "{to}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
    }
}

/// Whoever finds an open session does not get a key to the account.
#[tokio::test]
async fn linking_needs_someone_who_has_just_signed_in() {
    let world = World::start();
    let nobody = post(&world.anyone, START, &start("link")).await;
    assert_eq!(failure(nobody).await.unwrap().error.code, Code::Unauthenticated);
    let session = world.sign_in().await;
    let ann = world.anyone.clone().with_token(&session.access_token);
    assert_eq!(post(&ann, START, &start("link")).await.status(), 200);

    let keys = server_keys(&world.server);
    let claims = keys.verify(&session.access_token).unwrap();
    let long_ago = Claims { authenticated_at_s: claims.authenticated_at_s - 601, ..claims };
    let token = keys.sign(&long_ago, long_ago.expires_at_s - 600).unwrap();
    let ann = world.anyone.clone().with_token(token);
    let refused = post(&ann, START, &start("link")).await;
    assert_eq!(failure(refused).await.unwrap().error.code, Code::StepUpRequired);
    let refused = post(&ann, "/api/v1/passkeys/ticket", &json!({})).await;
    assert_eq!(failure(refused).await.unwrap().error.code, Code::StepUpRequired);
    let path = "/api/v1/accounts/me/identities/house";
    let refused = ann.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(failure(refused).await.unwrap().error.code, Code::StepUpRequired);
    assert_eq!(post(&ann, START, &start("sign_in")).await.status(), 200, "that anyone may");
}

/// A provider that cannot be used is named before anybody meets it.
#[test]
fn a_provider_that_cannot_work_keeps_the_server_from_starting() {
    let config = "[[oidc]]\nid = \"house\"\nname = \"The House\"\n\
                  issuer = \"http://id.example\"\nclient_id = \"x\"\n";
    let Err(error) = ServerProcess::start_configured(config) else {
        panic!("it starts");
    };
    assert!(format!("{error:#}").contains("house"), "{error:#}");
}

fn server_keys(server: &ServerProcess) -> Keys {
    let file = fs::read_to_string(server.data().path().join("signing-keys")).unwrap();
    let seed = URL_SAFE_NO_PAD.decode(file.trim()).unwrap();
    Keys::from_seeds(&[seed.try_into().unwrap()]).unwrap()
}

/// Whether any file below holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let content = fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
