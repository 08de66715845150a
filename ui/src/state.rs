//! What the shell last said, and what the user can make it do.

use ::ipc::{
    Call, Context, Event, Fault, FaultKind, InterfaceReady, Placement, PlayFrom, Playback,
    PlayerGet, PlayerView, QueueAdd, QueueUndo, Repeat, Saving, Selection, SessionGet, SessionView,
    SetMuted, SetRepeat, SetShuffle, Settings, SettingsGet, SettingsView, SignOut,
};
use domain::{Permission, Track, TrackId};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    busy::Busy,
    clock::Clock,
    format::count,
    ipc::{invoke, listen},
    overlay::Overlays,
    route::{Route, Router},
};

pub mod settings;

use settings::Following;

/// Signals that follow the shell. Everything on screen derives from them.
#[derive(Clone, Copy)]
pub struct State {
    /// Absent until the shell has answered for the first time.
    pub session: RwSignal<Option<SessionView>>,
    /// Why it did not answer.
    pub start_fault: RwSignal<Option<Fault>>,
    /// Who is signed in, and where.
    pub account: Memo<Option<String>>,
    pub player: RwSignal<PlayerView>,
    pub track: Memo<Option<Track>>,
    pub is_playing: Memo<bool>,
    pub settings: RwSignal<SettingsView>,
    pub is_online: RwSignal<bool>,
    /// Rise when the queue or the history changed.
    pub queue_revision: RwSignal<u64>,
    pub history_revision: RwSignal<u64>,
    /// How much of an export has come, of the one that was saved last.
    pub saving: RwSignal<Option<Saving>>,
    pub clock: Clock,
    /// Kept aside, so that handing the state on copies little.
    aside: StoredValue<Aside>,
}

/// What the calls need beside the signals.
struct Aside {
    overlays: Overlays,
    busy: Busy,
    following: Following,
    /// Rises with each change of the queue that can be taken back: only the last one can.
    n_changes: u64,
}

impl State {
    pub fn new(overlays: Overlays, busy: Busy) -> Self {
        let session = RwSignal::new(None);
        let player = RwSignal::new(silence());
        Self {
            session,
            start_fault: RwSignal::new(None),
            account: Memo::new(move |_| {
                session.with(|session| session.as_ref().and_then(account_of))
            }),
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
            saving: RwSignal::new(None),
            clock: Clock::new(player),
            aside: StoredValue::new(Aside {
                overlays,
                busy,
                following: Following::default(),
                n_changes: 0,
            }),
        }
    }

    /// Listens first and asks then, so that nothing falls between.
    pub fn start(self, router: Router) {
        spawn_local(async move {
            self.start_fault.set(None);
            let asked = async {
                listen(move |event| self.on_event(event, router)).await?;
                self.on_settings(invoke(SettingsGet {}).await?);
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
            Event::Settings(settings) => self.on_settings(*settings),
            Event::History => self.history_revision.update(|n| *n += 1),
            Event::Connection { is_online } => self.is_online.set(is_online),
            Event::Saving(saving) => self.saving.set(Some(saving)),
            Event::Notice(notice) => self.overlays().notify(notice),
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

    /// Whether to show what needs this permission; the server decides whether it is given.
    pub fn may(self, permission: Permission) -> bool {
        self.session.with(|session| {
            let account = session.as_ref().and_then(|session| session.account.as_ref());
            account.is_some_and(|account| permission.check(&account.roles).is_ok())
        })
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
        self.overlays().fail(fault);
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
        self.start_playing(PlayFrom { context, selection, start, is_shuffled });
    }

    pub fn play_shuffled(self, context: Context, selection: Selection) {
        self.start_playing(PlayFrom { context, selection, start: None, is_shuffled: true });
    }

    fn start_playing(self, call: PlayFrom) {
        self.next_change();
        let ongoing = self.aside.with_value(|aside| aside.busy).begin();
        spawn_local(async move {
            let reply = invoke(call).await;
            drop(ongoing);
            if let Err(fault) = reply {
                self.fail(fault);
            }
        });
    }

    /// The queue is about to change: what was offered to be taken back is no longer the last.
    fn next_change(self) -> u64 {
        self.overlays().forget_undo();
        self.aside.update_value(|aside| aside.n_changes += 1);
        self.n_changes()
    }

    fn n_changes(self) -> u64 {
        self.aside.with_value(|aside| aside.n_changes)
    }

    fn overlays(self) -> Overlays {
        self.aside.with_value(|aside| aside.overlays)
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
        let (overlays, number) = (self.overlays(), self.next_change());
        self.send_then(call, move |()| {
            if self.n_changes() == number {
                overlays.say_undoable(done, move || self.send(QueueUndo {}));
            } else {
                overlays.say(done);
            }
        });
    }

    /// Whoever signs in next begins at home.
    pub fn sign_out(self, router: Router) {
        self.send_then(SignOut {}, move |session| {
            self.on_session(session);
            router.go(Route::Home);
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
}

/// The same person on the same server.
fn account_of(session: &SessionView) -> Option<String> {
    let account = session.account.as_ref()?;
    Some(format!("{} {}", session.server_url.as_deref()?, account.id))
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
