//! A release: its cover's colour, its tracks.

use std::collections::BTreeSet;

use ::ipc::{Context, ReleaseGet, ReleasePage as Page, Selection};
use domain::{Release, ReleaseId, Track};
use leptos::{ev, prelude::*};

use crate::{
    format::{count, length, year},
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        cards::kind_name,
        cover::CoverImage,
        credits::Credits,
        drag::Drags,
        menu::{items::release_items, open_at},
        states::{EmptyState, row_skeletons},
        tracks::{Columns, Table, TableHead, TrackRow},
    },
    remote::{ask, show_page},
    route::{Router, set_title},
    shell::Ambient,
    state::state,
};

/// The page of a release.
#[component]
pub fn ReleasePage(id: ReleaseId) -> impl IntoView {
    let source = ask(move || ReleaseGet { id });
    show_page(source, skeleton, |page| view! { <Full page=page/> }.into_any())
}

fn skeleton() -> AnyView {
    view! {
        <div class="page on-cover" aria-busy="true">
            <div class="hero skeleton">
                <div class="cover hero-cover bone"></div>
                <div class="hero-text">
                    <div class="bone line short"></div>
                    <div class="bone title"></div>
                    <div class="bone line"></div>
                </div>
            </div>
            <div class="actions"></div>
            <div class="table" aria-hidden="true">
                <TableHead columns=Columns::Release/>
                {row_skeletons(8)}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Full(page: Page) -> impl IntoView {
    let Page { release, tracks } = page;
    set_title(&release.title);
    expect_context::<Ambient>().tint(release.cover.as_ref());
    let context = Context::Release { id: release.id, title: release.title.clone() };
    let is_empty = tracks.is_empty();
    view! {
        <div class="page on-cover">
            <Hero release=release.clone()/>
            <Actions release=release/>
            {if is_empty {
                view! {
                    <EmptyState icon=Glyph::Disc3 title="No tracks">
                        <p>"The files of this release are gone from the server."</p>
                    </EmptyState>
                }
                .into_any()
            } else {
                view! { <Tracks tracks=tracks context=context/> }.into_any()
            }}
        </div>
    }
}

#[component]
fn Hero(release: Release) -> impl IntoView {
    let facts = [
        year(release.date.as_deref()),
        Some(count(u64::from(release.n_tracks), "track")),
        Some(length(release.duration_ms)),
    ];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let genres = release.genres.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let (state, router) = (state(), expect_context::<Router>());
    let (overlays, drags) = (expect_context::<Overlays>(), expect_context::<Drags>());
    let (id, n_tracks) = (release.id, u64::from(release.n_tracks));
    let name = release.title.clone();
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, Selection::Release { id }, n_tracks, name.clone());
    };
    let open_menu = {
        let release = release.clone();
        move |event: ev::MouseEvent| {
            open_at(overlays, &event, release_items(state, router, &release));
        }
    };
    view! {
        <header class="hero" on:contextmenu=open_menu on:pointerdown=grab>
            <CoverImage cover=release.cover.clone() size=232 class="hero-cover"/>
            <div class="hero-text">
                <p class="hero-kind">{kind_name(release.kind)}</p>
                <h1 class=title_class(&release.title)>{release.title.clone()}</h1>
                <p class="hero-facts">
                    <strong><Credits artists=release.artists.clone()/></strong>
                    <span>{facts}</span>
                </p>
                {(!genres.is_empty()).then(|| view! { <p class="hero-facts">{genres}</p> })}
            </div>
        </header>
    }
}

/// Long titles are set smaller, so that they keep to two lines.
pub fn title_class(title: &str) -> &'static str {
    if title.chars().count() > 32 { "hero-title long" } else { "hero-title" }
}

#[component]
fn Actions(release: Release) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let id = release.id;
    let context = StoredValue::new(Context::Release { id, title: release.title.clone() });
    let title = release.title.clone();
    view! {
        <div class="actions">
            <button
                class="play-button main"
                aria-label=format!("Play {title}")
                on:click=move |_| state.play(context.get_value(), Selection::Release { id }, None)
            >
                <Icon icon=Glyph::Play/>
            </button>
            <button
                class="icon-button large"
                aria-label=format!("Shuffle {title}")
                on:click=move |_| state.play_shuffled(context.get_value(), Selection::Release { id })
            >
                <Icon icon=Glyph::Shuffle/>
            </button>
            <button
                class="icon-button large"
                aria-haspopup="menu"
                aria-label=format!("More about {title}")
                on:click=move |event: ev::MouseEvent| {
                    open_at(overlays, &event, release_items(state, router, &release));
                }
            >
                <Icon icon=Glyph::Ellipsis/>
            </button>
        </div>
    }
}

#[component]
fn Tracks(tracks: Vec<Track>, context: Context) -> impl IntoView {
    let discs: BTreeSet<u32> = tracks.iter().map(|track| track.disc_number).collect();
    let n_discs = discs.len();
    let mut last_disc = 0;
    let headed: Vec<(usize, Option<u32>)> = tracks
        .iter()
        .enumerate()
        .map(|(idx, track)| {
            let is_new = track.disc_number != last_disc;
            last_disc = track.disc_number;
            (idx, (is_new && n_discs > 1).then_some(track.disc_number))
        })
        .collect();
    let table = Table::new(tracks, context);
    let rows = headed
        .into_iter()
        .map(|(idx, disc)| {
            view! {
                {disc.map(|disc| view! {
                    <div role="row" class="disc">
                        <div role="gridcell"><Icon icon=Glyph::Disc3/>{format!("Disc {disc}")}</div>
                    </div>
                })}
                <TrackRow table=table idx=idx columns=Columns::Release/>
            }
        })
        .collect_view();
    view! {
        <div
            class="table"
            role="grid"
            aria-label="Tracks"
            aria-multiselectable="true"
            on:keydown=move |event| table.on_key(&event)
        >
            <TableHead columns=Columns::Release/>
            {rows}
        </div>
    }
}
