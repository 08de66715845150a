//! The library: artists, releases and tracks, sorted, filtered, of any length.

use ::ipc::{ArtistList, Context, ListQuery, ReleaseList, Selection, Sort, TrackList};
use domain::{Artist, Release, Track};
use leptos::prelude::{Track as _, *};

use crate::{
    format::count,
    icons::{Glyph, Icon},
    parts::{
        cards::{ArtistCard, CARD_PX, ReleaseCard},
        rows::PAGE_ROWS,
        states::{
            EmptyState, ErrorState, card_skeleton, card_skeletons, list_head_skeleton,
            row_skeletons,
        },
        tracks::{Chosen, Columns, Table, TableHead, TrackRow},
        virtual_list::{Spot, VirtualList, focus_in_list},
    },
    route::{Link, MAIN, Route, Tab},
    shell::MainWidth,
    state::state,
};

mod ahead;
mod paged;

use ahead::Ahead;
use paged::Paged;

/// Height of a track row in CSS pixels, as the style sheet has it.
const ROW_PX: f64 = 56.0;
/// Room for title and subtitle under a cover, and the gap below.
const CARD_TEXT_PX: f64 = 76.0;
const GAP_PX: f64 = 20.0;
/// Below this width of the main column the page has less padding and smaller cards.
const NARROW_PX: f64 = 560.0;

/// How a tab of the library is sorted and filtered; kept while the app runs.
#[derive(Clone, Copy)]
pub struct Choice {
    pub sort: RwSignal<Sort>,
    pub is_descending: RwSignal<bool>,
    pub filter: RwSignal<String>,
}

impl Choice {
    pub fn new(sort: Sort, is_descending: bool) -> Self {
        Self {
            sort: RwSignal::new(sort),
            is_descending: RwSignal::new(is_descending),
            filter: RwSignal::default(),
        }
    }

    fn reset_to(self, fresh: Self) {
        self.sort.set(fresh.sort.get_untracked());
        self.is_descending.set(fresh.is_descending.get_untracked());
        self.filter.set(String::new());
    }

    fn query(self) -> ListQuery {
        ListQuery {
            sort: self.sort.get(),
            is_descending: self.is_descending.get(),
            filter: self.filter.get().trim().to_owned(),
            cursor: None,
            limit: PAGE_ROWS as u32,
        }
    }
}

/// The choices of all tabs.
#[derive(Clone, Copy)]
pub struct Choices {
    artists: Choice,
    releases: Choice,
    tracks: Choice,
}

impl Choices {
    pub fn new() -> Self {
        Self {
            artists: Choice::new(Sort::Name, false),
            releases: Choice::new(Sort::Added, true),
            tracks: Choice::new(Sort::Name, false),
        }
    }
}

impl Choices {
    /// As a first start has them.
    pub fn reset(self) {
        let fresh = Self::new();
        self.artists.reset_to(fresh.artists);
        self.releases.reset_to(fresh.releases);
        self.tracks.reset_to(fresh.tracks);
    }
}

/// The library page.
#[component]
pub fn LibraryPage(tab: Tab) -> impl IntoView {
    let choices = expect_context::<Choices>();
    let link = move |to: Tab, name: &'static str| {
        view! { <Link to=Route::Library(to) class="chip">{name}</Link> }
    };
    let (choice, sorts): (Choice, &'static [(Sort, &'static str)]) = match tab {
        Tab::Artists => (choices.artists, &[(Sort::Name, "Name"), (Sort::Added, "Date added")]),
        Tab::Releases => (
            choices.releases,
            &[
                (Sort::Added, "Date added"),
                (Sort::Name, "Title"),
                (Sort::Artist, "Artist"),
                (Sort::Date, "Release date"),
            ],
        ),
        Tab::Tracks => (
            choices.tracks,
            &[
                (Sort::Name, "Title"),
                (Sort::Artist, "Artist"),
                (Sort::Release, "Release"),
                (Sort::Duration, "Duration"),
                (Sort::Plays, "Plays"),
                (Sort::Added, "Date added"),
            ],
        ),
    };
    let list = match tab {
        Tab::Artists => view! { <Artists choice=choice/> }.into_any(),
        Tab::Releases => view! { <Releases choice=choice/> }.into_any(),
        Tab::Tracks => view! { <Tracks choice=choice/> }.into_any(),
    };
    view! {
        <div class="page library">
            <h1>"Library"</h1>
            <div class="library-bar">
                <nav class="chips" aria-label="Library">
                    {link(Tab::Releases, "Releases")}
                    {link(Tab::Artists, "Artists")}
                    {link(Tab::Tracks, "Tracks")}
                </nav>
                <span class="spacer"></span>
                <Controls choice=choice sorts=sorts/>
            </div>
            {list}
        </div>
    }
}

