//! Pictures of every screen through the real app: both themes, desktop and phone, and the widths
//! between, where the queue takes its share of the window.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use api::sign_in::{PasskeyChallenge, PasskeyTicket};
use api_tests::{Client, authenticator::Authenticator, client::success, mail};
use fantoccini::key::Key;
use ipc::{Playback, Theme};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    App, Desktop, Server,
    app::LIMIT,
    demo::sign_in,
    desktop::SoundOutput,
    phone::{self, SECOND_FACTOR},
    server::{CONFIG_FILE, Listener},
    wait,
};

const SIZES: [(&str, u32, u32); 2] = [("desktop", 1440, 900), ("phone", 390, 844)];
/// Between a phone and a desktop; what changes with the theme is seen in the others.
const SIZES_BETWEEN: [(&str, u32, u32); 3] =
    [("700", 700, 900), ("1000", 1000, 900), ("1280", 1280, 900)];
const THEMES: [(&str, Theme); 2] = [("dark", Theme::Dark), ("light", Theme::Light)];

/// Nobody is asked before somebody signs in there.
const PROVIDERS: &str = r#"
[[oidc]]
id = "university"
name = "University of Ebbtown"
issuer = "https://id.university.example"
client_id = "melodyud"

[[oidc]]
id = "salt-hill"
name = "Salt Hill Records"
issuer = "https://login.salthill.example"
client_id = "melodyud"
"#;

/// Where the pictures go, and of which screens they are taken.
struct Album<'a> {
    to: &'a Path,
    /// What the names of the screens begin with.
    only: &'a str,
}

/// Writes `{screen}-{theme}-{size}.png` for all screens whose names begin with `only`.
pub async fn take(to: &Path, only: &str) -> Result<()> {
    let album = Album { to, only };
    let dir = tempfile::tempdir()?;
    let music = dir.path().join("music");
    demo_music::write_catalog(&music)?;
    let data = dir.path().join("server");
    fs::create_dir(&data)?;
    fs::write(data.join(CONFIG_FILE), PROVIDERS)?;
    let server = Server::start(&data, dir.path()).await?;
    let listener = Listener::demo();
    server.account_create(&listener).await?;
    server.import(&music).await?;
    let token = server.sign_in(&listener).await?;
    server.wait_until_found(&token, "tidewater").await?;
    give_roles(&server, &token, &listener).await?;
    let token = server.sign_in(&listener).await?;
    let tracks = server.tracks(&token).await?;
    let track =
        tracks.iter().find(|track| track.title == "Tidewater").context("the demo has it")?;

    let desktop = Desktop::start(SoundOutput::NullSink).await?;
    let app = App::open(&desktop, &dir.path().join("app")).await?;
    app.find("input[name=email]").await?;
    album.take(&app, "sign-in").await?;
    ways_in(&app, &album, &server).await?;
    sign_in(&app, &server, &listener).await?;

    app.go(&format!("/release/{}", track.release.id)).await?;
    app.double_click("[data-row='0']").await?;
    app.wait_for_player("the music to play", |view| view.playback == Playback::Playing).await?;
    let artist = track.artists.first().context("every track has an artist")?;
    let screens = [
        ("home", "/".to_owned(), ".player-bar"),
        ("search", "/search".to_owned(), ".search-page"),
        ("library-releases", "/library/releases".to_owned(), "#main"),
        ("library-artists", "/library/artists".to_owned(), "#main"),
        ("library-tracks", "/library/tracks".to_owned(), "#main"),
        ("release", format!("/release/{}", track.release.id), "[data-row='0']"),
        ("artist", format!("/artist/{}", artist.id), "#main"),
        ("queue", "/queue".to_owned(), "#main"),
        ("playing", "/playing".to_owned(), "#main"),
        ("settings", "/settings".to_owned(), "#main"),
    ];
    for (name, path, there) in screens {
        app.go(&path).await?;
        app.find(there).await?;
        if name == "search" {
            app.fill("input[type=search]", "tidwater").await?;
            app.find(".search-top").await?;
        }
        album.take(&app, name).await?;
    }
    settings(&app, &album, &listener).await?;
    compliance(&app, &album, &listener).await?;
    app.go("/").await?;
    app.press_with_ctrl('k').await?;
    app.fill("input[role=combobox]", "glas orchrd").await?;
    app.find("[role=option]").await?;
    album.take(&app, "search-dialog").await?;
    // What only the server knows, without it; it comes by itself once the server is back.
    app.go("/").await?;
    app.press(&[Key::Escape.into()]).await?;
    let crashed = server.crash()?;
    app.go("/settings/plan").await?;
    app.find(".state").await?;
    album.take(&app, "settings-offline").await?;
    let server = crashed.restart().await?;
    app.find(".comparison").await?;
    passkey_make(&server, &data, &listener).await?;
    second_step(&app, &album, &server, &listener).await?;
    println!("{}", to.display());
    Ok(())
}

