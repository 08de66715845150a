//! Where the music is, between two events of the shell.

use std::time::Duration;

use ::ipc::{Playback, PlayerView};
use leptos::{ev, prelude::*};

/// A scrubber of 600 px over three minutes moves less than a pixel in this time, so a finer step
/// would cost work nobody sees.
const STEP: Duration = Duration::from_millis(250);

/// The position, moved on while music plays and the window can be seen.
#[derive(Clone, Copy)]
pub struct Clock {
    pub position_ms: RwSignal<u64>,
    anchor: StoredValue<Anchor>,
    player: RwSignal<PlayerView>,
}

/// What the shell said, and when by the window's clock.
#[derive(Clone, Copy, Default)]
struct Anchor {
    position_ms: u64,
    at_ms: f64,
}

impl Clock {
    pub fn new(player: RwSignal<PlayerView>) -> Self {
        Self { position_ms: RwSignal::new(0), anchor: StoredValue::default(), player }
    }

    pub fn set_anchor(self, position_ms: u64) {
        self.anchor.set_value(Anchor { position_ms, at_ms: now_ms() });
        self.position_ms.set(position_ms);
    }

    /// Keeps the position moving; to be called once.
    pub fn run(self) {
        let is_visible = RwSignal::new(!document().hidden());
        let on_change = window_event_listener(ev::Custom::<ev::Event>::new("visibilitychange"), {
            move |_| is_visible.set(!document().hidden())
        });
        on_cleanup(move || on_change.remove());
        let is_moving = Memo::new(move |_| {
            is_visible.get() && self.player.with(|p| p.playback == Playback::Playing)
        });
        Effect::new(move |timer: Option<Option<IntervalHandle>>| {
            if let Some(Some(timer)) = timer {
                timer.clear();
            }
            if !is_moving.get() {
                return None;
            }
            self.step();
            set_interval_with_handle(move || self.step(), STEP).ok()
        });
    }

    fn step(self) {
        let Anchor { position_ms, at_ms } = self.anchor.get_value();
        let elapsed_ms = (now_ms() - at_ms).max(0.0) as u64;
        let duration_ms = self.player.with_untracked(|p| p.duration_ms);
        self.position_ms.set((position_ms + elapsed_ms).min(duration_ms));
    }
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}