/// Filter, sort and direction.
#[component]
fn Controls(choice: Choice, sorts: &'static [(Sort, &'static str)]) -> impl IntoView {
    let Choice { sort, is_descending, filter } = choice;
    let options = sorts
        .iter()
        .enumerate()
        .map(|(idx, (value, name))| {
            view! { <option value=idx selected=sort.get_untracked() == *value>{*name}</option> }
        })
        .collect_view();
    let choose = move |value: String| {
        let chosen = value.parse::<usize>().ok().and_then(|idx| sorts.get(idx));
        if let Some((value, _)) = chosen {
            sort.set(*value);
        }
    };
    let direction = move || if is_descending.get() { "Descending" } else { "Ascending" };
    view! {
        <div class="library-controls">
            <div class="search-field">
                <Icon icon=Glyph::Search/>
                <input
                    type="search"
                    name="filter"
                    placeholder="Filter"
                    aria-label="Filter"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="200"
                    prop:value=filter
                    on:input:target=move |event| filter.set(event.target().value())
                />
            </div>
            <label class="select">
                <span class="unseen">"Sort by"</span>
                <select name="sort" on:change:target=move |event| choose(event.target().value())>
                    {options}
                </select>
                <Icon icon=Glyph::ChevronDown/>
            </label>
            <button
                class="icon-button"
                aria-label=move || format!("{}: change direction", direction())
                title=direction
                on:click=move |_| is_descending.update(|is| *is = !*is)
            >
                {move || {
                    let icon = if is_descending.get() { Glyph::ArrowDown } else { Glyph::ArrowUp };
                    view! { <Icon icon=icon/> }
                }}
            </button>
        </div>
    }
}

#[component]
fn Tracks(choice: Choice) -> impl IntoView {
    let paged = Paged::<Track>::new(move || choice.query(), |query| TrackList { query });
    let state = state();
    let table = Table::of_library(paged.rows, Callback::new(move |idx| paged.query_from(idx)));
    let ahead =
        Ahead::new(paged, choice, Callback::new(move |idx| table.go_to(idx)), |track, sort| {
            match sort {
                Sort::Name => Some(track.title.clone()),
                Sort::Artist => track.artists.first().map(|artist| artist.name.clone()),
                Sort::Release => Some(track.release.title.clone()),
                _ => None,
            }
        });
    Effect::new(move |_| {
        paged.epoch.track();
        table.selected.set(Chosen::default());
        table.focused.set(0);
    });
    let row = Callback::new(move |idx| {
        view! { <TrackRow table=table idx=idx columns=Columns::Mixed/> }.into_any()
    });
    let list = move || {
        view! {
            <div class="list-head">
                <p class="count" role="status">
                    {move || ahead.said().unwrap_or_else(|| count(paged.total.get() as u64, "track"))}
                </p>
                <button
                    class="text-button"
                    on:click=move |_| {
                        if let Some(query) = paged.query_from(0) {
                            state.play_shuffled(Context::Library, Selection::Library { query });
                        }
                    }
                >
                    <Icon icon=Glyph::Shuffle/>
                    "Shuffle all"
                </button>
            </div>
            <div
                class="table"
                role="grid"
                aria-label="Tracks"
                aria-multiselectable="true"
                aria-rowcount=move || paged.total.get() + 1
                on:keydown=move |event| table.on_key(&event)
            >
                <TableHead columns=Columns::Mixed/>
                <VirtualList
                    n_rows=paged.total
                    row_px=Signal::stored(ROW_PX)
                    on_want=Callback::new(move |idx| paged.want(idx))
                    row=row
                    drawn=table.drawn
                />
            </div>
        }
        .into_any()
    };
    listed(paged, choice, tracks_skeleton, list)
}

#[component]
fn Releases(choice: Choice) -> impl IntoView {
    let paged = Paged::<Release>::new(move || choice.query(), |query| ReleaseList { query });
    let card = |release: Release| view! { <ReleaseCard release=release/> }.into_any();
    let name = |release: &Release, sort: Sort| match sort {
        Sort::Name => Some(release.title.clone()),
        Sort::Artist => release.artists.first().map(|artist| artist.name.clone()),
        _ => None,
    };
    listed(paged, choice, cards_skeleton, move || grid(paged, choice, "release", card, name))
}

#[component]
fn Artists(choice: Choice) -> impl IntoView {
    let paged = Paged::<Artist>::new(move || choice.query(), |query| ArtistList { query });
    let card = |artist: Artist| view! { <ArtistCard artist=artist/> }.into_any();
    let name = |artist: &Artist, sort: Sort| (sort == Sort::Name).then(|| artist.name.clone());
    listed(paged, choice, cards_skeleton, move || grid(paged, choice, "artist", card, name))
}