/// The ways in beside a password, to an account or to another; and while the browser is open.
async fn ways_in(app: &App, album: &Album<'_>, server: &Server) -> Result<()> {
    app.fill("input[name=server_url]", &server.url()).await?;
    app.press(&[Key::Tab.into()]).await?;
    app.find(".other-ways .button").await?;
    album.take(app, "sign-in-ways").await?;
    app.click("form .text-button").await?;
    app.find("input[name=display_name]").await?;
    album.take(app, "sign-up").await?;
    app.click("form .text-button").await?;
    app.wait_until_gone("input[name=display_name]").await?;
    app.click(".other-ways .button").await?;
    app.find(".browser-wait").await?;
    album.take(app, "sign-in-waiting").await?;
    app.click(".browser-wait .button").await?;
    app.wait_until_gone(".browser-wait").await
}

/// The first account owns the server, and may make itself read the log; others hold roles, too.
async fn give_roles(server: &Server, token: &str, listener: &Listener) -> Result<()> {
    let press = Listener {
        display_name: "Salt Hill Records".into(),
        email: "press@demo.example".into(),
        password: "press play and listen".into(),
    };
    server.account_create(&press).await?;
    // A token is good for the roles it was given for: whoever changes their own needs another.
    for (listener, role, reason) in [
        (&press, "creator", "Publishes the label's catalog"),
        (listener, "compliance_officer", "Answers data requests until someone else does"),
    ] {
        let body = json!({ "email": listener.email, "role": role, "reason": reason });
        server.post(token, "roles", &body).await?;
    }
    Ok(())
}

/// The sections of the settings, and what they say when something is asked or wrong.
async fn settings(app: &App, album: &Album<'_>, listener: &Listener) -> Result<()> {
    for (name, there) in [
        ("account", "input[name=display_name]"),
        ("devices", ".settings-group .device"),
        ("plan", ".comparison"),
        ("privacy", ".fold"),
        ("roles", ".settings-group .badges"),
    ] {
        app.go(&format!("/settings/{name}")).await?;
        app.find(there).await?;
        album.take(app, &format!("settings-{name}")).await?;
    }
    privacy(app, album, listener).await?;
    app.go("/settings/account").await?;
    app.find("input[name=display_name]").await?;
    album.take_at(app, "settings-account-end", ".form-actions").await?;
    app.click("section[aria-labelledby=settings-email] [aria-label='Change email address']")
        .await?;
    app.fill("input[name=new_email]", "listener").await?;
    app.click("section[aria-labelledby=settings-email] .button.primary").await?;
    app.find("input[name=new_email][aria-invalid]").await?;
    album.take_at(app, "settings-email", "#settings-email").await?;
    app.find("section[aria-labelledby=settings-ways] li").await?;
    album.take_at(app, "settings-ways", "#settings-ways").await?;
    app.click(&format!("{SECOND_FACTOR} .button")).await?;
    confirm(app, album, listener, ".qr").await?;
    album.take_at(app, "settings-second-factor", SECOND_FACTOR).await?;
    app.go("/settings/devices").await?;
    app.click("li.setting .button").await?;
    album.take(app, "settings-devices-asking").await?;
    app.go("/settings/roles").await?;
    app.click(".form .button.primary").await?;
    app.find("[aria-invalid]").await?;
    album.take(app, "settings-roles-trouble").await?;
    app.go("/settings/plan").await?;
    app.click(".plan .button").await?;
    app.find(".plan-card .button").await?;
    album.take(app, "settings-plan-trial").await
}

