//! Pictures of every screen through the real app: both themes, desktop and phone, and the widths
//! between, where the queue takes its share of the window.

use std::path::Path;

use anyhow::{Context, Result};
use fantoccini::key::Key;
use ipc::{Playback, Theme};
use serde_json::json;

use crate::{
    App, Desktop, Server, app::LIMIT, demo::sign_in, desktop::SoundOutput, server::Listener, wait,
};

const SIZES: [(&str, u32, u32); 2] = [("desktop", 1440, 900), ("phone", 390, 844)];
/// Between a phone and a desktop; what changes with the theme is seen in the others.
const SIZES_BETWEEN: [(&str, u32, u32); 3] =
    [("700", 700, 900), ("1000", 1000, 900), ("1280", 1280, 900)];
const THEMES: [(&str, Theme); 2] = [("dark", Theme::Dark), ("light", Theme::Light)];

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
    let server = Server::start(&dir.path().join("server"), dir.path()).await?;
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
    let _server = crashed.restart().await?;
    app.find(".comparison").await?;
    println!("{}", to.display());
    Ok(())
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
        ("roles", ".settings-group .badges"),
        ("audit", ".records"),
    ] {
        app.go(&format!("/settings/{name}")).await?;
        app.find(there).await?;
        album.take(app, &format!("settings-{name}")).await?;
    }
    album.take_at(app, "settings-audit-records", ".records").await?;
    app.go("/settings/account").await?;
    app.find("input[name=display_name]").await?;
    album.take_at(app, "settings-account-end", ".form-actions").await?;
    app.click("section[aria-labelledby=settings-second-factor] .button").await?;
    app.fill("input[name=second_factor_password]", &listener.password).await?;
    app.click("section[aria-labelledby=settings-second-factor] .button.primary").await?;
    app.find(".qr").await?;
    let second_factor = "section[aria-labelledby=settings-second-factor]";
    album.take_at(app, "settings-second-factor", second_factor).await?;
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
