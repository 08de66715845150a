//! Search as a screen: one field, and everything found, grouped.

use ::ipc::{Context, Hit, Search, SearchPage as Found, Span, TopKind};
use domain::Track;
use leptos::{html, prelude::*};

use crate::{
    icons::{Glyph, Icon},
    parts::{
        cards::{ArtistCard, ReleaseCard},
        states::{EmptyState, row_skeletons},
        tracks::{Columns, Table, TrackRow},
    },
    remote::{Remote, ask_if, show},
};

mod top;

use top::{TopArtist, TopRelease, TopTrack};

const HITS_MAX: u32 = 20;
const N_CARDS: usize = 6;
const N_TRACKS: usize = 8;

/// What was searched last, so that coming back shows it again.
#[derive(Clone, Copy)]
pub struct LastQuery(pub RwSignal<String>);

/// The search page.
#[component]
pub fn SearchPage() -> impl IntoView {
    let query = expect_context::<LastQuery>().0;
    let input = NodeRef::<html::Input>::new();
    let source = ask_if(move || {
        let query = query.get().trim().to_owned();
        (!query.is_empty()).then_some(Search { query, limit: HITS_MAX })
    });
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let is_idle = Memo::new(move |_| source.answer.with(|a| matches!(a, Remote::Empty)));
    view! {
        <div class="page search-page">
            <h1 class="unseen">"Search"</h1>
            <div class="search-field large" role="search">
                <Icon icon=Glyph::Search/>
                <input
                    node_ref=input
                    type="search"
                    name="search"
                    placeholder="What do you want to hear?"
                    aria-label="Search tracks, artists, releases"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="200"
                    prop:value=query
                    on:input:target=move |event| query.set(event.target().value())
                />
            </div>
            <Show when=move || is_idle.get()>
                <EmptyState icon=Glyph::Search title="Search your library">
                    <p>"Tracks, artists and releases, as you type. Typos are fine."</p>
                </EmptyState>
            </Show>
            {show(source, || row_skeletons(6), |found| view! { <Groups found=found/> }.into_any())}
        </div>
    }
}

#[component]
fn Groups(found: Found) -> impl IntoView {
    let Found { query, top, tracks, artists, releases } = found;
    let Some(top) = top else {
        return view! {
            <EmptyState icon=Glyph::Search title=format!("Nothing found for “{query}”")>
                <p>"Check the spelling, or try fewer words."</p>
            </EmptyState>
        }
        .into_any();
    };
    let top_card = match top {
        TopKind::Track => {
            let ids: Vec<_> = tracks.iter().map(|hit| hit.item.id).collect();
            let query = query.clone();
            tracks
                .first()
                .map(|hit| view! { <TopTrack hit=hit.clone() ids=ids query=query/> }.into_any())
        }
        TopKind::Artist => {
            artists.first().map(|hit| view! { <TopArtist hit=hit.clone()/> }.into_any())
        }
        TopKind::Release => {
            releases.first().map(|hit| view! { <TopRelease hit=hit.clone()/> }.into_any())
        }
    };
    let cards = |cards: Vec<AnyView>, title: &'static str| {
        (!cards.is_empty()).then(|| {
            view! {
                <section>
                    <div class="section-head"><h2>{title}</h2></div>
                    <div class="card-grid">{cards}</div>
                </section>
            }
        })
    };
    let artists = artists
        .into_iter()
        .take(N_CARDS)
        .map(|hit| view! { <ArtistCard artist=hit.item/> }.into_any())
        .collect();
    let releases = releases
        .into_iter()
        .take(N_CARDS)
        .map(|hit| view! { <ReleaseCard release=hit.item/> }.into_any())
        .collect();
    view! {
        <p class="unseen" role="status">{format!("Results for {query}")}</p>
        <div class="search-top">
            <section>
                <div class="section-head"><h2>"Top result"</h2></div>
                {top_card}
            </section>
            {(!tracks.is_empty()).then(|| view! { <Tracks hits=tracks query=query/> })}
        </div>
        {cards(artists, "Artists")}
        {cards(releases, "Releases")}
    }
    .into_any()
}

#[component]
fn Tracks(hits: Vec<Hit<Track>>, query: String) -> impl IntoView {
    let n_tracks = hits.len().min(N_TRACKS);
    let tracks = hits.into_iter().map(|hit| hit.item).collect::<Vec<_>>();
    let table = Table::new(tracks, Context::Search { query }).showing(Signal::stored(n_tracks));
    let rows = (0..n_tracks)
        .map(|idx| view! { <TrackRow table=table idx=idx columns=Columns::Short/> })
        .collect_view();
    view! {
        <section>
            <div class="section-head"><h2>"Tracks"</h2></div>
            <div
                class="table"
                role="grid"
                aria-label="Tracks"
                aria-multiselectable="true"
                on:keydown=move |event| table.on_key(&event)
            >
                {rows}
            </div>
        </section>
    }
}

/// Text with what matched set off.
#[component]
pub fn Highlight(spans: Vec<Span>) -> impl IntoView {
    spans
        .into_iter()
        .map(|span| {
            if span.is_match {
                view! { <mark>{span.text}</mark> }.into_any()
            } else {
                span.text.into_any()
            }
        })
        .collect_view()
}
