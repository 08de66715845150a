//! One row of a table of tracks, and the head above.

use domain::Track;
use leptos::{ev, prelude::*};

use super::Table;
use crate::{
    format::clock,
    icons::{Glyph, Icon},
    parts::{cover::CoverImage, credits::Credits, states::row_skeleton},
    route::{Link, Route},
    state::state,
};

/// What a table shows of its tracks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Columns {
    /// On a release: numbers from the release; no cover, no release.
    Release,
    /// Anywhere else: position, cover, release.
    Mixed,
    /// A short list beside others: cover, no release.
    Short,
}

impl Columns {
    const fn class(self) -> &'static str {
        match self {
            Self::Release => "track-row on-release",
            Self::Mixed => "track-row mixed",
            Self::Short => "track-row short",
        }
    }
}

/// Names of the columns.
#[component]
pub fn TableHead(columns: Columns) -> impl IntoView {
    let release = (columns == Columns::Mixed)
        .then(|| view! { <div role="columnheader" class="track-release">"Release"</div> });
    view! {
        <div role="row" aria-rowindex="1" class=format!("{} table-head", columns.class())>
            <div role="columnheader" class="track-number">"#"</div>
            <div role="columnheader" class="track-title">"Title"</div>
            {release}
            <div role="columnheader" class="track-time">
                <Icon icon=Glyph::Clock/>
                <span class="unseen">"Duration"</span>
            </div>
            <div role="columnheader" class="track-more"><span class="unseen">"More"</span></div>
        </div>
    }
}

/// A row of `table`, grey until its track is there.
#[component]
pub fn TrackRow(table: Table, idx: usize, columns: Columns) -> impl IntoView {
    let track = Memo::new(move |_| table.rows.with(|rows| rows.get(idx).cloned()));
    move || match track.get() {
        Some(track) => {
            view! { <FullRow table=table idx=idx columns=columns track=track/> }.into_any()
        }
        None => row_skeleton(),
    }
}

#[component]
fn FullRow(table: Table, idx: usize, columns: Columns, track: Track) -> impl IntoView {
    let state = state();
    let id = track.id;
    let is_current =
        Memo::new(move |_| state.track.with(|now| now.as_ref().is_some_and(|now| now.id == id)));
    let is_sounding = Memo::new(move |_| is_current.get() && state.is_playing.get());
    let is_selected = Memo::new(move |_| table.selected.with(|selected| selected.contains(idx)));
    let number = match columns {
        Columns::Release if track.track_number > 0 => track.track_number as usize,
        _ => idx + 1,
    };
    let title = track.title.clone();
    let play_label = move || {
        let verb = if is_sounding.get() { "Pause" } else { "Play" };
        format!("{verb} {title}")
    };
    let cover = (columns != Columns::Release)
        .then(|| view! { <CoverImage cover=track.cover.clone() size=40/> });
    let release = (columns == Columns::Mixed).then(|| {
        let to = Route::Release(track.release.id);
        view! {
            <div role="gridcell" class="track-release">
                <Link to=to is_skipped=true>{track.release.title.clone()}</Link>
            </div>
        }
    });
    let missing = (!track.is_available).then(|| {
        view! {
            <span class="track-missing" title="The file is missing on the server">
                <Icon icon=Glyph::CloudOff/><span class="unseen">"File is missing"</span>
            </span>
        }
    });
    let more_label = format!("More about {}", track.title);
    let toggle = move |event: ev::MouseEvent| {
        event.stop_propagation();
        table.toggle(idx);
    };
    view! {
        <div
            role="row"
            class=columns.class()
            class:current=is_current
            class:gone=!track.is_available
            data-row=idx
            aria-rowindex=table.row_number(idx)
            aria-selected=move || is_selected.get().to_string()
            tabindex=move || if table.tab_row.get() == idx { "0" } else { "-1" }
            on:click=move |event| table.on_click(idx, &event)
            on:dblclick=move |_| table.play_from(idx)
            on:contextmenu=move |event| table.open_menu(idx, &event)
            on:pointerdown=move |event| table.grab(idx, &event)
            on:focus=move |_| table.focused.set(idx)
        >
            <div role="gridcell" class="track-number">
                <span class="number" class:sounding=is_sounding>
                    {move || if is_sounding.get() {
                        view! { <Bars/> }.into_any()
                    } else {
                        number.to_string().into_any()
                    }}
                </span>
                <button class="row-play" tabindex="-1" aria-label=play_label on:click=toggle>
                    {move || {
                        let icon = if is_sounding.get() { Glyph::Pause } else { Glyph::Play };
                        view! { <Icon icon=icon/> }
                    }}
                </button>
            </div>
            <div role="gridcell" class="track-title">
                {cover}
                <div class="track-names">
                    <span class="track-name">{track.title.clone()}</span>
                    <Credits artists=track.artists.clone() is_skipped=true/>
                </div>
                {missing}
            </div>
            {release}
            <div role="gridcell" class="track-time">{clock(track.duration_ms)}</div>
            <div role="gridcell" class="track-more">
                <button
                    class="icon-button small"
                    tabindex="-1"
                    aria-haspopup="menu"
                    aria-label=more_label
                    on:click=move |event| table.open_menu(idx, &event)
                    on:dblclick=move |event| event.stop_propagation()
                >
                    <Icon icon=Glyph::Ellipsis/>
                </button>
            </div>
        </div>
    }
}

/// Bars that move with the music: this is what plays.
#[component]
fn Bars() -> impl IntoView {
    view! {
        <span class="bars" role="img" aria-label="Playing">
            <i></i><i></i><i></i>
        </span>
    }
}