/// What is held, an export from its making to its file, and what is asked before an erasure.
async fn privacy(app: &App, album: &Album<'_>, listener: &Listener) -> Result<()> {
    app.go("/settings/privacy").await?;
    app.click(".fold summary").await?;
    app.find(".holding").await?;
    album.take(app, "settings-privacy-held").await?;
    album.take_at(app, "settings-privacy-consents", "#privacy-consents").await?;
    app.click("section[aria-labelledby=privacy-export] .button").await?;
    let save = "section[aria-labelledby=privacy-export] .setting-buttons .button";
    confirm(app, album, listener, save).await?;
    album.take_at(app, "settings-privacy-export", "#privacy-export").await?;
    app.click("section[aria-labelledby=privacy-erasure] .button").await?;
    app.click("section[aria-labelledby=privacy-erasure] .form-actions .button").await?;
    app.find("[aria-invalid]").await?;
    album.take_at(app, "settings-privacy-erasure", "#privacy-erasure").await
}

/// The area of compliance officers, with one case in it.
async fn compliance(app: &App, album: &Album<'_>, listener: &Listener) -> Result<()> {
    app.go("/compliance").await?;
    app.find(".state").await?;
    album.take(app, "compliance-empty").await?;
    app.click(".section-head .button").await?;
    app.fill("input[name=case_email]", "press@demo.example").await?;
    app.fill("input[name=case_reason]", "Asked by letter, identity checked").await?;
    album.take(app, "compliance-new").await?;
    app.click(".form .button.primary").await?;
    confirm(app, album, listener, "#case-facts").await?;
    album.take(app, "compliance-case").await?;
    app.click("section[aria-labelledby=case-subject] .button").await?;
    app.find("section[aria-labelledby=case-subject] .records").await?;
    album.take(app, "compliance-case-person").await?;
    app.click("section[aria-labelledby=case-actions] .button").await?;
    app.find(".case-form").await?;
    album.take_at(app, "compliance-case-action", "#case-actions").await?;
    app.go("/compliance").await?;
    app.find(".records").await?;
    album.take(app, "compliance").await?;
    app.go("/compliance/audit").await?;
    app.find(".proof").await?;
    app.find(".records").await?;
    album.take(app, "compliance-audit").await?;
    album.take_at(app, "compliance-audit-records", ".records").await?;
    app.go("/compliance/retention").await?;
    app.find(".records").await?;
    album.take(app, "compliance-retention").await
}

/// Makes a passkey without a browser, so that there is a row of one to be seen.
async fn passkey_make(server: &Server, data: &Path, listener: &Listener) -> Result<()> {
    let client = Client::new(&server.url())?.with_token(server.sign_in(listener).await?);
    let post = async |path: &str, body: Value| {
        let request = client.request(Method::POST, path).json(&body);
        request.send().await
    };
    let link = mail::link(data, &listener.email, "/account/verify#").await?;
    let (_, token) = link.split_once('#').context("the link has a secret")?;
    let verified = post("/api/v1/accounts/verify-email", json!({ "token": token })).await?;
    verified.error_for_status()?;
    let ticket = post("/api/v1/passkeys/ticket", json!({})).await?;
    let ticket: PasskeyTicket = success(ticket).await?;
    let (_, ticket) = ticket.url.split_once('#').context("the page is for one ticket")?;
    let challenge = post("/api/v1/passkeys/start", json!({ "ticket": ticket })).await?;
    let challenge: PasskeyChallenge = success(challenge).await?;
    let origin = server.url().replace("127.0.0.1", "localhost");
    let credential = Authenticator::new(&origin, "localhost").create(&challenge.options)?;
    let made = json!({ "flow": challenge.flow, "name": "Laptop", "credential": credential });
    post("/api/v1/passkeys/finish", made).await?.error_for_status()?;
    Ok(())
}

