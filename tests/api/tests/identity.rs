//! Identity with everything real: mails in files, secrets in the vault.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use api::{
    accounts::{Account, Session, SteppedUp},
    error::Code,
    mfa::{MfaView, RecoveryCodes, TotpSecret},
};
use api_tests::{
    Client, PASSWORD, ServerProcess,
    client::{failure, success},
    mail, program,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const EMAIL: &str = "ann.planted.string@example.org";
const NEXT: &str = "another four words here";

#[tokio::test]
async fn a_mail_confirms_the_address_and_another_changes_the_password() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let ann = anyone.listener(EMAIL).await.unwrap();
    let link = mail::link(server.data().path(), EMAIL, "verify").await.unwrap();
    assert!(link.starts_with(server.url()), "{link}");
    let (page, token) = link.split_once('#').unwrap();
    let page = anyone.request(Method::GET, page.strip_prefix(server.url()).unwrap()).send().await;
    let page = page.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("'none'"));
    // Looking at the page uses nothing up.
    assert!(!ann.get::<Account>("/api/v1/accounts/me").await.unwrap().is_email_verified);
    let verify = json!({ "token": token });
    let verified = post(&anyone, "/api/v1/accounts/verify-email", &verify).await;
    assert_eq!(verified.status(), 204);
    assert!(ann.get::<Account>("/api/v1/accounts/me").await.unwrap().is_email_verified);
    let again = post(&anyone, "/api/v1/accounts/verify-email", &verify).await;
    assert_eq!(again.status(), 400);

    for email in [EMAIL, "nobody@example.org"] {
        let asked = post(&anyone, "/api/v1/password-reset", &json!({ "email": email })).await;
        assert_eq!(asked.status(), 202);
    }
    let link = mail::link(server.data().path(), EMAIL, "reset").await.unwrap();
    let token = link.split_once('#').unwrap().1;
    let reset = json!({ "token": token, "password": NEXT });
    let path = "/api/v1/password-reset/finish";
    assert_eq!(post(&anyone, path, &reset).await.status(), 204);
    assert_eq!(post(&anyone, path, &reset).await.status(), 400);
    let gone = ann.request(Method::GET, "/api/v1/accounts/me").send().await.unwrap();
    assert_eq!(gone.status(), 401, "signed out everywhere");
    assert!(anyone.sign_in(EMAIL).await.is_err(), "the old password");
    let body = json!({ "email": EMAIL, "password": NEXT });
    assert_eq!(post(&anyone, "/api/v1/sessions", &body).await.status(), 201);
}

#[tokio::test]
async fn a_second_factor_outlives_a_kill_and_its_secret_is_sealed() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let ann = anyone.listener(EMAIL).await.unwrap();
    let wrong = post(&ann, "/api/v1/sessions/step-up", &json!({ "password": "not it" })).await;
    assert_eq!(failure(wrong).await.unwrap().error.code, Code::Forbidden);
    // Who has just signed in has shown who they are.
    let secret = post(&ann, "/api/v1/mfa/totp", &json!({ "label": EMAIL })).await;
    let secret: TotpSecret = success(secret).await.unwrap();
    assert!(secret.uri.starts_with("otpauth://totp/MelodyUD:"), "{}", secret.uri);
    let code = code(&secret.secret, 0);
    let codes = post(&ann, "/api/v1/mfa/totp/confirm", &json!({ "code": code })).await;
    let codes: RecoveryCodes = success(codes).await.unwrap();
    assert_eq!(codes.codes.len(), 10);

    let data = server.kill().unwrap();
    for plain in [secret.secret.as_bytes(), &base32(&secret.secret), codes.codes[0].as_bytes()] {
        assert!(!holds(data.path(), plain), "the secret lies about");
    }
    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    let anyone = server.client().unwrap();
    let sign_in = |code: Option<String>| {
        let anyone = anyone.clone();
        async move {
            let mut body = json!({ "email": EMAIL, "password": PASSWORD });
            if let Some(code) = code {
                body["code"] = Value::String(code);
            }
            post(&anyone, "/api/v1/sessions", &body).await
        }
    };
    let asked = failure(sign_in(None).await).await.unwrap().error.code;
    assert_eq!(asked, Code::SecondFactorRequired);
    let replayed = sign_in(Some(code)).await;
    assert_eq!(replayed.status(), 401, "it turned the second factor on");
    // The next code is good already: clocks differ.
    let session = sign_in(Some(self::code(&secret.secret, 1))).await;
    let session: Session = success(session).await.unwrap();
    let ann = anyone.clone().with_token(&session.access_token);
    assert_eq!(sign_in(Some(codes.codes[0].clone())).await.status(), 201);
    assert_eq!(sign_in(Some(codes.codes[0].clone())).await.status(), 401);
    // A new master key, beside the running server.
    let mut command = Command::new(program().unwrap());
    command.args(["keys", "rotate-vault", "--data"]).arg(server.data().path());
    let rotated = command.output().unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    assert!(String::from_utf8_lossy(&rotated.stdout).contains("wrapped 2 keys"), "{rotated:?}");
    let wrong = failure(sign_in(Some("000000".to_owned())).await).await.unwrap();
    assert_eq!(wrong.error.code, Code::SecondFactorRequired, "its secret opens");
    let view: MfaView = ann.get("/api/v1/mfa").await.unwrap();
    assert_eq!((view.is_totp_on, view.n_recovery_codes), (true, 9));
    let stepped = json!({ "password": PASSWORD, "code": codes.codes[2] });
    let stepped: SteppedUp =
        success(post(&ann, "/api/v1/sessions/step-up", &stepped).await).await.unwrap();
    let ann = anyone.clone().with_token(&stepped.access_token);
    let off = json!({ "code": codes.codes[1] });
    assert_eq!(post(&ann, "/api/v1/mfa/totp/disable", &off).await.status(), 204);
    assert_eq!(sign_in(None).await.status(), 201);
}

