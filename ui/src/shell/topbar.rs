//! Back, forward, search and account.

use leptos::prelude::*;

use super::{account_menu::AccountButton, rail::OfflineBadge};
use crate::{
    busy::Busy,
    icons::{Glyph, Icon},
    keys::{Action, shown},
    overlay::{Dialog, Overlays},
    route::{Route, Router},
    state::state,
};

/// Stands at the top of the main column and stays there.
#[component]
pub fn Topbar() -> impl IntoView {
    let router = expect_context::<Router>();
    let overlays = expect_context::<Overlays>();
    let (state, busy) = (state(), expect_context::<Busy>());
    let search_key =
        move || state.settings.with(|view| shown(&Action::Search.key(&view.settings.shortcuts)));
    // That page has a field of its own.
    let is_search_page = Memo::new(move |_| router.route.with(|route| *route == Route::Search));
    view! {
        <header class="topbar">
            <div class="topbar-inner">
                <button
                    class="icon-button"
                    aria-label="Back"
                    disabled=move || !router.has_back()
                    on:click=move |_| router.back()
                >
                    <Icon icon=Glyph::ChevronLeft/>
                </button>
                <button
                    class="icon-button"
                    aria-label="Forward"
                    disabled=move || !router.has_forward()
                    on:click=move |_| router.forward()
                >
                    <Icon icon=Glyph::ChevronRight/>
                </button>
                <Show when=move || !is_search_page.get()>
                <button
                    class="search-button"
                    aria-haspopup="dialog"
                    on:click=move |_| overlays.dialog.set(Some(Dialog::Search))
                >
                    <Icon icon=Glyph::Search/>
                    <span>"Search tracks, artists, releases"</span>
                    <kbd aria-hidden="true">{search_key}</kbd>
                </button>
                </Show>
                <span class="spacer"></span>
                <OfflineBadge/>
                <AccountButton/>
            </div>
            <Show when=move || busy.is_on()>
                <div class="busy" aria-hidden="true"></div>
            </Show>
        </header>
    }
}