/// A passkey among the ways to sign in, the second factor as it is turned on, and how it is asked
/// for. Nobody is signed in afterwards.
async fn second_step(
    app: &App,
    album: &Album<'_>,
    server: &Server,
    listener: &Listener,
) -> Result<()> {
    app.go("/settings/account").await?;
    app.find("section[aria-labelledby=settings-ways] .device").await?;
    album.take_at(app, "settings-passkeys", "#settings-ways").await?;
    app.click("[aria-label='Turn on an authenticator app']").await?;
    confirm(app, album, listener, ".qr").await?;
    phone::turn_on(app).await?;
    album.take_at(app, "settings-recovery-codes", SECOND_FACTOR).await?;
    app.click(&format!("{SECOND_FACTOR} .button.primary")).await?;
    app.find("[aria-label='Turn off the authenticator app']").await?;
    album.take_at(app, "settings-second-factor-on", SECOND_FACTOR).await?;
    app.click("section[aria-labelledby=settings-session] .button").await?;
    app.fill("input[name=server_url]", &server.url()).await?;
    app.fill("input[name=email]", &listener.email).await?;
    app.fill("input[name=password]", &listener.password).await?;
    app.click("button[type=submit]").await?;
    app.find("input[name=code]").await?;
    album.take(app, "sign-in-code").await
}

/// Shows who it is where that is asked for, as it is some minutes after signing in; then the page
/// goes on.
async fn confirm(app: &App, album: &Album<'_>, listener: &Listener, there: &str) -> Result<()> {
    let password = "input[name=step_up_password]";
    let found = app.find(&format!("{there}, {password}")).await?;
    if found.attr("name").await?.as_deref() == Some("step_up_password") {
        album.take(app, "step-up").await?;
        app.fill(password, &listener.password).await?;
        app.click(".dialog button[type=submit]").await?;
        app.find(there).await?;
    }
    Ok(())
}

impl Album<'_> {
    /// The screen as it is now, in both themes and all sizes.
    async fn take(&self, app: &App, name: &str) -> Result<()> {
        self.take_at(app, name, "body").await
    }

    /// The same, scrolled to where this begins.
    async fn take_at(&self, app: &App, name: &str, css: &str) -> Result<()> {
        if !name.starts_with(self.only) {
            return Ok(());
        }
        for (theme_name, theme) in THEMES {
            let mut settings = app.ask(ipc::SettingsGet {}).await?.settings;
            settings.theme = theme;
            settings.is_queue_open = true;
            app.ask(ipc::SettingsUpdate { settings }).await?;
            let between = if theme == Theme::Dark { &SIZES_BETWEEN[..] } else { &[] };
            for &(size_name, width, height) in SIZES.iter().chain(between) {
                app.resize(width, height).await?;
                settle(app, width).await?;
                app.run(&format!("document.querySelector('{css}').scrollIntoView()")).await?;
                app.screenshot(&self.to.join(format!("{name}-{theme_name}-{size_name}.png")))
                    .await?;
            }
        }
        Ok(())
    }
}

/// Until the window has its size, every image is there and nothing moves.
async fn settle(app: &App, width: u32) -> Result<()> {
    let script = "return window.innerWidth === WIDTH \
        && [...document.images].every(image => image.complete) \
        && !document.querySelector('.skeleton') \
        && document.getAnimations().every(a => a.effect.getTiming().iterations === Infinity \
            || a.playState === 'finished' || a.playState === 'idle');"
        .replace("WIDTH", &width.to_string());
    wait::until("the screen to settle", LIMIT, async || {
        Ok((app.run(&script).await? == true).then_some(()))
    })
    .await
}
