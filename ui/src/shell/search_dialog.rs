//! Search from anywhere: type, choose with the arrows, Enter.

use ::ipc::{Context, Search, SearchPage, Selection, TopKind};
use domain::{Cover, music::credit};
use leptos::{ev, html, prelude::*};

use super::dialog::DialogBox;
use crate::{
    icons::{Glyph, Icon},
    overlay::Overlays,
    pages::search::Highlight,
    parts::cover::CoverImage,
    recent::Recent,
    remote::{Remote, ask_if},
    route::{Route, Router},
    state::state,
};

/// Hits of each group; more are on the search page.
const HITS_PER_GROUP: usize = 4;

/// One line that can be chosen.
#[derive(Clone)]
struct Choice {
    group: &'static str,
    title: Vec<::ipc::Span>,
    subtitle: String,
    cover: Option<Cover>,
    is_round: bool,
    run: Callback<()>,
}

/// The dialog behind Ctrl+K.
#[component]
pub fn SearchDialog() -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let query = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();
    let source = ask_if(move || {
        let query = query.get().trim().to_owned();
        (!query.is_empty()).then_some(Search { query, limit: 8 })
    });
    let recent = expect_context::<Recent>();
    let close = move || overlays.dialog.set(None);
    let choices = Memo::new_with_compare(
        move |_| match source.answer.get() {
            Remote::Ready(page) => {
                let words = page.query.clone();
                choices_of(&page, move |run| {
                    let words = words.clone();
                    Callback::new(move |()| {
                        recent.add(&words);
                        close();
                        run(state, router);
                    })
                })
            }
            Remote::Empty => recent
                .queries
                .with(|queries| queries.iter().map(|words| again(words.clone(), query)).collect()),
            _ => Vec::new(),
        },
        |_, _| true,
    );
    Effect::new(move |_| {
        choices.track();
        chosen.set(0);
    });
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let n_choices = choices.with(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|idx| *idx = (*idx + 1) % n_choices),
            "ArrowUp" => chosen.update(|idx| *idx = (*idx + n_choices - 1) % n_choices),
            "Enter" if !event.is_composing() => {
                let run = choices.with(|all| all.get(chosen.get_untracked()).map(|c| c.run));
                if let Some(run) = run {
                    run.run(());
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let found = move || match source.answer.get() {
        Remote::Failed(fault) => view! {
            <p class="search-message" role="alert">{format!("{} {}", fault.message, fault.hint)}</p>
        }
        .into_any(),
        Remote::Ready(page) if choices.with(Vec::is_empty) => view! {
            <p class="search-message">{format!("Nothing found for “{}”", page.query)}</p>
        }
        .into_any(),
        Remote::Ready(_) => view! { <Choices choices=choices.get() chosen=chosen/> }.into_any(),
        Remote::Empty if choices.with(|all| !all.is_empty()) => view! {
            <Choices choices=choices.get() chosen=chosen/>
            <button class="text-button recent-forget" on:click=move |_| recent.forget()>
                "Forget recent searches"
            </button>
        }
        .into_any(),
        Remote::Empty => view! {
            <p class="search-message">"Find tracks, artists and releases. Typos are fine."</p>
        }
        .into_any(),
        Remote::Loading => ().into_any(),
    };
    view! {
        <DialogBox label="Search" class="search-dialog">
            <div class="search-field">
                <Icon icon=Glyph::Search/>
                <input
                    node_ref=input
                    type="text"
                    name="search"
                    placeholder="Search tracks, artists, releases"
                    role="combobox"
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="200"
                    aria-label="Search"
                    aria-expanded=move || choices.with(|all| !all.is_empty()).to_string()
                    aria-controls="search-choices"
                    aria-activedescendant=move || format!("choice-{}", chosen.get())
                    prop:value=query
                    on:input:target=move |event| query.set(event.target().value())
                    on:keydown=on_key
                />
                <button
                    type="button"
                    class="search-close"
                    aria-label="Esc, close"
                    on:click=move |_| close()
                >
                    <Icon icon=Glyph::X/>
                    <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            </div>
            {found}
        </DialogBox>
    }
}

#[component]
fn Choices(choices: Vec<Choice>, chosen: RwSignal<usize>) -> impl IntoView {
    let mut group = "";
    let rows = choices
        .into_iter()
        .enumerate()
        .map(|(idx, choice)| {
            let heading = (choice.group != group).then_some(choice.group);
            group = choice.group;
            let run = choice.run;
            view! {
                {heading.map(|heading| view! {
                    <li class="search-group" role="presentation">{heading}</li>
                })}
                <li
                    id=format!("choice-{idx}")
                    class="search-choice"
                    role="option"
                    aria-selected=move || (chosen.get() == idx).to_string()
                    on:pointermove=move |_| if chosen.get_untracked() != idx { chosen.set(idx) }
                    on:click=move |_| run.run(())
                >
                    {if choice.subtitle.is_empty() {
                        view! { <Icon icon=Glyph::Search/> }.into_any()
                    } else {
                        view! {
                            <CoverImage
                                cover=choice.cover
                                size=40
                                class=if choice.is_round { "round" } else { "" }
                                fallback=if choice.is_round { Glyph::MicVocal } else { Glyph::Disc3 }
                            />
                        }
                        .into_any()
                    }}
                    <div class="track-names">
                        <span class="track-name"><Highlight spans=choice.title/></span>
                        <span class="muted">{choice.subtitle}</span>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! { <ul id="search-choices" class="search-choices" role="listbox" aria-label="Results">{rows}</ul> }
}

/// A query of before, to be searched again.
fn again(words: String, query: RwSignal<String>) -> Choice {
    Choice {
        group: "Recent searches",
        title: vec![::ipc::Span { text: words.clone(), is_match: false }],
        subtitle: String::new(),
        cover: None,
        is_round: false,
        run: Callback::new(move |()| query.set(words.clone())),
    }
}

type Run = Box<dyn Fn(crate::state::State, Router) + Send + Sync>;

/// The hits in the order they are shown: the best one first.
fn choices_of(page: &SearchPage, callback: impl Fn(Run) -> Callback<()>) -> Vec<Choice> {
    let tracks = page.tracks.iter().take(HITS_PER_GROUP).map(|hit| {
        let track = &hit.item;
        let (id, query) = (track.id, page.query.clone());
        let ids = page.tracks.iter().map(|hit| hit.item.id).collect::<Vec<_>>();
        Choice {
            group: "Tracks",
            title: hit.highlight.clone(),
            subtitle: format!("{} · {}", credit(&track.artists), track.release.title),
            cover: track.cover.clone(),
            is_round: false,
            run: callback(Box::new(move |state, _| {
                let context = Context::Search { query: query.clone() };
                state.play(context, Selection::Tracks { ids: ids.clone() }, Some(id));
            })),
        }
    });
    let artists = page.artists.iter().take(HITS_PER_GROUP).map(|hit| {
        let id = hit.item.id;
        Choice {
            group: "Artists",
            title: hit.highlight.clone(),
            subtitle: crate::format::count(u64::from(hit.item.n_tracks), "track"),
            cover: hit.item.cover.clone(),
            is_round: true,
            run: callback(Box::new(move |_, router| router.go(Route::Artist(id)))),
        }
    });
    let releases = page.releases.iter().take(HITS_PER_GROUP).map(|hit| {
        let id = hit.item.id;
        Choice {
            group: "Releases",
            title: hit.highlight.clone(),
            subtitle: credit(&hit.item.artists),
            cover: hit.item.cover.clone(),
            is_round: false,
            run: callback(Box::new(move |_, router| router.go(Route::Release(id)))),
        }
    });
    let mut choices: Vec<Choice> = tracks.chain(artists).chain(releases).collect();
    let top_group = page.top.map(|top| match top {
        TopKind::Track => "Tracks",
        TopKind::Artist => "Artists",
        TopKind::Release => "Releases",
    });
    if let Some(idx) = choices.iter().position(|choice| Some(choice.group) == top_group) {
        let mut top = choices.remove(idx);
        top.group = "Top result";
        choices.insert(0, top);
    }
    choices
}
