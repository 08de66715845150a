//! Search from anywhere: type, choose with the arrows, Enter.

use ::ipc::{Context, Search, SearchPage, Selection, TopKind};
use domain::{Cover, music::credit};
use leptos::{ev, html, prelude::*};

use super::dialog::DialogBox;
use crate::{
    icons::{Glyph, Icon},
    overlay::Overlays,
    pages::search::{Highlight, LastQuery},
    parts::{cover::CoverImage, states::ErrorState},
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
    let last_query = expect_context::<LastQuery>().0;
    let close = move || overlays.dialog.set(None);
    let choices = Memo::new_with_compare(
        move |_| match source.answer.get() {
            Remote::Ready(page) => {
                let words = page.query.clone();
                choices_of(&page, last_query, move |run| {
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
    // Enter was pressed before the answer to what is typed had come.
    let is_entered = RwSignal::new(false);
    let run_choice = move |idx: usize| {
        if let Some(run) = choices.with_untracked(|all| all.get(idx).map(|c| c.run)) {
            run.run(());
        }
    };
    let enter = move || {
        if source.is_asking.get_untracked() {
            is_entered.set(true);
        } else {
            run_choice(chosen.get_untracked());
        }
    };
    Effect::new(move |_| {
        choices.track();
        chosen.set(0);
    });
    Effect::new(move |_| {
        if !source.is_asking.get() && is_entered.get_untracked() {
            is_entered.set(false);
            run_choice(0);
        }
    });
    Effect::new(move |_| show_choice(chosen.get()));
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let n_choices = choices.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|idx| *idx = (*idx + 1) % n_choices),
            "ArrowUp" => chosen.update(|idx| *idx = (*idx + n_choices - 1) % n_choices),
            "Enter" if !event.is_composing() => enter(),
            _ => return,
        }
        event.prevent_default();
    };
    let found = move || match source.answer.get() {
        Remote::Failed(fault) => view! {
            <ErrorState fault=fault on_retry=Callback::new(move |()| source.retry())/>
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
                    aria-activedescendant=move || {
                        choices
                            .with(|all| !all.is_empty())
                            .then(|| format!("choice-{}", chosen.get()))
                    }
                    prop:value=query
                    on:input:target=move |event| {
                        is_entered.set(false);
                        query.set(event.target().value());
                    }
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
            <Show when=move || source.is_asking.get()>
                <div class="busy" aria-hidden="true"></div>
            </Show>
            {found}
        </DialogBox>
    }
}

#[component]
fn Choices(choices: Vec<Choice>, chosen: RwSignal<usize>) -> impl IntoView {
    let mut group = "";
    let pointer = StoredValue::new(None::<(i32, i32)>);
    let rows = choices
        .into_iter()
        .enumerate()
        .map(|(idx, choice)| {
            let heading = (choice.group != group && !choice.group.is_empty()).then_some(choice.group);
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
                    on:pointermove=move |event| {
                        // A list that scrolls under a resting pointer chooses nothing.
                        let at = (event.client_x(), event.client_y());
                        let was_at = pointer.try_update_value(|was| was.replace(at)).flatten();
                        if was_at.is_some_and(|was_at| was_at != at) {
                            chosen.set(idx);
                        }
                    }
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
        title: plain(words.clone()),
        subtitle: String::new(),
        cover: None,
        is_round: false,
        run: Callback::new(move |()| query.set(words.clone())),
    }
}

type Run = Box<dyn Fn(crate::state::State, Router) + Send + Sync>;

/// The hits in the order they are shown: the best one first.
fn choices_of(
    page: &SearchPage,
    last_query: RwSignal<String>,
    callback: impl Fn(Run) -> Callback<()>,
) -> Vec<Choice> {
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
    if !choices.is_empty() {
        let words = page.query.clone();
        choices.push(Choice {
            group: "",
            title: plain(format!("All results for “{words}”")),
            subtitle: String::new(),
            cover: None,
            is_round: false,
            run: callback(Box::new(move |_, router| {
                last_query.set(words.clone());
                router.go(Route::Search);
            })),
        });
    }
    choices
}

fn plain(text: String) -> Vec<::ipc::Span> {
    vec![::ipc::Span { text, is_match: false }]
}

/// Scrolls to what the arrow keys chose, once it is drawn.
fn show_choice(idx: usize) {
    request_animation_frame(move || {
        if let Some(choice) = document().get_element_by_id(&format!("choice-{idx}")) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            choice.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}
