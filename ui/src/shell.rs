//! What stands around the screens.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::{
    busy::Busy,
    focus::rescue_focus,
    overlay::{Dialog, Overlays},
    pages::{
        artist::ArtistPage, compliance::CompliancePage, home::HomePage, library::LibraryPage,
        playing::PlayingPage, queue::QueuePage, release::ReleasePage, search::SearchPage,
        settings::SettingsPage, unknown::UnknownPage,
    },
    parts::drag::Drags,
    route::{MAIN, Route, Router, set_title},
    state::state,
};

mod account_menu;
mod device_button;
mod dialog;
mod passphrase;
mod player_bar;
pub mod queue_list;
mod queue_panel;
mod rail;
mod search_dialog;
mod shortcuts_dialog;
mod step_up_browser;
mod step_up_dialog;
mod topbar;
pub mod transport;

/// Width of the main column in CSS pixels, for lists that lay themselves out.
#[derive(Clone, Copy)]
pub struct MainWidth(pub RwSignal<f64>);

/// The colour behind the page, from the cover it is about.
#[derive(Clone, Copy)]
pub struct Ambient(RwSignal<Option<String>>);

impl Ambient {
    /// Tints the main column as long as the caller's page is there.
    pub fn tint(self, cover: Option<&domain::Cover>) {
        let colour = cover.map(|cover| cover.colour.clone());
        self.0.set(colour.clone());
        on_cleanup(move || {
            // The next page may have set its own by now.
            if self.0.with_untracked(|now| *now == colour) {
                self.0.set(None);
            }
        });
    }
}

/// The app of somebody who is signed in.
#[component]
pub fn Shell() -> impl IntoView {
    let state = state();
    let router = expect_context::<Router>();
    let main = NodeRef::<html::Main>::new();
    let width = MainWidth(RwSignal::new(0.0));
    provide_context(width);
    watch_width(main, width);
    let ambient = Ambient(RwSignal::new(None));
    provide_context(ambient);
    let drags = expect_context::<Drags>();
    let is_scrolled = RwSignal::new(false);
    let on_scroll = move |_| {
        let is_now = main.get_untracked().is_some_and(|main| main.scroll_top() > 24);
        if is_scrolled.get_untracked() != is_now {
            is_scrolled.set(is_now);
        }
    };
    let skip = move |event: ev::MouseEvent| {
        // The fragment would count as a place of its own.
        event.prevent_default();
        if let Some(main) = main.get_untracked() {
            let _ = main.focus();
        }
    };
    let busy = expect_context::<Busy>();
    Effect::new(move |_| {
        set_title(router.route.get().name());
        // What was followed to here may be gone with its page.
        rescue_focus(None);
    });
    let is_queue_open = Memo::new(move |_| state.settings.with(|view| view.settings.is_queue_open));
    let is_playing_page = Memo::new(move |_| router.route.with(|r| *r == Route::Playing));
    view! {
        <div class="app" class:with-panel=is_queue_open class:on-playing=is_playing_page class:dragging=move || drags.is_moving()>
            <a class="skip-link" href="#main" on:click=skip>"Skip to content"</a>
            <rail::Rail/>
            <main id=MAIN node_ref=main tabindex="-1" aria-busy=move || busy.is_on().to_string() class:scrolled=is_scrolled class:tinted=move || ambient.0.with(Option::is_some) style=("--ambient", move || ambient.0.get()) on:scroll=on_scroll>
                <topbar::Topbar/>
                <Page/>
            </main>
            <Show when=move || is_queue_open.get()>
                <queue_panel::QueuePanel/>
            </Show>
            <player_bar::PlayerBar/>
            <rail::Tabs/>
            <player_bar::Announcement/>
        </div>
    }
}

/// The screen of the current route.
#[component]
fn Page() -> impl IntoView {
    let router = expect_context::<Router>();
    move || match router.route.get() {
        Route::Home => view! { <HomePage/> }.into_any(),
        Route::Search => view! { <SearchPage/> }.into_any(),
        Route::Library(tab) => view! { <LibraryPage tab=tab/> }.into_any(),
        Route::Release(id) => view! { <ReleasePage id=id/> }.into_any(),
        Route::Artist(id) => view! { <ArtistPage id=id/> }.into_any(),
        Route::Queue => view! { <QueuePage/> }.into_any(),
        Route::Playing => view! { <PlayingPage/> }.into_any(),
        Route::Settings(section) => view! { <SettingsPage section=section/> }.into_any(),
        Route::Compliance(desk) => view! { <CompliancePage desk=desk/> }.into_any(),
        Route::Unknown => view! { <UnknownPage/> }.into_any(),
    }
}

/// The open dialog, if any.
#[component]
pub fn Dialogs() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    move || match overlays.dialog.get() {
        Some(Dialog::Search) => view! { <search_dialog::SearchDialog/> }.into_any(),
        Some(Dialog::Shortcuts) => view! { <shortcuts_dialog::ShortcutsDialog/> }.into_any(),
        Some(Dialog::Passphrase) => view! { <passphrase::PassphraseDialog/> }.into_any(),
        Some(Dialog::StepUp) => view! { <step_up_dialog::StepUpDialog/> }.into_any(),
        None => ().into_any(),
    }
}

fn watch_width(main: NodeRef<html::Main>, width: MainWidth) {
    let on_resize = Closure::<dyn Fn()>::new(move || {
        if let Some(main) = main.get_untracked() {
            let now = f64::from(main.client_width());
            if (width.0.get_untracked() - now).abs() > 0.5 {
                width.0.set(now);
            }
        }
    });
    let observer = web_sys::ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
    let held = StoredValue::new_local((observer, on_resize));
    Effect::new(move |_| {
        if let Some(main) = main.get() {
            width.0.set(f64::from(main.client_width()));
            held.with_value(|(observer, _)| {
                if let Some(observer) = observer {
                    observer.observe(&main);
                }
            });
        }
    });
    on_cleanup(move || {
        held.try_with_value(|(observer, _)| {
            if let Some(observer) = observer {
                observer.disconnect();
            }
        });
    });
}
