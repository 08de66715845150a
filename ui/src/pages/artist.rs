//! An artist: what is played most, and everything they made.

use ::ipc::{ArtistGet, ArtistPage as Page, Context, Selection};
use domain::{ArtistId, Release, Track};
use leptos::{ev, prelude::*};

use super::release::title_class;
use crate::{
    format::count,
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        cards::ReleaseCard,
        cover::CoverImage,
        drag::Drags,
        menu::{items::artist_items_here, open_at},
        states::{card_skeletons, row_skeletons},
        tracks::{Columns, Table, TrackRow},
    },
    remote::{ask, show_page},
    route::set_title,
    shell::Ambient,
    state::state,
};

/// Top tracks shown before one asks for more.
const N_TOP: usize = 5;

/// The page of an artist.
#[component]
pub fn ArtistPage(id: ArtistId) -> impl IntoView {
    let source = ask(move || ArtistGet { id });
    show_page(source, skeleton, |page| view! { <Full page=page/> }.into_any())
}

fn skeleton() -> AnyView {
    view! {
        <div class="page on-cover" aria-busy="true">
            <div class="hero skeleton">
                <div class="cover hero-cover round bone"></div>
                <div class="hero-text">
                    <div class="bone line short"></div>
                    <div class="bone title"></div>
                </div>
            </div>
            <div class="actions"></div>
            {row_skeletons(N_TOP)}
            {card_skeletons(6)}
        </div>
    }
    .into_any()
}

#[component]
fn Full(page: Page) -> impl IntoView {
    let state = state();
    let (overlays, drags) = (expect_context::<Overlays>(), expect_context::<Drags>());
    let Page { artist, top_tracks, releases, appears_on } = page;
    let (id, name) = (artist.id, artist.name.clone());
    set_title(&name);
    expect_context::<Ambient>().tint(artist.cover.as_ref());
    let context = StoredValue::new(Context::Artist { id, name: name.clone() });
    let facts = format!(
        "{} · {}",
        count(u64::from(artist.n_releases), "release"),
        count(u64::from(artist.n_tracks), "track"),
    );
    let (n_tracks, label) = (u64::from(artist.n_tracks), name.clone());
    let grab = move |event: ev::PointerEvent| {
        drags.press(&event, Selection::Artist { id }, n_tracks, label.clone());
    };
    let cover = artist.cover.clone();
    let open_menu = move |event: ev::MouseEvent| {
        open_at(overlays, &event, artist_items_here(state, &artist));
    };
    let open_menu_too = open_menu.clone();
    view! {
        <div class="page on-cover">
            <header class="hero" on:contextmenu=open_menu on:pointerdown=grab>
                <CoverImage
                    cover=cover
                    size=232
                    class="hero-cover round"
                    fallback=Glyph::MicVocal
                />
                <div class="hero-text">
                    <p class="hero-kind">"Artist"</p>
                    <h1 class=title_class(&name)>{name.clone()}</h1>
                    <p class="hero-facts">{facts}</p>
                </div>
            </header>
            <div class="actions">
                <button
                    class="play-button main"
                    aria-label=format!("Play {name}")
                    on:click=move |_| state.play(context.get_value(), Selection::Artist { id }, None)
                >
                    <Icon icon=Glyph::Play/>
                </button>
                <button
                    class="icon-button large"
                    aria-label=format!("Shuffle {name}")
                    on:click=move |_| {
                        state.play_shuffled(context.get_value(), Selection::Artist { id });
                    }
                >
                    <Icon icon=Glyph::Shuffle/>
                </button>
                <button
                    class="icon-button large"
                    aria-haspopup="menu"
                    aria-label=format!("More about {name}")
                    on:click=open_menu_too
                >
                    <Icon icon=Glyph::Ellipsis/>
                </button>
            </div>
            {(!top_tracks.is_empty()).then(|| view! {
                <TopTracks tracks=top_tracks context=context.get_value()/>
            })}
            <Releases title="Releases" releases=releases/>
            <Releases title="Appears on" releases=appears_on is_others=true/>
        </div>
    }
}

#[component]
fn TopTracks(tracks: Vec<Track>, context: Context) -> impl IntoView {
    let n_tracks = tracks.len();
    let is_long = RwSignal::new(false);
    let n_shown = Memo::new(move |_| if is_long.get() { n_tracks } else { n_tracks.min(N_TOP) });
    let table = Table::new(tracks, context).showing(n_shown);
    view! {
        <section>
            <div class="section-head"><h2>"Top tracks"</h2></div>
            <div
                class="table"
                role="grid"
                aria-label="Top tracks"
                aria-multiselectable="true"
                on:keydown=move |event| table.on_key(&event)
            >
                <For each=move || 0..n_shown.get() key=|idx| *idx let:idx>
                    <TrackRow table=table idx=idx columns=Columns::Mixed/>
                </For>
            </div>
            {(n_tracks > N_TOP).then(|| view! {
                <button
                    class="text-button"
                    aria-expanded=move || is_long.get().to_string()
                    on:click=move |_| is_long.update(|long| *long = !*long)
                >
                    {move || if is_long.get() { "Show fewer" } else { "Show all" }}
                </button>
            })}
        </section>
    }
}

#[component]
fn Releases(
    title: &'static str,
    releases: Vec<Release>,
    /// By others, so that the credit matters more than the kind.
    #[prop(optional)]
    is_others: bool,
) -> impl IntoView {
    (!releases.is_empty()).then(|| {
        let cards = releases
            .into_iter()
            .map(|release| {
                view! { <ReleaseCard release=release is_by_known_artist=!is_others/> }
            })
            .collect_view();
        view! {
            <section>
                <div class="section-head"><h2>{title}</h2></div>
                <div class="card-grid">{cards}</div>
            </section>
        }
    })
}