fn tracks_skeleton() -> AnyView {
    view! {
        {list_head_skeleton()}
        <div class="table" aria-hidden="true">
            <TableHead columns=Columns::Mixed/>
            {row_skeletons(10)}
        </div>
    }
    .into_any()
}

fn cards_skeleton() -> AnyView {
    view! {
        {list_head_skeleton()}
        {card_skeletons(18)}
    }
    .into_any()
}

/// The list in the state it is in.
fn listed<T: Clone + PartialEq + Send + Sync + 'static>(
    paged: Paged<T>,
    choice: Choice,
    skeleton: impl Fn() -> AnyView + Send + Sync + 'static,
    list: impl Fn() -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let is_filtered = Memo::new(move |_| choice.filter.with(|f| !f.trim().is_empty()));
    let face = Memo::new(move |_| paged.face());
    move || match face.get() {
        paged::Face::Loading => skeleton(),
        paged::Face::Failed(fault) => {
            let retry = Callback::new(move |()| paged.retry());
            view! { <ErrorState fault=fault on_retry=retry/> }.into_any()
        }
        paged::Face::Empty if is_filtered.get() => view! {
            <EmptyState icon=Glyph::Search title="Nothing matches">
                <p>"Try fewer words."</p>
            </EmptyState>
        }
        .into_any(),
        paged::Face::Empty => view! {
            <EmptyState icon=Glyph::Library title="Your library is empty">
                <p>"Import a folder on the machine the server runs on:"</p>
                <pre class="command"><code>"melodyud-server import /path/to/music"</code></pre>
            </EmptyState>
        }
        .into_any(),
        paged::Face::Full => list(),
    }
}

/// Cards in rows, only those in sight.
fn grid<T: Clone + PartialEq + Send + Sync + 'static>(
    paged: Paged<T>,
    choice: Choice,
    noun: &'static str,
    card: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    name: fn(&T, Sort) -> Option<String>,
) -> AnyView {
    let width = expect_context::<MainWidth>().0;
    // The page's padding, as the style sheet has it.
    let inner_px = Memo::new(move |_| {
        let width = width.get();
        width - if width < NARROW_PX { 32.0 } else { 56.0 }
    });
    let n_columns = Memo::new(move |_| {
        let wish = if width.get() < NARROW_PX { 140.0 } else { f64::from(CARD_PX) - 20.0 };
        (((inner_px.get() + GAP_PX) / (wish + GAP_PX)) as usize).max(2)
    });
    let row_px = Memo::new(move |_| {
        let n_columns = n_columns.get() as f64;
        ((inner_px.get() - GAP_PX * (n_columns - 1.0)) / n_columns).max(80.0) + CARD_TEXT_PX
    });
    let n_rows = Memo::new(move |_| paged.total.get().div_ceil(n_columns.get()));
    let row = Callback::new(move |row_idx: usize| {
        let cells = move || {
            let n_columns = n_columns.get();
            let first = row_idx * n_columns;
            (first..(first + n_columns).min(paged.total.get()))
                .map(|idx| {
                    let item = Memo::new(move |_| paged.rows.with(|rows| rows.get(idx).cloned()));
                    view! {
                        <div class="card-cell" data-card=idx>
                            {move || item.get().map_or_else(card_skeleton, card)}
                        </div>
                    }
                })
                .collect_view()
        };
        view! {
            <div
                class="card-row"
                style:grid-template-columns=move || {
                    format!("repeat({}, minmax(0, 1fr))", n_columns.get())
                }
            >
                {cells}
            </div>
        }
        .into_any()
    });
    let want = Callback::new(move |row_idx| paged.want(row_idx * n_columns.get_untracked()));
    let go_to = Callback::new(move |idx: usize| {
        let Some(main) = document().get_element_by_id(MAIN) else { return };
        let row_idx = idx / n_columns.get_untracked().max(1);
        let spot = Spot { list_idx: 0, row_idx, n_rows: n_rows.get_untracked() };
        focus_in_list(main, format!("[data-card='{idx}'] .card-title"), spot, || true);
    });
    let ahead = Ahead::new(paged, choice, go_to, name);
    view! {
        <div class="list-head">
            <p class="count" role="status">
                {move || ahead.said().unwrap_or_else(|| count(paged.total.get() as u64, noun))}
            </p>
        </div>
        <VirtualList n_rows=n_rows row_px=row_px on_want=want row=row/>
    }
    .into_any()
}
