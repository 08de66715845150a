//! What plays now, large, in the colour of its cover.

use ::ipc::Context;
use domain::Track;
use leptos::{ev, prelude::*};

use crate::{
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        cover::CoverImage,
        credits::Credits,
        menu::{items::current_items, open_at},
        states::EmptyState,
    },
    route::{Link, Route, Router},
    shell::{
        Ambient,
        transport::{PlaybackNotice, QualityBadge, Scrubber, Transport},
    },
    state::state,
};

/// The now-playing screen; it covers all of a phone.
#[component]
pub fn PlayingPage() -> impl IntoView {
    let state = state();
    move || match state.track.get() {
        Some(track) => view! { <Full track=track/> }.into_any(),
        None => view! {
            <div class="page">
                <EmptyState icon=Glyph::Music title="Nothing plays">
                    <p>"Choose something and it shows up here."</p>
                    <Link to=Route::Home class="button">"Go home"</Link>
                </EmptyState>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn Full(track: Track) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    expect_context::<Ambient>().tint(track.cover.as_ref());
    let source = Memo::new(move |_| state.player.with(|p| p.context.as_ref().map(source_of)));
    let open_menu = {
        let track = track.clone();
        move |event: ev::MouseEvent| {
            open_at(overlays, &event, current_items(state, router, &track));
        }
    };
    let open_menu_too = open_menu.clone();
    let swipe_from = StoredValue::new(None::<i32>);
    view! {
        <div class="playing" on:contextmenu=open_menu_too>
            <header
                class="playing-head"
                on:pointerdown=move |event| swipe_from.set_value(Some(event.client_y()))
                on:pointermove=move |event| {
                    let start = swipe_from.get_value();
                    let is_down = start.is_some_and(|y| event.client_y() - y > 24);
                    if event.pointer_type() == "touch" && is_down {
                        swipe_from.set_value(None);
                        router.back();
                    }
                }
                on:pointerup=move |_| swipe_from.set_value(None)
            >
                <button class="icon-button large" aria-label="Close" on:click=move |_| router.back()>
                    <Icon icon=Glyph::ChevronDown/>
                </button>
                <div class="playing-from">
                    {move || source.get().map(|(kind, name)| view! {
                        <span>{kind}</span>
                        <strong>{name}</strong>
                    })}
                </div>
                <button
                    class="icon-button large"
                    aria-haspopup="menu"
                    aria-label=format!("More about {}", track.title)
                    on:click=open_menu
                >
                    <Icon icon=Glyph::Ellipsis/>
                </button>
            </header>
            <div class="playing-body">
                <CoverImage cover=track.cover.clone() size=560 class="playing-cover"/>
                <div class="playing-side">
                    <div class="playing-names">
                        <h1>
                            <Link to=Route::Release(track.release.id)>{track.title.clone()}</Link>
                        </h1>
                        <p><Credits artists=track.artists.clone()/></p>
                    </div>
                    <div class="playing-controls">
                        <Scrubber/>
                        <Transport/>
                    </div>
                    <div class="playing-foot">
                        <QualityBadge/>
                        <PlaybackNotice/>
                        <Link to=Route::Queue class="icon-button large">
                            <Icon icon=Glyph::ListMusic/>
                            <span class="unseen">"Queue"</span>
                        </Link>
                    </div>
                </div>
            </div>
        </div>
    }
}

fn source_of(context: &Context) -> (&'static str, String) {
    match context {
        Context::Release { title, .. } => ("Playing from release", title.clone()),
        Context::Artist { name, .. } => ("Playing from artist", name.clone()),
        Context::Search { query } => ("Playing from search", format!("“{query}”")),
        Context::Library => ("Playing from", "Your library".to_owned()),
        Context::History => ("Playing from", "Recently played".to_owned()),
        Context::Queue => ("Playing from", "Your queue".to_owned()),
    }
}
