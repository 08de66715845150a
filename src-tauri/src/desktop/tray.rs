//! The tray: show and hide, play and pause, next, quit.

use commands::Facade;
use tauri::{
    App, AppHandle, Manager, Result, async_runtime,
    menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem},
    tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent},
};

use super::call;
use crate::window;

pub fn set_up(app: &App, facade: &Facade) -> Result<()> {
    let item = |id, text| MenuItem::with_id(app, id, text, true, None::<&str>);
    let toggle = item("toggle", "Play")?;
    let menu = Menu::with_items(
        app,
        &[
            &item("window", "Show or hide")?,
            &PredefinedMenuItem::separator(app)?,
            &toggle,
            &item("next", "Next")?,
            &PredefinedMenuItem::separator(app)?,
            &item("quit", "Quit")?,
        ],
    )?;
    let mut tray = TrayIconBuilder::with_id("tray")
        .menu(&menu)
        .show_menu_on_left_click(false)
        .tooltip("MelodyUD")
        .on_menu_event(on_menu)
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                window::raise(tray.app_handle());
            }
        });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app)?;
    async_runtime::spawn(follow(facade.clone(), toggle));
    Ok(())
}

fn on_menu(app: &AppHandle, event: MenuEvent) {
    let facade = app.state::<Facade>().inner().clone();
    match event.id().as_ref() {
        "window" => show_or_hide(app),
        "toggle" => call(async move { facade.player_toggle(ipc::PlayerToggle {}).await }),
        "next" => call(async move { facade.player_next(ipc::PlayerNext {}).await }),
        "quit" => app.exit(0),
        _ => {}
    }
}

fn show_or_hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(window::LABEL) else { return };
    if window.is_visible().unwrap_or(false) && window.hide().is_ok() {
        return;
    }
    window::raise(app);
}

/// Keeps the menu's word for play or pause true.
async fn follow(facade: Facade, toggle: MenuItem<tauri::Wry>) {
    let mut events = facade.subscribe();
    let mut is_playing = false;
    loop {
        let view = match events.recv().await {
            Ok(ipc::Event::Player(view)) => view,
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        };
        let plays = matches!(view.playback, ipc::Playback::Playing | ipc::Playback::Buffering);
        if plays != is_playing && toggle.set_text(if plays { "Pause" } else { "Play" }).is_ok() {
            is_playing = plays;
        }
    }
}
