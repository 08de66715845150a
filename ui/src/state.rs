//! What the shell last said, and what the user can make it do.

use ::ipc::{
    Call, Context, Event, Fault, FaultKind, InterfaceReady, Placement, PlayFrom, Playback,
    PlayerGet, PlayerView, QueueAdd, QueueUndo, Repeat, Selection, SessionGet, SessionView,
    SetMuted, SetRepeat, SetShuffle, Settings, SettingsGet, SettingsUpdate, SettingsView,
};
use domain::{Track, TrackId};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    clock::Clock,
    format::count,
    ipc::{invoke, listen},
    overlay::Overlays,
    route::{Route, Router},
};

/// Signals that follow the shell. Everything on screen derives from them.
#[derive(Clone, Copy)]
pub struct State {
    /// Absent until the shell has answered for the first time.
    pub session: RwSignal<Option<SessionView>>,
    /// Why it did not answer.
    pub start_fault: RwSignal<Option<Fault>>,
    pub player: RwSignal<PlayerView>,
    pub track: Memo<Option<Track>>,
    pub is_playing: Memo<bool>,
    pub settings: RwSignal<SettingsView>,
    pub is_online: RwSignal<bool>,
    /// Rise when the queue or the history changed.
    pub queue_revision: RwSignal<u64>,
    pub history_revision: RwSignal<u64>,
    pub clock: Clock,
    overlays: Overlays,
}

impl State {
    pub fn new(overlays: Overlays) -> Self {
        let player = RwSignal::new(silence());
        Self {
            session: RwSignal::new(None),
            start_fault: RwSignal::new(None),
            player,
            track: Memo::new(move |_| player.with(|p| p.track.clone())),
            is_playing: Memo::new(move |_| player.with(is_wanting_to_play)),
            settings: RwSignal::new(SettingsView {
                settings: Settings::default(),
                output_devices: Vec::new(),
                version: String::new(),
            }),
            is_online: RwSignal::new(true),
            queue_revision: RwSignal::new(0),
            history_revision: RwSignal::new(0),
            clock: Clock::new(player),
            overlays,
        }
    }

    /// Listens first and asks then, so that nothing falls between.
    pub fn start(self, router: Router) {
        spawn_local(async move {
            self.start_fault.set(None);
            let asked = async {
                listen(move |event| self.on_event(event, router)).await?;
                self.settings.set(invoke(SettingsGet {}).await?);
                self.on_player(invoke(PlayerGet {}).await?);
                self.on_session(invoke(SessionGet {}).await?);
                Ok::<(), Fault>(())
            };
            match asked.await {
                // The second frame begins when the first page has been drawn.
                Ok(()) => request_animation_frame(move || {
                    request_animation_frame(move || self.send(InterfaceReady {}));
                }),
                Err(fault) => self.start_fault.set(Some(fault)),
            }
        });
    }

    fn on_event(self, event: Event, router: Router) {
        match event {
            Event::Player(player) => self.on_player(*player),
            Event::Queue { revision } => self.queue_revision.set(revision),
            Event::Session(session) => self.on_session(session),
            Event::Settings(settings) => self.settings.set(*settings),
            Event::History => self.history_revision.update(|n| *n += 1),
            Event::Connection { is_online } => self.is_online.set(is_online),
            Event::Notice(notice) => self.overlays.notify(notice),
            Event::Navigate { path } => router.go(Route::parse(&path)),
        }
    }

    fn on_player(self, player: PlayerView) {
        self.clock.set_anchor(player.position_ms);
        self.player.set(player);
    }

    pub fn on_session(self, session: SessionView) {
        self.is_online.set(session.is_online);
        self.session.set(Some(session));
    }

