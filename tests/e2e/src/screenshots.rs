//! Pictures of every screen through the real app: both themes, desktop and phone, and the widths
//! between, where the queue takes its share of the window.

use std::path::Path;

use anyhow::{Context, Result};
use ipc::{Playback, Theme};

use crate::{
    App, Desktop, Server, app::LIMIT, demo::sign_in, desktop::SoundOutput, server::Listener, wait,
};

const SIZES: [(&str, u32, u32); 2] = [("desktop", 1440, 900), ("phone", 390, 844)];
/// Between a phone and a desktop; what changes with the theme is seen in the others.
const SIZES_BETWEEN: [(&str, u32, u32); 3] =
    [("700", 700, 900), ("1000", 1000, 900), ("1280", 1280, 900)];
const THEMES: [(&str, Theme); 2] = [("dark", Theme::Dark), ("light", Theme::Light)];

/// Writes `{screen}-{theme}-{size}.png` for all of them.
pub async fn take(to: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let music = dir.path().join("music");
    demo_music::write_catalog(&music)?;
    let server = Server::start(&dir.path().join("server"), dir.path()).await?;
    let listener = Listener::demo();
    server.account_create(&listener).await?;
    server.import(&music).await?;
    let token = server.sign_in(&listener).await?;
    server.wait_until_found(&token, "tidewater").await?;
    let tracks = server.tracks(&token).await?;
    let track =
        tracks.iter().find(|track| track.title == "Tidewater").context("the demo has it")?;

    let desktop = Desktop::start(SoundOutput::NullSink).await?;
    let app = App::open(&desktop, &dir.path().join("app")).await?;
    app.find("input[name=email]").await?;
    every_look(&app, to, "sign-in").await?;
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
        every_look(&app, to, name).await?;
    }
    app.go("/").await?;
    app.press_with_ctrl('k').await?;
    app.fill("input[role=combobox]", "glas orchrd").await?;
    app.find("[role=option]").await?;
    every_look(&app, to, "search-dialog").await?;
    println!("{}", to.display());
    Ok(())
}

/// The screen as it is now, in both themes and all sizes.
async fn every_look(app: &App, to: &Path, name: &str) -> Result<()> {
    for (theme_name, theme) in THEMES {
        let mut settings = app.ask(ipc::SettingsGet {}).await?.settings;
        settings.theme = theme;
        settings.is_queue_open = true;
        app.ask(ipc::SettingsUpdate { settings }).await?;
        let between = if theme == Theme::Dark { &SIZES_BETWEEN[..] } else { &[] };
        for &(size_name, width, height) in SIZES.iter().chain(between) {
            app.resize(width, height).await?;
            settle(app, width).await?;
            app.screenshot(&to.join(format!("{name}-{theme_name}-{size_name}.png"))).await?;
        }
    }
    Ok(())
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
