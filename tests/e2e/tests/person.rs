//! A person's whole stay, in the real window: sign up, confirm the address, a second factor, a
//! second device that is thrown out, a real provider, an export, an erasure; and then nothing of
//! them is left on the server, while the audit log still verifies.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use api_tests::{
    mail,
    oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider, Person, browse},
};
use e2e::{
    App, Browser, Desktop, Server,
    app::LIMIT,
    desktop::SoundOutput,
    phone::{self, SECOND_FACTOR},
    process,
    server::{CONFIG_FILE, Listener},
    wait,
};
use serde_json::{Value, json};

const PASSPHRASE: &str = "four words long enough";

/// What is looked for afterwards: found in no other text.
const EMAIL: &str = "planted.person.5183@example.org";
const NAME: &str = "Planted Person Qvxz";
const TABLET: &str = "planted tablet 7719";
const SUBJECT: &str = "planted-subject-2236";
const BIRTH_DATE: &str = "1987-05-19";
const PASSWORD: &str = "correct horse battery";

const PROFILE: &str = "section[aria-labelledby=settings-profile]";
const WAYS: &str = "section[aria-labelledby=settings-ways]";
const EXPORT: &str = "section[aria-labelledby=privacy-export]";
const ERASURE: &str = "section[aria-labelledby=privacy-erasure]";

/// A server with a provider and without a cooling-off period, and its owner.
async fn start(dir: &Path) -> (Server, PathBuf, OidcProvider) {
    let mut house = OidcProvider::start().unwrap();
    let data = dir.join("data");
    fs::create_dir(&data).unwrap();
    let issuer = house.issuer();
    // Beside the data: what is planted there is the operator's.
    let config = format!(
        "[[oidc]]\nid = \"house\"\nname = \"The House\"\nissuer = \"{issuer}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n\
         [privacy]\ncooling_off_days = 0\n"
    );
    fs::write(data.join(CONFIG_FILE), config).unwrap();
    let server = Server::start(&data, dir).await.unwrap();
    let back = format!("{}/api/v1/oidc/house/callback", server.url());
    let claims = json!({ "email": EMAIL, "email_verified": true, "name": NAME });
    house.configure(&back, &json!({ SUBJECT: claims }), &json!({})).unwrap();
    server.account_create(&Listener::demo()).await.unwrap();
    (server, data, house)
}

/// Signs up by the form, and keeps the sign-in in a file sealed by a passphrase.
async fn sign_up(app: &App, server: &Server) {
    app.find("input[name=server_url]").await.unwrap();
    app.click("form .text-button").await.unwrap();
    app.fill("input[name=display_name]", NAME).await.unwrap();
    app.fill("input[name=server_url]", &server.url()).await.unwrap();
    app.fill("input[name=email]", EMAIL).await.unwrap();
    app.fill("input[name=password]", PASSWORD).await.unwrap();
    app.click("button[type=submit]").await.unwrap();
    app.fill("input[name=passphrase]", PASSPHRASE).await.unwrap();
    app.click(".dialog-actions .primary").await.unwrap();
    app.wait_until_gone("input[name=passphrase]").await.unwrap();
    app.find(".player-bar").await.unwrap();
}

/// Opens the link that was mailed, as the person would, and clicks on the page.
async fn confirm_address(dir: &Path, data: &Path) {
    let link = mail::link(data, EMAIL, "/account/verify#").await.unwrap();
    let browser = Browser::open(dir).await.unwrap();
    browser.goto(&link).await.unwrap();
    browser.find("#go").await.unwrap().click().await.unwrap();
    browser.wait_for_text("#title", |text| text == "The address is confirmed").await.unwrap();
    browser.close().await.unwrap();
}

async fn tell_birth_date(app: &App) {
    app.go("/settings/account").await.unwrap();
    app.fill("input[name=birth_date]", BIRTH_DATE).await.unwrap();
    app.click(&format!("{PROFILE} button[type=submit]")).await.unwrap();
    wait::until("the profile to be saved", LIMIT, async || {
        let profile = app.ask(ipc::ProfileGet {}).await?;
        Ok((profile.birth_date.as_deref() == Some(BIRTH_DATE)).then_some(()))
    })
    .await
    .unwrap();
}

