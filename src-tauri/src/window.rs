//! The one window: opened hidden in the colour of the theme, shown when its page is there, and
//! locked to the app's own pages.

use std::time::Duration;

use anyhow::{Context, Result};
use commands::Facade;
use ipc::Theme;
use tauri::{
    App, AppHandle, Manager, Url, WebviewWindow, WebviewWindowBuilder, async_runtime,
    utils::config::Color, webview::NewWindowResponse, webview::PageLoadEvent,
};
use tauri_plugin_opener::OpenerExt;
use tracing::warn;

pub const LABEL: &str = "main";

/// The grounds of the themes, as in the interface's tokens.
const DARK: Color = Color(0x0e, 0x0e, 0x12, 0xff);
const LIGHT: Color = Color(0xfb, 0xfa, 0xfc, 0xff);

/// A page that never reports itself loaded is shown all the same.
const SHOW_LATEST: Duration = Duration::from_secs(3);

/// Opens the window.
pub fn open(app: &App, facade: &Facade) -> Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == LABEL);
    let config = config.context("tauri.conf.json describes the main window")?;
    let links = app.handle().clone();
    let popups = app.handle().clone();
    let window = WebviewWindowBuilder::from_config(app.handle(), config)?
        .background_color(ground(facade))
        .on_navigation(move |url| is_own_page(url) || open_outside(&links, url))
        .on_new_window(move |url, _| {
            open_outside(&popups, &url);
            NewWindowResponse::Deny
        })
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished {
                show(&window);
            }
        })
        .build()?;
    async_runtime::spawn(async move {
        tokio::time::sleep(SHOW_LATEST).await;
        if !window.is_visible().unwrap_or(true) {
            show(&window);
        }
    });
    Ok(())
}

/// Brings the window to the front, wherever it was.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    show(&window);
    for done in [window.unminimize(), window.set_focus()] {
        if let Err(error) = done {
            warn!(%error, "the window cannot be raised");
        }
    }
}

fn show(window: &WebviewWindow) {
    if let Err(error) = window.show() {
        warn!(%error, "the window cannot be shown");
    }
}

fn ground(facade: &Facade) -> Color {
    let settings = async_runtime::block_on(facade.settings_view(ipc::SettingsGet {}));
    match settings.map(|view| view.settings.theme) {
        Ok(Theme::Light) => LIGHT,
        // The system's theme is known to the page only; dark is the gentler surprise.
        _ => DARK,
    }
}

/// Pages that came with the app. On Windows and Android, custom schemes are hosts.
fn is_own_page(url: &Url) -> bool {
    url.scheme() == "tauri" || (url.scheme() == "http" && url.host_str() == Some("tauri.localhost"))
}

/// Links to the web go to the browser, if they are safe to; the window never follows them.
fn open_outside(app: &AppHandle, url: &Url) -> bool {
    if url.scheme() == "https" {
        if let Err(error) = app.opener().open_url(url.as_str(), None::<&str>) {
            warn!(%error, "no browser opened the link");
        }
    } else {
        warn!(scheme = url.scheme(), "a link that is not https was refused");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_own_pages_stay_in_the_window() {
        let is_own = |url: &str| is_own_page(&url.parse().unwrap());
        assert!(is_own("tauri://localhost/"));
        assert!(is_own("http://tauri.localhost/library"));
        for url in [
            "https://tauri.localhost.example/",
            "http://localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
        ] {
            assert!(!is_own(url), "{url}");
        }
    }
}
