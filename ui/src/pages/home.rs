//! Where one starts: what was left off, what is new, what was played.

use std::time::Duration;

use ::ipc::{Context, HomeGet, HomePage as Home};
use domain::{Release, Track};
use leptos::{
    ev,
    prelude::{Track as _, *},
};

use crate::{
    format::greeting,
    icons::Glyph,
    parts::{
        cards::{ReleaseCard, Tile},
        states::{EmptyState, card_skeletons},
        tracks::{Columns, Table, TrackRow},
    },
    remote::{ask, show},
    route::{Link, Route, Tab},
    state::state,
};

/// How often a page in sight looks for what is new.
const LOOK_EVERY: Duration = Duration::from_mins(1);

const N_TILES: usize = 6;
const N_CARDS: usize = 12;
const N_PLAYED: usize = 8;

/// The home page.
#[component]
pub fn HomePage() -> impl IntoView {
    let state = state();
    let n_looks = looks();
    let source = ask(move || {
        n_looks.track();
        state.history_revision.track();
        // Coming back online may bring what was missing.
        state.is_online.track();
        HomeGet {}
    });
    let hour = js_sys::Date::new_0().get_hours();
    view! {
        <div class="page">
            <h1>{greeting(hour)}</h1>
            {show(source.settled(), skeleton, |home| view! { <Full home=home/> }.into_any())}
        </div>
    }
}

/// Rises when the page should look for what was imported meanwhile: once a minute while it can be
/// seen, and when the listener comes back to the window.
fn looks() -> RwSignal<u64> {
    let n_looks = RwSignal::new(0);
    let look = move || {
        if !document().hidden() {
            n_looks.update(|n| *n += 1);
        }
    };
    let focused = window_event_listener(ev::focus, move |_| look());
    let timer = set_interval_with_handle(look, LOOK_EVERY);
    on_cleanup(move || {
        focused.remove();
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
    n_looks
}

fn skeleton() -> AnyView {
    let tile = |_| view! { <div class="tile skeleton bone"></div> };
    view! {
        <div class="tiles" aria-hidden="true">{(0..N_TILES).map(tile).collect_view()}</div>
        <div class="section-head"><h2>"Recently added"</h2></div>
        {card_skeletons(N_CARDS)}
    }
    .into_any()
}

#[component]
fn Full(home: Home) -> impl IntoView {
    let Home { recently_added, recently_played, jump_back_in } = home;
    if recently_added.is_empty() && recently_played.is_empty() {
        return view! { <NoMusic/> }.into_any();
    }
    view! {
        {(!jump_back_in.is_empty()).then(|| view! { <JumpBackIn releases=jump_back_in/> })}
        {(!recently_added.is_empty()).then(|| view! { <RecentlyAdded releases=recently_added/> })}
        {(!recently_played.is_empty()).then(|| view! { <RecentlyPlayed tracks=recently_played/> })}
    }
    .into_any()
}

#[component]
fn JumpBackIn(releases: Vec<Release>) -> impl IntoView {
    let tiles = releases
        .into_iter()
        .take(N_TILES)
        .map(|release| view! { <Tile release=release/> })
        .collect_view();
    view! { <section class="tiles" aria-label="Jump back in">{tiles}</section> }
}

#[component]
fn RecentlyAdded(releases: Vec<Release>) -> impl IntoView {
    let cards = releases
        .into_iter()
        .take(N_CARDS)
        .map(|release| view! { <ReleaseCard release=release/> })
        .collect_view();
    view! {
        <section aria-labelledby="recently-added">
            <div class="section-head">
                <h2 id="recently-added">"Recently added"</h2>
                <Link to=Route::Library(Tab::Releases) class="text-button">"Show all"</Link>
            </div>
            <div class="card-grid">{cards}</div>
        </section>
    }
}

#[component]
fn RecentlyPlayed(tracks: Vec<Track>) -> impl IntoView {
    let n_tracks = tracks.len().min(N_PLAYED);
    let table = Table::new(tracks, Context::History).showing(Signal::stored(n_tracks));
    let rows = (0..n_tracks)
        .map(|idx| view! { <TrackRow table=table idx=idx columns=Columns::Mixed/> })
        .collect_view();
    view! {
        <section>
            <div class="section-head"><h2>"Recently played"</h2></div>
            <div
                class="table"
                role="grid"
                aria-label="Recently played"
                aria-multiselectable="true"
                on:keydown=move |event| table.on_key(&event)
            >
                {rows}
            </div>
        </section>
    }
}

/// A server without music: how to change that.
#[component]
fn NoMusic() -> impl IntoView {
    view! {
        <EmptyState icon=Glyph::Import title="No music yet">
            <p>"Import a folder on the machine the server runs on:"</p>
            <pre class="command"><code>"melodyud-server import /path/to/music"</code></pre>
            <p class="muted">"MP3, FLAC, Ogg Vorbis, Opus, AAC, ALAC, WAV and AIFF. What is imported appears here by itself."</p>
        </EmptyState>
    }
}