    /// Makes a call whose news comes back as an event; says so where it fails.
    pub fn send<C: Call<Reply = ()> + 'static>(self, call: C) {
        self.send_then(call, |()| {});
    }

    /// Makes a call and goes on with its answer.
    pub fn send_then<C: Call + 'static>(self, call: C, then: impl FnOnce(C::Reply) + 'static) {
        spawn_local(async move {
            match invoke(call).await {
                Ok(reply) => then(reply),
                Err(fault) => self.fail(fault),
            }
        });
    }

    pub fn fail(self, fault: Fault) {
        if fault.kind == FaultKind::SignedOut {
            self.send_session_check();
        }
        self.overlays.fail(fault);
    }

    fn send_session_check(self) {
        spawn_local(async move {
            if let Ok(session) = invoke(SessionGet {}).await {
                self.on_session(session);
            }
        });
    }

    pub fn play(self, context: Context, selection: Selection, start: Option<TrackId>) {
        let is_shuffled = start.is_some() && self.player.with_untracked(|p| p.is_shuffled);
        self.send(PlayFrom { context, selection, start, is_shuffled });
    }

    pub fn play_shuffled(self, context: Context, selection: Selection) {
        self.send(PlayFrom { context, selection, start: None, is_shuffled: true });
    }

    /// Puts tracks into the queue and offers to take them out again.
    pub fn enqueue(self, selection: Selection, n_tracks: u64, placement: Placement) {
        let done = match placement {
            Placement::Next => format!("{} will play next", count(n_tracks, "track")),
            Placement::Last => format!("{} added to the queue", count(n_tracks, "track")),
        };
        self.send_undoable(QueueAdd { selection, placement }, done);
    }

    /// Changes the queue and offers to take that back.
    pub fn send_undoable<C: Call<Reply = ()> + 'static>(self, call: C, done: impl Into<String>) {
        let done = done.into();
        let overlays = self.overlays;
        self.send_then(call, move |()| {
            overlays.say_undoable(done, move || self.send(QueueUndo {}));
        });
    }

    pub fn toggle_shuffle(self) {
        let is_shuffled = self.player.with_untracked(|p| !p.is_shuffled);
        self.send(SetShuffle { is_shuffled });
    }

    pub fn cycle_repeat(self) {
        let repeat = match self.player.with_untracked(|p| p.repeat) {
            Repeat::Off => Repeat::All,
            Repeat::All => Repeat::One,
            Repeat::One => Repeat::Off,
        };
        self.send(SetRepeat { repeat });
    }

    pub fn toggle_mute(self) {
        let is_muted = self.player.with_untracked(|p| !p.is_muted);
        self.send(SetMuted { is_muted });
    }

    /// Changes the settings at once and keeps what the shell makes of them.
    pub fn change_settings(self, change: impl FnOnce(&mut Settings)) {
        let before = self.settings.get_untracked();
        let mut settings = before.settings.clone();
        change(&mut settings);
        self.settings.update(|view| view.settings = settings.clone());
        spawn_local(async move {
            match invoke(SettingsUpdate { settings }).await {
                Ok(view) => self.settings.set(view),
                Err(fault) => {
                    self.settings.set(before);
                    self.fail(fault);
                }
            }
        });
    }

    /// Shows or hides the queue: beside the main column, or as a screen where that is too narrow.
    pub fn toggle_queue(self, router: Router) {
        let is_narrow = window()
            .match_media("(max-width: 899px)")
            .is_ok_and(|query| query.is_some_and(|query| query.matches()));
        if is_narrow {
            if router.route.with_untracked(|route| *route == Route::Queue) {
                router.back();
            } else {
                router.go(Route::Queue);
            }
            return;
        }
        self.change_settings(|settings| settings.is_queue_open = !settings.is_queue_open);
    }
}

fn is_wanting_to_play(player: &PlayerView) -> bool {
    matches!(player.playback, Playback::Playing | Playback::Buffering | Playback::Waiting { .. })
}

/// The player before the shell has said anything.
fn silence() -> PlayerView {
    PlayerView {
        playback: Playback::Stopped,
        entry: None,
        track: None,
        position_ms: 0,
        duration_ms: 0,
        buffered_ms: 0,
        context: None,
        volume: 1.0,
        is_muted: false,
        is_shuffled: false,
        repeat: Repeat::Off,
        has_next: false,
        has_previous: false,
        gain_db: 0.0,
    }
}

/// The state, from anywhere below the root.
pub fn state() -> State {
    expect_context()
}
