//! Releases and artists as cards, and tiles to jump back in.

use ::ipc::{Context, Selection};
use domain::{Artist, Release, music::ReleaseKind};
use leptos::{ev, prelude::*};

use crate::{
    format::{count, year},
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        cover::CoverImage,
        credits::Credits,
        drag::Drags,
        menu::{
            items::{artist_card_items, release_items},
            open_at,
        },
    },
    route::{Link, Route, Router},
    state::state,
};

/// Cards are about this wide; as many as fit stand in a row.
pub const CARD_PX: u32 = 180;

/// A release: cover with a play button, title, year and artists.
#[component]
pub fn ReleaseCard(
    release: Release,
    /// On an artist's page the kind tells more than the name.
    #[prop(optional)]
    is_by_known_artist: bool,
) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let (id, title) = (release.id, release.title.clone());
    let play = {
        let context = Context::Release { id, title: title.clone() };
        move |event: ev::MouseEvent| {
            event.stop_propagation();
            state.play(context.clone(), Selection::Release { id }, None);
        }
    };
    let subtitle = if is_by_known_artist {
        let parts = [year(release.date.as_deref()), Some(kind_name(release.kind).to_owned())];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ").into_any()
    } else {
        view! { <Credits artists=release.artists.clone()/> }.into_any()
    };
    let open_menu = {
        let release = release.clone();
        move |event: ev::MouseEvent| {
            open_at(overlays, &event, release_items(state, router, &release));
        }
    };
    let drags = expect_context::<Drags>();
    let (n_tracks, name) = (u64::from(release.n_tracks), title.clone());
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, Selection::Release { id }, n_tracks, name.clone());
    };
    view! {
        <article class="card" on:contextmenu=open_menu on:pointerdown=grab>
            <div class="card-cover">
                <CoverImage cover=release.cover.clone() size=CARD_PX/>
                <button class="play-button floating" aria-label=format!("Play {title}") on:click=play>
                    <Icon icon=Glyph::Play/>
                </button>
            </div>
            <Link to=Route::Release(id) class="card-title stretched">{title.clone()}</Link>
            <p class="card-subtitle">{subtitle}</p>
        </article>
    }
}

/// An artist: round picture and name.
#[component]
pub fn ArtistCard(artist: Artist) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let (id, name) = (artist.id, artist.name.clone());
    let play = {
        let context = Context::Artist { id, name: name.clone() };
        move |event: ev::MouseEvent| {
            event.stop_propagation();
            state.play(context.clone(), Selection::Artist { id }, None);
        }
    };
    let (drags, n_tracks, label) =
        (expect_context::<Drags>(), u64::from(artist.n_tracks), name.clone());
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, Selection::Artist { id }, n_tracks, label.clone());
    };
    let open_menu = {
        let artist = artist.clone();
        move |event: ev::MouseEvent| {
            open_at(overlays, &event, artist_card_items(state, router, &artist));
        }
    };
    view! {
        <article class="card round" on:contextmenu=open_menu on:pointerdown=grab>
            <div class="card-cover">
                <CoverImage cover=artist.cover size=CARD_PX fallback=Glyph::MicVocal/>
                <button class="play-button floating" aria-label=format!("Play {name}") on:click=play>
                    <Icon icon=Glyph::Play/>
                </button>
            </div>
            <Link to=Route::Artist(id) class="card-title stretched">{name.clone()}</Link>
            <p class="card-subtitle">{count(u64::from(artist.n_tracks), "track")}</p>
        </article>
    }
}

/// A release as a wide tile: one click further where listening was left off.
#[component]
pub fn Tile(release: Release) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let (id, title) = (release.id, release.title.clone());
    let context = Context::Release { id, title: title.clone() };
    let label = format!("Play {title}");
    let play = move |_| state.play(context.clone(), Selection::Release { id }, None);
    let cover = release.cover.clone();
    let drags = expect_context::<Drags>();
    let (n_tracks, name) = (u64::from(release.n_tracks), title.clone());
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, Selection::Release { id }, n_tracks, name.clone());
    };
    let open_menu = move |event: ev::MouseEvent| {
        open_at(overlays, &event, release_items(state, router, &release));
    };
    view! {
        <article class="tile" on:contextmenu=open_menu on:pointerdown=grab>
            <CoverImage cover=cover size=64/>
            <Link to=Route::Release(id) class="tile-title stretched">{title}</Link>
            <button class="play-button small" aria-label=label on:click=play>
                <Icon icon=Glyph::Play/>
            </button>
        </article>
    }
}

pub const fn kind_name(kind: ReleaseKind) -> &'static str {
    match kind {
        ReleaseKind::Album => "Album",
        ReleaseKind::Ep => "EP",
        ReleaseKind::Single => "Single",
        ReleaseKind::Compilation => "Compilation",
    }
}
