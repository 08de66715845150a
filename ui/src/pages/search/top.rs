//! The best hit, large: it opens, plays, drags and has its menu as any card.

use ::ipc::{Context, Hit, Selection};
use domain::{Artist, Cover, Release, Track, TrackId};
use leptos::{ev, prelude::*};

use super::Highlight;
use crate::{
    icons::{Glyph, Icon},
    overlay::{MenuItem, Overlays},
    parts::{
        cover::CoverImage,
        credits::Credits,
        drag::Drags,
        menu::{
            items::{artist_card_items, release_items, track_items},
            open_at,
        },
    },
    route::{Link, Route, Router},
    state::state,
};

/// A track; it plays with the other hits after it.
#[component]
pub fn TopTrack(hit: Hit<Track>, ids: Vec<TrackId>, query: String) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let track = hit.item;
    let id = track.id;
    let play = Callback::new(move |()| {
        let context = Context::Search { query: query.clone() };
        state.play(context, Selection::Tracks { ids: ids.clone() }, Some(id));
    });
    let about = track.clone();
    let menu = Callback::new(move |()| track_items(state, router, &about, move || play.run(())));
    view! {
        <Top
            cover=track.cover
            to=Route::Release(track.release.id)
            hit=Hit { item: track.title, highlight: hit.highlight }
            drag=(Selection::Tracks { ids: vec![id] }, 1)
            play=play
            menu=menu
        >
            "Track · " <Credits artists=track.artists/>
        </Top>
    }
}

/// An artist.
#[component]
pub fn TopArtist(hit: Hit<Artist>) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let artist = hit.item;
    let (id, name) = (artist.id, artist.name.clone());
    let play = Callback::new(move |()| {
        let context = Context::Artist { id, name: name.clone() };
        state.play(context, Selection::Artist { id }, None);
    });
    let about = artist.clone();
    view! {
        <Top
            cover=artist.cover
            is_round=true
            to=Route::Artist(id)
            hit=Hit { item: artist.name, highlight: hit.highlight }
            drag=(Selection::Artist { id }, u64::from(artist.n_tracks))
            play=play
            menu=Callback::new(move |()| artist_card_items(state, router, &about))
        >
            "Artist"
        </Top>
    }
}

/// A release.
#[component]
pub fn TopRelease(hit: Hit<Release>) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let release = hit.item;
    let (id, title) = (release.id, release.title.clone());
    let play = Callback::new(move |()| {
        let context = Context::Release { id, title: title.clone() };
        state.play(context, Selection::Release { id }, None);
    });
    let about = release.clone();
    view! {
        <Top
            cover=release.cover
            to=Route::Release(id)
            hit=Hit { item: release.title, highlight: hit.highlight }
            drag=(Selection::Release { id }, u64::from(release.n_tracks))
            play=play
            menu=Callback::new(move |()| release_items(state, router, &about))
        >
            "Release · " <Credits artists=release.artists/>
        </Top>
    }
}

#[component]
fn Top(
    cover: Option<Cover>,
    /// An artist's picture.
    #[prop(optional)]
    is_round: bool,
    /// Where a click leads.
    to: Route,
    /// Its name.
    hit: Hit<String>,
    /// What a drag takes, and how many tracks that is.
    drag: (Selection, u64),
    play: Callback<()>,
    menu: Callback<(), Vec<MenuItem>>,
    /// The line below the name.
    children: Children,
) -> impl IntoView {
    let (overlays, drags) = (expect_context::<Overlays>(), expect_context::<Drags>());
    let Hit { item: name, highlight } = hit;
    let label = format!("Play {name}");
    let (selection, n_tracks) = drag;
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, selection.clone(), n_tracks, name.clone());
    };
    let open_menu = move |event: ev::MouseEvent| open_at(overlays, &event, menu.run(()));
    view! {
        <article class="top-result" on:contextmenu=open_menu on:pointerdown=grab>
            <CoverImage
                cover=cover
                size=120
                class=if is_round { "round" } else { "" }
                fallback=if is_round { Glyph::MicVocal } else { Glyph::Disc3 }
            />
            <Link to=to class="top-title stretched"><Highlight spans=highlight/></Link>
            <p>{children()}</p>
            <button class="play-button" aria-label=label on:click=move |_| play.run(())>
                <Icon icon=Glyph::Play/>
            </button>
        </article>
    }
}