/// Killed at any moment while people sign up, a server knows each of them or none: whoever has no
/// account can have one, and then everybody gets in.
#[tokio::test]
async fn a_server_killed_while_people_sign_up_knows_them_or_not() {
    let mut data = ServerProcess::start().unwrap().kill().unwrap();
    let (n_rounds, n_people) = (6, 4);
    for round in 0..n_rounds {
        let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
        let anyone = server.client().unwrap();
        for person in 0..n_people {
            let (anyone, email) = (anyone.clone(), format!("p{round}-{person}@example.org"));
            // The answer may never come.
            tokio::spawn(async move { anyone.sign_up(&email).await });
        }
        tokio::time::sleep(Duration::from_millis(20 << round)).await;
        data = server.kill().unwrap();
    }
    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    let anyone = server.client().unwrap();
    let mut n_known = 0;
    for round in 0..n_rounds {
        for person in 0..n_people {
            let email = format!("p{round}-{person}@example.org");
            n_known += u64::from(anyone.sign_up(&email).await.is_err());
            anyone.sign_in(&email).await.unwrap();
        }
    }
    assert!(n_known > 0, "nobody got as far as an account: the test shows nothing");
    // Whoever was first owns the server, whether an answer came or not.
    let mut command = Command::new(program().unwrap());
    let listed = command.args(["role", "list", "--data"]).arg(server.data().path()).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    assert_eq!(listed.lines().filter(|line| line.contains("owner")).count(), 1, "{listed}");
}

/// Killed at any moment, a rotation of the master key leaves everything to be opened, and the next
/// one goes on.
#[tokio::test]
async fn a_rotation_that_is_killed_locks_nobody_out() {
    let server = ServerProcess::start().unwrap();
    let anyone = server.client().unwrap();
    let people: Vec<String> = (0..12).map(|n| format!("person{n}@example.org")).collect();
    for email in &people {
        anyone.sign_up(email).await.unwrap();
    }
    for round in 0..8_u64 {
        let mut command = Command::new(program().unwrap());
        command.args(["keys", "rotate-vault", "--data"]).arg(server.data().path());
        let mut rotation = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(15 + round * 12)).await;
        // It may have come to its end before.
        let _ = rotation.kill();
        rotation.wait().unwrap();
        let email = &people[usize::try_from(round).unwrap()];
        let session = anyone.sign_in(email).await.unwrap();
        assert_eq!(&session.account.email, email, "found and opened");
    }
    let data = server.kill().unwrap();
    let server = ServerProcess::start_on(data, "127.0.0.1:0").unwrap();
    let anyone = server.client().unwrap();
    for email in &people {
        assert_eq!(&anyone.sign_in(email).await.unwrap().account.email, email);
    }
}

async fn post(client: &Client, path: &str, body: &Value) -> Response {
    client.request(Method::POST, path).json(body).send().await.unwrap()
}

/// What the app on the phone shows, so many steps from now.
fn code(secret: &str, n_steps: u64) -> String {
    use std::time::{SystemTime, UNIX_EPOCH};
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let app = totp_rs::Builder::new().with_secret(base32(secret)).with_account_name("ann");
    app.build().unwrap().generate(now_s + 30 * n_steps).to_string()
}

fn base32(secret: &str) -> Vec<u8> {
    totp_rs::Secret::try_from_base32(secret).unwrap().as_bytes().to_vec()
}

/// Whether a file in the folder or below holds the bytes.
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