/// Turns the second factor on; answers with the recovery codes.
async fn turn_on_second_factor(app: &App) -> Vec<String> {
    app.go("/settings/account").await.unwrap();
    app.click("[aria-label='Turn on an authenticator app']").await.unwrap();
    phone::turn_on(app).await.unwrap();
    let codes = "return [...document.querySelectorAll('.recovery-codes li')]\
                 .map(code => code.textContent.trim())";
    let codes = serde_json::from_value(app.run(codes).await.unwrap()).unwrap();
    app.click(&format!("{SECOND_FACTOR} .button.primary")).await.unwrap();
    codes
}

/// Signs in on another device: with the password alone it is not let in.
async fn second_device(server: &Server, code: &str) -> String {
    let sign_in = async |body: Value| {
        let url = format!("{}/api/v1/sessions", server.url());
        reqwest::Client::new().post(url).json(&body).send().await.unwrap()
    };
    let mut body = json!({ "email": EMAIL, "password": PASSWORD, "device_name": TABLET });
    assert_eq!(sign_in(body.clone()).await.status(), 401);
    body["code"] = json!(code);
    let session: Value = sign_in(body).await.json().await.unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

async fn is_let_in(server: &Server, token: &str) -> bool {
    let url = format!("{}/api/v1/accounts/me", server.url());
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
    answer.status().is_success()
}

/// Throws the other device out.
async fn revoke_second_device(app: &App) {
    app.go("/settings/devices").await.unwrap();
    app.click(&format!("[aria-label='Sign out on {TABLET}']")).await.unwrap();
    app.click(".confirm .danger").await.unwrap();
    app.wait_until_gone(&format!("[aria-label='Sign out on {TABLET}']")).await.unwrap();
}

/// Does in the system's browser what the app opened it for, from the `n`th time on.
async fn at_provider(desktop: &Desktop, server: &Server, n: usize) {
    let opened = wait::until("the browser to be opened", LIMIT, async || {
        Ok(desktop.opened().get(n).cloned())
    });
    let opened = opened.await.unwrap();
    let back = browse(&opened, Person::SignsIn(SUBJECT), &server.url()).await.unwrap();
    // From the server to the app's own address, where a page says that it is done.
    let answer = reqwest::get(back).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.url());
}

/// Links the provider, and signs in by it alone.
async fn use_provider(app: &App, desktop: &Desktop, server: &Server) {
    app.go("/settings/account").await.unwrap();
    app.click(&format!("{WAYS} [aria-label='Link The House']")).await.unwrap();
    at_provider(desktop, server, 0).await;
    app.find(&format!("{WAYS} [aria-label='Unlink The House']")).await.unwrap();

    app.run(
        "[...document.querySelectorAll('button')].find(b => b.textContent === 'Sign out').click()",
    )
    .await
    .unwrap();
    app.fill("input[name=server_url]", &server.url()).await.unwrap();
    app.press(&[fantoccini::key::Key::Tab.into()]).await.unwrap();
    app.click(".other-ways .wide + .wide").await.unwrap();
    at_provider(desktop, server, 1).await;
    app.find(".player-bar").await.unwrap();
    app.go("/settings/account").await.unwrap();
    let name = app.find("input[name=display_name]").await.unwrap();
    assert_eq!(name.prop("value").await.unwrap().as_deref(), Some(NAME), "the same account");
}

/// Has everything packed and saved; answers with the file.
async fn export(app: &App) -> PathBuf {
    app.go("/settings/privacy").await.unwrap();
    app.click(&format!("{EXPORT} .button")).await.unwrap();
    app.click(&format!("{EXPORT} .setting-buttons .primary")).await.unwrap();
    let saved = wait::until("the file to be saved", LIMIT, async || {
        let said = app.find(&format!("{EXPORT} .path")).await?.text().await?;
        Ok(said.strip_prefix("Saved as ").map(PathBuf::from))
    });
    saved.await.unwrap()
}

