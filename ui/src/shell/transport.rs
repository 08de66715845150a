//! The controls of the player, used by the bar and by the now-playing screen.

use ::ipc::{Playback, PlayerNext, PlayerPrevious, PlayerSeek, PlayerToggle, Repeat, SetVolume};
use leptos::prelude::*;

use crate::{
    format::{clock, spoken},
    icons::{Glyph, Icon},
    parts::slider::Slider,
    state::state,
};

/// Shuffle, previous, play, next, repeat.
#[component]
pub fn Transport() -> impl IntoView {
    let state = state();
    let player = state.player;
    let is_empty = Memo::new(move |_| state.track.with(Option::is_none));
    let is_shuffled = Memo::new(move |_| player.with(|p| p.is_shuffled));
    let repeat = Memo::new(move |_| player.with(|p| p.repeat));
    let has_previous = Memo::new(move |_| player.with(|p| p.has_previous));
    let has_next = Memo::new(move |_| player.with(|p| p.has_next));
    let is_waiting = Memo::new(move |_| {
        player.with(|p| matches!(p.playback, Playback::Buffering | Playback::Waiting { .. }))
    });
    let repeat_label = move || match repeat.get() {
        Repeat::Off => "Repeat: off",
        Repeat::All => "Repeat: all",
        Repeat::One => "Repeat: one",
    };
    let play_label = move || if state.is_playing.get() { "Pause" } else { "Play" };
    view! {
        <div class="transport" role="group" aria-label="Player">
            <button
                class="icon-button toggle shuffle"
                aria-label="Shuffle"
                aria-pressed=move || is_shuffled.get().to_string()
                on:click=move |_| state.toggle_shuffle()
            >
                <Icon icon=Glyph::Shuffle/>
            </button>
            <button
                class="icon-button skip previous"
                aria-label="Previous"
                disabled=move || is_empty.get() && !has_previous.get()
                on:click=move |_| state.send(PlayerPrevious {})
            >
                <Icon icon=Glyph::SkipBack/>
            </button>
            <button
                class="play-button main"
                class:waiting=is_waiting
                aria-label=play_label
                disabled=is_empty
                on:click=move |_| state.send(PlayerToggle {})
            >
                {move || {
                    let icon = if state.is_playing.get() { Glyph::Pause } else { Glyph::Play };
                    view! { <Icon icon=icon/> }
                }}
            </button>
            <button
                class="icon-button skip next"
                aria-label="Next"
                disabled=move || !has_next.get()
                on:click=move |_| state.send(PlayerNext {})
            >
                <Icon icon=Glyph::SkipForward/>
            </button>
            <button
                class="icon-button toggle repeat"
                aria-label=repeat_label
                aria-pressed=move || (repeat.get() != Repeat::Off).to_string()
                on:click=move |_| state.cycle_repeat()
            >
                {move || {
                    let is_one = repeat.get() == Repeat::One;
                    view! { <Icon icon=if is_one { Glyph::Repeat1 } else { Glyph::Repeat }/> }
                }}
            </button>
        </div>
    }
}

/// Where the music is, and the way to elsewhere in it.
#[component]
pub fn Scrubber() -> impl IntoView {
    let state = state();
    let duration_ms = Memo::new(move |_| state.player.with(|p| p.duration_ms));
    let buffered_ms = Memo::new(move |_| state.player.with(|p| p.buffered_ms));
    let fraction = move |ms: u64| ms as f64 / duration_ms.get().max(1) as f64;
    let at = move |fraction: f64| (fraction * duration_ms.get_untracked() as f64) as u64;
    let seconds = Memo::new(move |_| state.clock.position_ms.get() / 1000);
    let seek = move |fraction: f64| {
        let position_ms = at(fraction);
        // The thumb stays where it was dropped until the player says otherwise.
        state.clock.set_anchor(position_ms);
        state.send(PlayerSeek { position_ms });
    };
    let has_hours = move || duration_ms.get() >= 3_600_000;
    view! {
        <div class="scrubber" class:long=has_hours>
            <span class="time" aria-hidden="true">{move || clock(seconds.get() * 1000)}</span>
            <Slider
                label="Position"
                value=Signal::derive(move || fraction(state.clock.position_ms.get()))
                behind=Signal::derive(move || fraction(buffered_ms.get()))
                text=Callback::new(move |fraction| clock(at(fraction)))
                step=Signal::derive(move || 5_000.0 / duration_ms.get().max(5_000) as f64)
                has_hover_text=true
                is_disabled=Signal::derive(move || duration_ms.get() == 0)
                on_change=Callback::new(seek)
            />
            <span class="time" title=move || spoken(duration_ms.get()) aria-hidden="true">
                {move || clock(duration_ms.get())}
            </span>
        </div>
    }
}

/// Volume with mute.
#[component]
pub fn Volume() -> impl IntoView {
    let state = state();
    let is_muted = Memo::new(move |_| state.player.with(|p| p.is_muted));
    let volume = Memo::new(move |_| state.player.with(|p| f64::from(p.volume)));
    let heard = Signal::derive(move || if is_muted.get() { 0.0 } else { volume.get() });
    let icon = move || match heard.get() {
        0.0 => Glyph::VolumeX,
        v if v < 0.5 => Glyph::Volume1,
        _ => Glyph::Volume2,
    };
    let set = move |volume: f64| {
        if is_muted.get_untracked() {
            state.toggle_mute();
        }
        state.send(SetVolume { volume: volume as f32 });
    };
    view! {
        <div class="volume">
            <button
                class="icon-button"
                aria-label="Mute"
                aria-pressed=move || is_muted.get().to_string()
                on:click=move |_| state.toggle_mute()
            >
                {move || view! { <Icon icon=icon()/> }}
            </button>
            <Slider
                label="Volume"
                value=heard
                text=Callback::new(|volume: f64| format!("{:.0}%", volume * 100.0))
                step=Signal::stored(0.05)
                is_live=true
                on_change=Callback::new(set)
            />
        </div>
    }
}

/// How good the audio is: `FLAC 24/96`.
#[component]
pub fn QualityBadge() -> impl IntoView {
    let state = state();
    move || {
        state.track.with(|track| {
            track.as_ref().map(|track| {
                let audio = &track.audio;
                let title = format!(
                    "{} kHz, {} channels, {} kbit/s",
                    f64::from(audio.sample_rate_hz) / 1000.0,
                    audio.n_channels,
                    audio.bitrate_bps / 1000,
                );
                view! { <span class="badge" title=title>{audio.badge()}</span> }
            })
        })
    }
}

/// Why no music is heard although it should be.
#[component]
pub fn PlaybackNotice() -> impl IntoView {
    let state = state();
    let reason = Memo::new(move |_| {
        state.player.with(|p| match &p.playback {
            Playback::Waiting { reason } | Playback::Failed { reason } => Some(reason.clone()),
            _ => None,
        })
    });
    move || reason.get().map(|reason| view! { <p class="playback-notice">{reason}</p> })
}
