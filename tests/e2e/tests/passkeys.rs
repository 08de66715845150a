//! Passkeys in a real browser with an authenticator: made on the server's page, good as the only
//! thing to sign in with or after the password, and good for nothing anywhere else.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use api_tests::mail;
use e2e::{Browser, Server, browser::LIMIT, server::Listener};
use fantoccini::key::Key;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "state-of-the-app-0123456789";

/// Someone with an account whose address is confirmed, and a browser.
struct Scene {
    server: Server,
    browser: Browser,
    /// The app's loopback address.
    app: TcpListener,
    token: String,
    _dir: tempfile::TempDir,
}

impl Scene {
    async fn start() -> Self {
        e2e::init();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let server = Server::start(&data, dir.path()).await.unwrap();
        let listener = Listener::demo();
        server.account_create(&listener).await.unwrap();
        let link = mail::link(&data, &listener.email, "/account/verify#").await.unwrap();
        let (_, token) = link.split_once('#').unwrap();
        let verify = json!({ "token": token });
        post(&server, None, "/api/v1/accounts/verify-email", &verify).await;
        let token = server.sign_in(&listener).await.unwrap();
        let browser = Browser::open(dir.path()).await.unwrap();
        browser.add_authenticator().await.unwrap();
        let app = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { server, browser, app, token, _dir: dir }
    }

    async fn get(&self, path: &str) -> Value {
        let asked = reqwest::Client::new().get(format!("{}{path}", self.server.url()));
        asked.bearer_auth(&self.token).send().await.unwrap().json().await.unwrap()
    }

    /// Where a passkey is made.
    async fn ticket(&self) -> String {
        let answer =
            post(&self.server, Some(&self.token), "/api/v1/passkeys/ticket", &json!({})).await;
        text(&answer.1["url"])
    }

    /// Makes a passkey on the page, by keyboard.
    async fn register(&self) {
        self.browser.goto(&self.ticket().await).await.unwrap();
        self.browser.find("#go").await.unwrap();
        assert_eq!(self.focused().await, "name");
        self.browser.press("The laptop of Ann").await.unwrap();
        self.browser.press_enter().await.unwrap();
        self.browser.wait_for_text("#title", |text| text == "The passkey is made").await.unwrap();
    }

    fn loopback(&self) -> Value {
        let redirect_uri = format!("http://{}/back", self.app.local_addr().unwrap());
        json!({ "redirect_uri": redirect_uri, "state": STATE, "code_challenge": CHALLENGE })
    }

    /// Opens the page to sign in on.
    async fn open_sign_in(&self) {
        self.open_sign_in_for("").await;
    }

    /// Opens it as the app does, for what the fragment says.
    async fn open_sign_in_for(&self, fragment: &str) {
        let page = text(&self.get("/api/v1/sign-in").await["page"]);
        let loopback = self.loopback();
        let query = ["redirect_uri", "state", "code_challenge"]
            .map(|name| format!("{name}={}", text(&loopback[name])));
        self.browser.goto(&format!("{page}?{}{fragment}", query.join("&"))).await.unwrap();
        self.browser.find("#passkey").await.unwrap();
    }

    /// Presses Enter where that leads back to the app. The driver says that a key is pressed once
    /// the page it leads to is there, so the app has to answer meanwhile.
    async fn enter_and_come_back(&self) -> Value {
        let (pressed, query) = tokio::join!(self.browser.press_enter(), come_back(&self.app));
        pressed.unwrap();
        query
    }

    async fn focused(&self) -> String {
        self.browser.focused_id().await.unwrap().unwrap_or_default()
    }

    /// Waits until the page says what went wrong.
    async fn is_told(&self, words: &str) {
        self.browser.wait_for_text("#trouble", |text| text.contains(words)).await.unwrap();
    }

