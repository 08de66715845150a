//! The context menu: the same by right click, long press, the `…` button and Shift+F10.

use ::ipc::{Placement, Selection};
use domain::{Artist, ArtistRef, Release, Track};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    icons::{Glyph, Icon},
    overlay::{Menu, MenuItem, Overlays},
    route::{Route, Router},
    state::State,
};

/// Keeps the menu this far from the window's edges.
const MARGIN_PX: i32 = 8;

/// The open menu, if any. Focus goes into it and back to where it was.
#[component]
pub fn MenuLayer() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    move || overlays.menu.get().map(|menu| view! { <MenuBox menu=menu/> })
}

#[component]
fn MenuBox(menu: Menu) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let list = NodeRef::<html::Div>::new();
    let before = focused();
    let before = StoredValue::new_local(before);
    let place = RwSignal::new((menu.x, menu.y));
    let close = move || {
        overlays.menu.set(None);
        if let Some(element) = before.try_with_value(Clone::clone).flatten() {
            // An element that is gone takes no focus.
            let _ = element.focus();
        }
    };
    Effect::new(move |_| {
        if let Some(list) = list.get() {
            let rect = list.get_bounding_client_rect();
            let limit =
                |edge: Option<f64>, size: f64| (edge.unwrap_or_default() - size) as i32 - MARGIN_PX;
            let width = window().inner_width().ok().and_then(|w| w.as_f64());
            let height = window().inner_height().ok().and_then(|h| h.as_f64());
            place.update(|(x, y)| {
                *x = (*x).min(limit(width, rect.width())).max(MARGIN_PX);
                *y = (*y).min(limit(height, rect.height())).max(MARGIN_PX);
            });
            focus_item(&list, 0);
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        event.stop_propagation();
        let Some(list) = list.get_untracked() else { return };
        let (n_items, now) = (list.child_element_count(), focused_idx(&list));
        match event.key().as_str() {
            "ArrowDown" => focus_item(&list, (now + 1) % n_items.max(1)),
            "ArrowUp" => focus_item(&list, (now + n_items.max(1) - 1) % n_items.max(1)),
            "Home" => focus_item(&list, 0),
            "End" => focus_item(&list, n_items.saturating_sub(1)),
            "Escape" | "Tab" => close(),
            _ => return,
        }
        event.prevent_default();
    };
    let items = menu.items.into_iter().map(|item| {
        let run = move |_| {
            close();
            item.run.run(());
        };
        view! {
            <button class="menu-item" role="menuitem" tabindex="-1" on:click=run>
                <Icon icon=item.icon/>
                {item.label}
            </button>
        }
    });
    view! {
        <div
            class="menu-backdrop"
            on:pointerdown=move |_| close()
            on:contextmenu=move |event| event.prevent_default()
        ></div>
        <div
            node_ref=list
            class="menu"
            role="menu"
            style:left=move || format!("{}px", place.get().0)
            style:top=move || format!("{}px", place.get().1)
            on:keydown=on_key
        >
            {items.collect_view()}
        </div>
    }
}

fn focused() -> Option<web_sys::HtmlElement> {
    document().active_element().and_then(|element| element.dyn_into().ok())
}

fn focused_idx(list: &web_sys::Element) -> u32 {
    let active = document().active_element();
    let children = list.children();
    (0..children.length()).find(|idx| children.item(*idx) == active).unwrap_or(0)
}

fn focus_item(list: &web_sys::Element, idx: u32) {
    if let Some(item) =
        list.children().item(idx).and_then(|i| i.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = item.focus();
    }
}

/// Opens a menu where the pointer is, or under the control that has the focus.
pub fn open_at(overlays: Overlays, event: &ev::MouseEvent, items: Vec<MenuItem>) {
    event.prevent_default();
    event.stop_propagation();
    let is_by_keyboard = event.client_x() == 0 && event.client_y() == 0 || event.detail() == 0;
    let below = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .map(|element| element.get_bounding_client_rect());
    let (x, y) = match below {
        Some(rect) if is_by_keyboard && event.type_() != "contextmenu" => {
            (rect.left() as i32, rect.bottom() as i32 + 4)
        }
        _ => (event.client_x(), event.client_y()),
    };
    overlays.menu.set(Some(Menu { x, y, items }));
}

/// What can be done with tracks.
pub fn track_items(
    state: State,
    router: Router,
    tracks: &[Track],
    play: impl Fn() + Send + Sync + 'static,
) -> Vec<MenuItem> {
    let ids = tracks.iter().map(|track| track.id).collect::<Vec<_>>();
    let selection = Selection::Tracks { ids };
    let mut items = vec![MenuItem::new("Play", Glyph::Play, play)];
    items.extend(queue_items(state, selection, tracks.len() as u64));
    if let [track] = tracks {
        items.extend(artist_items(router, &track.artists));
        let release = Route::Release(track.release.id);
        items
            .push(MenuItem::new("Go to release", Glyph::Disc3, move || router.go(release.clone())));
    }
    items
}

/// What can be done with a release.
pub fn release_items(state: State, router: Router, release: &Release) -> Vec<MenuItem> {
    let id = release.id;
    let context = ::ipc::Context::Release { id, title: release.title.clone() };
    let shuffled = context.clone();
    let mut items = vec![
        MenuItem::new("Play", Glyph::Play, move || {
            state.play(context.clone(), Selection::Release { id }, None);
        }),
        MenuItem::new("Shuffle", Glyph::Shuffle, move || {
            state.play_shuffled(shuffled.clone(), Selection::Release { id });
        }),
    ];
    items.extend(queue_items(state, Selection::Release { id }, u64::from(release.n_tracks)));
    items.extend(artist_items(router, &release.artists));
    items
}

/// What can be done with an artist.
pub fn artist_card_items(state: State, router: Router, artist: &Artist) -> Vec<MenuItem> {
    let id = artist.id;
    let context = ::ipc::Context::Artist { id, name: artist.name.clone() };
    let shuffled = context.clone();
    let mut items = vec![
        MenuItem::new("Play", Glyph::Play, move || {
            state.play(context.clone(), Selection::Artist { id }, None);
        }),
        MenuItem::new("Shuffle", Glyph::Shuffle, move || {
            state.play_shuffled(shuffled.clone(), Selection::Artist { id });
        }),
    ];
    items.extend(queue_items(state, Selection::Artist { id }, u64::from(artist.n_tracks)));
    items.push(MenuItem::new("Go to artist", Glyph::MicVocal, move || {
        router.go(Route::Artist(id));
    }));
    items
}

fn queue_items(state: State, selection: Selection, n_tracks: u64) -> [MenuItem; 2] {
    let last = selection.clone();
    [
        MenuItem::new("Play next", Glyph::ListStart, move || {
            state.enqueue(selection.clone(), n_tracks, Placement::Next);
        }),
        MenuItem::new("Add to queue", Glyph::ListEnd, move || {
            state.enqueue(last.clone(), n_tracks, Placement::Last);
        }),
    ]
}

/// One line for each artist of a credit.
fn artist_items(router: Router, artists: &[ArtistRef]) -> Vec<MenuItem> {
    let item = |artist: &ArtistRef| {
        let route = Route::Artist(artist.id);
        let label = match artists {
            [_] => "Go to artist".to_owned(),
            _ => format!("Go to {}", artist.name),
        };
        MenuItem::new(label, Glyph::MicVocal, move || router.go(route.clone()))
    };
    artists.iter().map(item).collect()
}