/// All that is in a ZIP, as text.
fn text_of(zip: &Path) -> String {
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    let mut inside = Vec::new();
    for n in 0..archive.len() {
        archive.by_index(n).unwrap().read_to_end(&mut inside).unwrap();
    }
    String::from_utf8_lossy(&inside).into_owned()
}

async fn erase(app: &App, server: &Server) {
    app.go("/settings/privacy").await.unwrap();
    app.click(&format!("{ERASURE} .button.danger")).await.unwrap();
    app.fill("input[name=erase_word]", "ERASE").await.unwrap();
    app.click(&format!("{ERASURE} button[type=submit]")).await.unwrap();
    wait::until("the account to be gone", LIMIT, async || {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let url = format!("{}/api/v1/sessions", server.url());
        let answer = reqwest::Client::new().post(url).json(&body).send().await?;
        let answer: Value = answer.json().await?;
        // With the account there, the password alone asks for a code.
        Ok((answer["error"]["code"] == "wrong_credentials").then_some(()))
    })
    .await
    .unwrap();
}

/// Files below a folder that hold a text in the open. One that goes meanwhile holds nothing.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        if bytes.windows(text.len()).any(|at| at == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

/// What the operator's command prints.
fn operate(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(process::built("melodyud-server").unwrap());
    let output = command.args(arguments).arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_comes_and_goes_and_nothing_of_them_stays() {
    e2e::init();
    let dir = tempfile::tempdir().unwrap();
    let (server, data, _house) = start(dir.path()).await;
    let desktop = Desktop::start(SoundOutput::NullSink).await.unwrap();
    let app = App::open(&desktop, &dir.path().join("app")).await.unwrap();

    sign_up(&app, &server).await;
    confirm_address(dir.path(), &data).await;
    tell_birth_date(&app).await;
    let codes = turn_on_second_factor(&app).await;
    assert_eq!(codes.len(), 10);

    let tablet = second_device(&server, &codes[0]).await;
    assert!(is_let_in(&server, &tablet).await);
    revoke_second_device(&app).await;
    assert!(!is_let_in(&server, &tablet).await);

    use_provider(&app, &desktop, &server).await;

    let zip = export(&app).await;
    let inside = text_of(&zip);
    for planted in [EMAIL, NAME, BIRTH_DATE, TABLET] {
        assert!(inside.contains(planted), "{planted} is not in the export");
    }
    assert!(!inside.contains(&Listener::demo().email), "somebody else's");
    assert!(zip.starts_with(desktop.downloads()), "{}", zip.display());

    let planted = [EMAIL, NAME, BIRTH_DATE, TABLET, SUBJECT, &codes[0], &codes[1]];
    let left =
        || -> Vec<PathBuf> { planted.iter().flat_map(|text| files_with(&data, text)).collect() };
    assert!(!left().is_empty(), "the mail lies in the folder");
    erase(&app, &server).await;
    // A moment later the job has also emptied what a crash would be repaired from.
    let is_clean = async || Ok(left().is_empty().then_some(()));
    wait::until("nothing to be left", Duration::from_secs(30), is_clean).await.unwrap();
    server.stop().unwrap();
    assert_eq!(left(), Vec::<PathBuf>::new(), "what the end of the server wrote");
    let log = fs::read_to_string(dir.path().join("server.log")).unwrap();
    assert!(!log.is_empty() && !planted.iter().any(|text| log.contains(text)), "{log}");

    verify_audit(dir.path(), &data);
}

/// The log as a file, checked without a server, still tells of everything that was done.
fn verify_audit(dir: &Path, data: &Path) {
    let file = dir.join("audit.jsonl");
    operate(data, &["audit", "export", file.to_str().unwrap()]);
    let key = operate(data, &["audit", "key"]);
    let mut verify = Command::new(process::built("melodyud-server").unwrap());
    verify.args(["audit", "verify"]).arg(&file).args(["--key", key.trim()]);
    let verified = verify.output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
    let log = fs::read_to_string(&file).unwrap();
    for verb in
        ["mfa_totp_on", "session_revoke", "identity_link", "subject_export", "subject_erase"]
    {
        assert!(log.contains(&format!("\"{verb}")), "{verb} is not in the log");
    }
}