    /// Trades a code for whose session it opens.
    async fn trade(&self, code: &str) -> Value {
        let body = json!({ "code": code, "code_verifier": VERIFIER, "device_name": "the app" });
        let (status, session) = post(&self.server, None, "/api/v1/sessions/code", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{session}");
        session["account"].clone()
    }
}

#[tokio::test]
async fn a_passkey_is_all_that_is_needed_until_it_is_deleted() {
    let scene = Scene::start().await;
    scene.register().await;
    let passkeys = scene.get("/api/v1/passkeys").await;
    assert_eq!(passkeys["passkeys"][0]["name"], "The laptop of Ann");

    scene.open_sign_in().await;
    assert_eq!(scene.focused().await, "passkey");
    let query = scene.enter_and_come_back().await;
    assert_eq!(query["state"], STATE);
    let account = scene.trade(&text(&query["code"])).await;
    assert_eq!(account["email"], Listener::demo().email);

    // One device, one passkey.
    scene.browser.goto(&scene.ticket().await).await.unwrap();
    scene.browser.find("#name").await.unwrap();
    scene.browser.press_enter().await.unwrap();
    scene.is_told("has a passkey for this account already").await;
    assert_eq!(scene.get("/api/v1/passkeys").await["passkeys"].as_array().unwrap().len(), 1);

    let id = text(&passkeys["passkeys"][0]["id"]);
    let url = format!("{}/api/v1/passkeys/{id}", scene.server.url());
    let deleted = reqwest::Client::new().delete(url).bearer_auth(&scene.token).send().await;
    assert_eq!(deleted.unwrap().status(), StatusCode::NO_CONTENT);
    // The device still has it, and the server knows it no more.
    scene.open_sign_in().await;
    scene.browser.press_enter().await.unwrap();
    scene.is_told("does not sign in here").await;
    assert_eq!(scene.focused().await, "passkey", "one can go on by keyboard");

    // Who cannot go on goes back.
    scene.browser.press(&Key::Tab.to_string()).await.unwrap();
    assert_eq!(scene.focused().await, "back");
    assert_eq!(scene.enter_and_come_back().await["error"], "access_denied");
    scene.browser.close().await.unwrap();
}

#[tokio::test]
async fn a_passkey_is_what_the_password_alone_is_not() {
    let scene = Scene::start().await;
    scene.register().await;
    let (status, codes) =
        post(&scene.server, Some(&scene.token), "/api/v1/mfa/passkey", &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{codes}");
    let Listener { email, password, .. } = Listener::demo();
    let sign_in = async |passkey: Option<&Value>| {
        let mut body = json!({ "email": email, "password": password });
        if let Some(query) = passkey {
            body["passkey"] = json!({ "code": query["code"], "code_verifier": VERIFIER });
        }
        post(&scene.server, None, "/api/v1/sessions", &body).await
    };
    let (status, asked) = sign_in(None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{asked}");
    assert_eq!(asked["error"]["second_factor"], json!({ "totp": false, "passkey": true }));

    scene.open_sign_in_for("#second-step").await;
    assert_eq!(scene.focused().await, "passkey");
    let query = scene.enter_and_come_back().await;
    let (status, session) = sign_in(Some(&query)).await;
    assert_eq!(status, StatusCode::CREATED, "{session}");
    assert_eq!(session["account"]["email"], email);
    assert_eq!(sign_in(Some(&query)).await.0, StatusCode::UNAUTHORIZED, "it is good once");
    scene.browser.close().await.unwrap();
}

#[tokio::test]
async fn a_passkey_is_good_here_alone_and_once() {
    let scene = Scene::start().await;
    scene.register().await;
    let port = scene.server.url().rsplit_once(':').unwrap().1.to_owned();

    // The server's own page under a name that is not the one of its passkeys.
    let page = scene.ticket().await;
    let (_, ticket) = page.split_once('#').unwrap();
    let elsewhere = format!("http://127.0.0.1:{port}/account/passkeys#{ticket}");
    scene.browser.goto(&elsewhere).await.unwrap();
    scene.browser.find("#name").await.unwrap();
    scene.browser.press_enter().await.unwrap();
    scene.is_told("do not work at this address").await;

    // A page of someone else's, at an origin to which the browser does give a signature.
    let evil = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let evil_port = evil.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = evil.accept().await.unwrap();
            tokio::spawn(respond(stream));
        }
    });
    scene.browser.goto(&format!("http://localhost:{evil_port}/")).await.unwrap();
    let (signed, flow) = sign(&scene).await;
    assert_eq!(finish(&scene, &flow, &signed).await, StatusCode::BAD_REQUEST);
    serving.abort();

    // The same on a page of the server's, and then once more.
    scene.open_sign_in().await;
    let (signed, flow) = sign(&scene).await;
    assert_eq!(finish(&scene, &flow, &signed).await, StatusCode::OK);
    assert_eq!(finish(&scene, &flow, &signed).await, StatusCode::BAD_REQUEST);
    let (_, flow) = sign(&scene).await;
    assert_eq!(finish(&scene, &flow, &signed).await, StatusCode::BAD_REQUEST);
    scene.browser.close().await.unwrap();
}

/// Lets the authenticator sign a challenge of the server, on whichever page the browser is.
async fn sign(scene: &Scene) -> (Value, String) {
    let path = "/api/v1/sign-in/passkey/start";
    let (_, challenge) = post(&scene.server, None, path, &scene.loopback()).await;
    let script = "
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(argument);
        navigator.credentials.get({ publicKey }).then(
            (signed) => done(signed.toJSON()), (error) => done(`${error}`));";
    let signed = scene.browser.ask(script, challenge["options"].clone()).await.unwrap();
    assert!(signed["response"]["signature"].is_string(), "{signed}");
    (signed, text(&challenge["flow"]))
}

async fn finish(scene: &Scene, flow: &str, signed: &Value) -> StatusCode {
    let body = json!({ "flow": flow, "credential": signed });
    post(&scene.server, None, "/api/v1/sign-in/passkey/finish", &body).await.0
}

async fn post(
    server: &Server,
    token: Option<&str>,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let url = format!("{}{path}", server.url());
    let mut asked = reqwest::Client::new().request(Method::POST, url).json(body);
    if let Some(token) = token {
        asked = asked.bearer_auth(token);
    }
    let answer = asked.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// What the browser brings to the app's loopback address.
async fn come_back(app: &TcpListener) -> Value {
    let answered = async {
        // Browsers open some connections ahead and say nothing on them.
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                visitor = app.accept() => {
                    let (stream, _) = visitor.unwrap();
                    visits.spawn(respond(stream));
                }
                Some(line) = visits.join_next() => {
                    if let Some(query) = query_of(&line.unwrap()) {
                        return query;
                    }
                }
            }
        }
    };
    tokio::time::timeout(LIMIT, answered).await.expect("the browser comes back")
}

/// What stands behind the address to come back to; a browser also asks for an icon.
fn query_of(line: &str) -> Option<Value> {
    let query = line.split(' ').nth(1)?.strip_prefix("/back?")?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

/// Answers one request with an empty page; answers with its first line.
async fn respond(mut stream: TcpStream) -> String {
    let mut request = vec![0; 8_192];
    let n_bytes = stream.read(&mut request).await.unwrap_or(0);
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\
                connection: close\r\n\r\n<!doctype html>";
    let _ = stream.write_all(page.as_bytes()).await;
    let request = String::from_utf8_lossy(&request[..n_bytes]).into_owned();
    request.lines().next().unwrap_or_default().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
