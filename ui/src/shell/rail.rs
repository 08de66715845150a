//! The ways to the main screens: a rail on the left, tabs at the bottom of a phone.

use domain::Permission;
use leptos::prelude::*;

use crate::{
    icons::{Glyph, Icon},
    route::{Desk, Link, Route, Router, Tab},
    state::state,
};

const PLACES: [(&str, Glyph, Route); 3] = [
    ("Home", Glyph::House, Route::Home),
    ("Search", Glyph::Search, Route::Search),
    ("Library", Glyph::Library, Route::Library(Tab::Releases)),
];

/// Areas of some roles, with what it takes to see them.
const AREAS: [(Permission, &str, Glyph, Route); 1] =
    [(Permission::HandleCases, "Compliance", Glyph::ShieldCheck, Route::Compliance(Desk::Cases))];

/// The rail of wide windows; icons alone where it is narrow.
#[component]
pub fn Rail() -> impl IntoView {
    view! {
        <nav class="rail" aria-label="Main">
            <div class="rail-inner">
                <div class="brand">
                    <span class="brand-mark" aria-hidden="true"></span>
                    <span class="brand-name">"MelodyUD"</span>
                </div>
                <Places class="rail-link"/>
                <Areas/>
                <div class="rail-foot">
                    <OfflineBadge/>
                </div>
            </div>
        </nav>
    }
}

/// Says that the server does not answer: a state, not an error.
#[component]
pub fn OfflineBadge() -> impl IntoView {
    let state = state();
    view! {
        <Show when=move || !state.is_online.get()>
            <p class="offline-badge" role="status">
                <Icon icon=Glyph::CloudOff/>
                <span>"Offline"</span>
            </p>
        </Show>
    }
}

/// The tabs of a phone.
#[component]
pub fn Tabs() -> impl IntoView {
    view! { <nav class="tabs" aria-label="Main tabs"><Places class="tab"/></nav> }
}

#[component]
fn Places(class: &'static str) -> impl IntoView {
    PLACES
        .into_iter()
        .map(|(name, icon, route)| view! { <Place name=name icon=icon route=route class=class/> })
        .collect_view()
}

/// What is there for whom it belongs to. On a phone the account's menu leads there.
#[component]
fn Areas() -> impl IntoView {
    let state = state();
    AREAS
        .into_iter()
        .map(|(permission, name, icon, route)| {
            let may = Memo::new(move |_| state.may(permission));
            view! {
                <Show when=move || may.get()>
                    <Place name=name icon=icon route=route.clone() class="rail-link"/>
                </Show>
            }
        })
        .collect_view()
}

#[component]
fn Place(name: &'static str, icon: Glyph, route: Route, class: &'static str) -> impl IntoView {
    let router = expect_context::<Router>();
    let here = route.clone();
    let is_here = Memo::new(move |_| {
        router.route.with(|now| match now {
            Route::Library(_) => matches!(here, Route::Library(_)),
            Route::Compliance(_) => matches!(here, Route::Compliance(_)),
            now => *now == here,
        })
    });
    view! {
        <div class="place" class:here=is_here>
            <Link to=route class=class>
                <Icon icon=icon/>
                <span>{name}</span>
            </Link>
        </div>
    }
}
