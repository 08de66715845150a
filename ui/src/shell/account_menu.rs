//! Who is signed in, and the way out.

use domain::Permission;
use leptos::{ev, prelude::*};

use crate::{
    icons::Glyph,
    overlay::{Dialog, MenuItem, Overlays},
    parts::{avatar::AvatarFace, menu::open_at},
    route::{Desk, Route, Router, Section},
    state::state,
};

/// The round button with the picture, or the first letter of the name.
#[component]
pub fn AccountButton() -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let name = Memo::new(move |_| {
        state.session.with(|session| {
            session
                .as_ref()
                .and_then(|session| session.account.as_ref())
                .map(|account| account.display_name.clone())
                .unwrap_or_default()
        })
    });
    let open = move |event: ev::MouseEvent| {
        let mut items = vec![
            MenuItem::new("Account", Glyph::User, move || {
                router.go(Route::Settings(Section::Account));
            }),
            MenuItem::new("Settings", Glyph::Settings, move || {
                router.go(Route::Settings(Section::App));
            }),
            MenuItem::new("Keyboard shortcuts", Glyph::Keyboard, move || {
                overlays.dialog.set(Some(Dialog::Shortcuts));
            }),
            MenuItem::new("Sign out", Glyph::LogOut, move || state.sign_out(router)),
        ];
        if untrack(|| state.may(Permission::HandleCases)) {
            let compliance = MenuItem::new("Compliance", Glyph::ShieldCheck, move || {
                router.go(Route::Compliance(Desk::Cases));
            });
            items.insert(2, compliance);
        }
        open_at(overlays, &event, items);
    };
    view! {
        <button
            class="avatar"
            aria-haspopup="menu"
            aria-label=move || format!("Account of {}", name.get())
            on:click=open
        >
            <AvatarFace/>
        </button>
    }
}
