//! The bar at the bottom: what plays, and everything one does with it.

use leptos::{ev, prelude::*};

use super::{
    device_button::DeviceButton,
    transport::{PlaybackNotice, QualityBadge, Scrubber, Transport, Volume},
};
use crate::{
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        cover::CoverImage,
        credits::Credits,
        drag::DROP,
        menu::{items::current_items, open_at},
    },
    route::{Link, Route, Router},
    state::state,
};

/// On a phone the same bar is the mini player: cover, title, play and next.
#[component]
pub fn PlayerBar() -> impl IntoView {
    let state = state();
    let router = expect_context::<Router>();
    let is_queue_open = Memo::new(move |_| state.settings.with(|view| view.settings.is_queue_open));
    view! {
        <section class="player-bar" aria-label="Now playing">
            <div class="bar-notice" role="status"><PlaybackNotice/></div>
            <MiniProgress/>
            <NowPlaying/>
            <div class="player-middle">
                <Transport/>
                <Scrubber/>
            </div>
            <div class="player-side">
                <QualityBadge/>
                <DeviceButton/>
                <button
                    class="icon-button toggle queue-button"
                    data-drop=DROP
                    aria-label="Queue"
                    aria-pressed=move || is_queue_open.get().to_string()
                    on:click=move |_| state.toggle_queue(router)
                >
                    <Icon icon=Glyph::ListMusic/>
                </button>
                <Volume/>
            </div>
        </section>
    }
}

/// Says what plays when that changes. It stands apart from the bar, which a phone hides while the
/// now-playing screen is open.
#[component]
pub fn Announcement() -> impl IntoView {
    let state = state();
    let spoken = move || {
        state.track.with(|track| {
            track.as_ref().map(|t| format!("{} by {}", t.title, domain::music::credit(&t.artists)))
        })
    };
    view! { <p class="unseen" role="status" aria-live="polite">{spoken}</p> }
}

/// Cover, title and artists of what plays.
#[component]
fn NowPlaying() -> impl IntoView {
    let state = state();
    let router = expect_context::<Router>();
    let overlays = expect_context::<Overlays>();
    let open_menu = move |event: ev::MouseEvent| {
        if let Some(track) = state.track.get_untracked() {
            open_at(overlays, &event, current_items(state, router, &track));
        }
    };
    let swipe_from = StoredValue::new(None::<i32>);
    let view_of = move || match state.track.get() {
        None => view! {
            <div class="now">
                <div class="cover"><Icon icon=Glyph::Music/></div>
                <p class="now-idle">"Nothing plays"</p>
            </div>
        }
        .into_any(),
        Some(track) => {
            let title = track.title.clone();
            view! {
                <div class="now">
                    <Link to=Route::Playing class="now-cover">
                        <CoverImage cover=track.cover.clone() size=56/>
                        <span class="unseen">"Open now playing"</span>
                    </Link>
                    <div class="now-names">
                        <Link to=Route::Release(track.release.id) class="now-title">
                            {track.title}
                        </Link>
                        <Credits artists=track.artists.clone()/>
                    </div>
                    <Link to=Route::Playing class="now-open">
                        <span class="unseen">{format!("{title}: open now playing")}</span>
                    </Link>
                </div>
            }
            .into_any()
        }
    };
    view! {
        <div
            class="now-area"
            on:contextmenu=open_menu
            on:pointerdown=move |event| swipe_from.set_value(Some(event.client_y()))
            on:pointermove=move |event| {
                let start = swipe_from.get_value();
                if event.pointer_type() == "touch" && start.is_some_and(|y| y - event.client_y() > 24) {
                    swipe_from.set_value(None);
                    router.go(Route::Playing);
                }
            }
            on:pointerup=move |_| swipe_from.set_value(None)
        >
            {view_of}
        </div>
    }
}

/// The thin line that stands for the scrubber on a phone.
#[component]
fn MiniProgress() -> impl IntoView {
    let state = state();
    let scale = move || {
        let duration_ms = state.player.with(|p| p.duration_ms).max(1);
        let fraction = state.clock.position_ms.get() as f64 / duration_ms as f64;
        format!("scaleX({fraction:.4})")
    };
    view! {
        <div class="mini-progress" aria-hidden="true"><div style:transform=scale></div></div>
    }
}
