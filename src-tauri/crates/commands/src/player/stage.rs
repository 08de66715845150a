//! The task: its state, its loop, and how the player looks from outside.

use std::{collections::VecDeque, sync::Arc};

use audio_engine::Command;
use domain::{
    Track, TrackId,
    loudness::{Normalisation, playback_gain_db},
    queue::{Context, EntryId, Repeat},
};
use ipc::{Event, Fault, Playback, PlayerView, Severity};
use player_core::{Effect, Entry, Input, Player, Refusal, Status};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
    time::{self, MissedTickBehavior},
};

use super::{Ask, Parts, TICK, Volume, Window};
use crate::{clock::now_ms, fault, tracks};

/// A track is shown as buffering when it takes longer than a blink to load.
const BLINK_MS: u64 = 400;

/// A track in the engine.
#[derive(Clone, Debug)]
pub(super) struct Deck {
    pub token: u64,
    pub track: Arc<Track>,
    pub is_by_hand: bool,
    pub gain_db: f32,
}

/// A load that waits for facts about its track.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pending {
    pub token: u64,
    pub id: TrackId,
    pub position_ms: u64,
    pub is_playing: bool,
}

/// What is on disk.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Saved {
    pub revision: u64,
    pub repeat: Repeat,
    pub position: Option<(EntryId, u64)>,
    pub volume: Volume,
}

/// The state of the task.
pub(crate) struct Stage {
    pub(super) parts: Parts,
    pub(super) asks: mpsc::WeakSender<Ask>,
    pub(super) player: Player,
    /// Whose queue it is.
    pub(super) owner: Option<String>,
    pub(super) volume: Volume,
    /// The current entry's track, for showing.
    pub(super) shown: Option<Arc<Track>>,
    pub(super) loaded: Option<Deck>,
    pub(super) prepared: Option<Deck>,
    pub(super) pending: Option<Pending>,
    pub(super) pending_prepare: Option<(u64, TrackId)>,
    pub(super) loading_since_ms: u64,
    pub(super) saved: Saved,
    pub(super) saving: Option<JoinHandle<local_store::Result<Saved>>>,
    /// Nothing is saved before, for the disk has just refused.
    pub(super) save_after_ms: u64,
    pub(super) has_told_unsaved: bool,
    /// What is on disk could be read, or is out of the way.
    pub(super) may_save_queue: bool,
    /// Plays on their way to the disk.
    pub(super) recording: JoinSet<()>,
    pub(super) has_lost_device: bool,
}

impl Stage {
    pub(super) fn new(parts: Parts, asks: mpsc::WeakSender<Ask>) -> Self {
        let volume = parts.volume;
        Self {
            parts,
            asks,
            player: Player::default(),
            owner: None,
            volume,
            shown: None,
            loaded: None,
            prepared: None,
            pending: None,
            pending_prepare: None,
            loading_since_ms: 0,
            saved: Saved { volume, ..Saved::default() },
            saving: None,
            save_after_ms: 0,
            has_told_unsaved: false,
            may_save_queue: true,
            recording: JoinSet::new(),
            has_lost_device: false,
        }
    }

    pub(super) async fn run(mut self, mut asked: mpsc::Receiver<Ask>) {
        self.change_owner().await;
        let mut ticks = time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_even = false;
        loop {
            tokio::select! {
                biased;
                changed = self.parts.owner.changed() => match changed {
                    Ok(()) => self.change_owner().await,
                    Err(_) => break,
                },
                event = self.parts.engine_events.recv() => match event {
                    Some(event) => self.engine_event(event),
                    None => break,
                },
                ask = asked.recv() => match ask {
                    Some(Ask::Close { done }) => {
                        self.close().await;
                        // Who asked may have gone meanwhile.
                        let _ = done.send(());
                        return;
                    }
                    Some(ask) => {
                        let revision = self.player.view(now_ms()).revision;
                        self.answer(ask);
                        // An edit is on disk at once, as far as the last save is over.
                        if self.player.view(now_ms()).revision != revision {
                            self.save_changes().await;
                        }
                    }
                    None => break,
                },
                _ = ticks.tick() => {
                    self.save_changes().await;
                    while self.recording.try_join_next().is_some() {}
                    is_even = !is_even;
                    if is_even && self.player.view(now_ms()).wants_play {
                        self.tell_player();
                    }
                }
            }
        }
        self.close().await;
    }

    fn answer(&mut self, ask: Ask) {
        // An asker that has gone needs no answer.
        match ask {
            Ask::Give { input, done } => {
                let given = self.give(input).map(|()| self.player.queue().lot());
                // An asker that has gone needs no answer.
                let _ = done.send(given);
            }
            Ask::View { answer } => drop(answer.send(self.view())),
            Ask::Window { offset, limit, answer } => {
                drop(answer.send(self.window(offset, limit)));
            }
            Ask::SetVolume { volume, done } => {
                // Who moves the slider wants to hear it.
                let is_muted = self.volume.is_muted && volume <= 0.0;
                self.set_volume(Volume { volume, is_muted }, done);
            }
            Ask::SetMuted { is_muted, done } => {
                self.set_volume(Volume { is_muted, ..self.volume }, done);
            }
            Ask::Settings { settings } => {
                if settings.output_device != self.parts.settings.output_device {
                    self.engine(Command::SetDevice(settings.output_device.clone()));
                }
                self.parts.settings = *settings;
                self.set_gains();
                self.tell_player();
            }
            Ask::Found { token, id, track } => self.found(token, id, track),
            // The loop's own.
            Ask::Close { done } => drop(done.send(())),
        }
    }

    /// Hands an input to the player and carries out what follows, and what follows from that.
    pub(super) fn give(&mut self, input: Input) -> Result<(), Fault> {
        let mut inputs = VecDeque::from([input]);
        let mut done = Ok(());
        while let Some(input) = inputs.pop_front() {
            let effects = self.player.handle(now_ms(), &mut rand::random::<u64>, input);
            for effect in effects {
                if let Effect::Refuse(refusal) = effect {
                    done = Err(refused(refusal));
                } else {
                    inputs.extend(self.carry_out(effect).map(Input::Engine));
                }
            }
        }
        done
    }

    fn set_volume(&mut self, volume: Volume, done: oneshot::Sender<()>) {
        self.volume = volume;
        self.engine(Command::SetVolume(volume.heard()));
        self.tell_player();
        let _ = done.send(());
    }

    /// The engine takes commands without blocking. One that is full or gone has failed as a whole,
    /// and the listener is told.
    pub(super) fn engine(&self, command: Command) {
        if let Err(error) = self.parts.engine.send(command) {
            tracing::error!(%error, "the audio engine took no command");
            self.notify(Severity::Error, "The sound has failed.", "Start MelodyUD again.");
        }
    }

    pub(super) fn notify(&self, severity: Severity, message: impl Into<String>, hint: &str) {
        self.parts.news.notify(severity, message, hint);
    }

    pub(super) fn tell(&self, event: Event) {
        self.parts.news.tell(event);
    }

    pub(super) fn tell_player(&mut self) {
        let view = self.view();
        self.tell(Event::Player(Box::new(view)));
    }

    /// The gain of a deck under the settings and the queue of now.
    pub(super) fn gain_db(&self, track: &Track, is_by_hand: bool) -> f32 {
        let queue = self.player.queue();
        let is_release = matches!(queue.context(), Some(Context::Release { .. }))
            && !queue.is_shuffled()
            && !is_by_hand;
        let loudness = match self.parts.settings.normalisation {
            Normalisation::Off => None,
            Normalisation::Auto if is_release => track.loudness.release.or(track.loudness.track),
            Normalisation::Auto | Normalisation::Track => track.loudness.track,
        };
        let target_lufs = self.parts.settings.loudness_target.lufs();
        loudness.map_or(0.0, |loudness| playback_gain_db(loudness, target_lufs) as f32)
    }

    /// Brings what is loaded and prepared to the gain it should have now.
    pub(super) fn set_gains(&mut self) {
        for idx in [0, 1] {
            let deck = if idx == 0 { &self.loaded } else { &self.prepared };
            let Some(deck) = deck else { continue };
            let (token, gain_db) = (deck.token, self.gain_db(&deck.track, deck.is_by_hand));
            if (gain_db - deck.gain_db).abs() < 0.01 {
                continue;
            }
            self.engine(Command::SetGain { play: audio_engine::PlayToken(token), gain_db });
            let deck = if idx == 0 { &mut self.loaded } else { &mut self.prepared };
            if let Some(deck) = deck {
                deck.gain_db = gain_db;
            }
        }
    }

    fn view(&mut self) -> PlayerView {
        let now_ms = now_ms();
        let view = self.player.view(now_ms);
        let track = view.current.map(|entry| self.show(entry));
        let duration_ms = track.as_ref().map_or(0, |track| track.duration_ms);
        let bound = if duration_ms == 0 { u64::MAX } else { duration_ms };
        let playback = match view.status {
            _ if view.current.is_none() => Playback::Stopped,
            Status::Failed { reason } => Playback::Failed { reason },
            _ if !view.wants_play => Playback::Paused,
            Status::Waiting { reason } => Playback::Waiting { reason },
            Status::Buffering => Playback::Buffering,
            Status::Loading if now_ms.saturating_sub(self.loading_since_ms) > BLINK_MS => {
                Playback::Buffering
            }
            Status::Idle | Status::Loading | Status::Flowing => match view.no_device {
                Some(reason) => Playback::Waiting { reason },
                None => Playback::Playing,
            },
        };
        PlayerView {
            playback,
            entry: view.current.map(|entry| entry.id),
            track,
            position_ms: view.position_ms.min(bound),
            duration_ms,
            buffered_ms: view.buffered_ms.min(bound),
            context: self.player.queue().context().cloned(),
            volume: self.volume.volume,
            is_muted: self.volume.is_muted,
            is_shuffled: view.is_shuffled,
            repeat: view.repeat,
            has_next: view.has_next,
            has_previous: view.has_previous,
            gain_db: self.loaded.as_ref().map_or(0.0, |deck| deck.gain_db),
        }
    }

    /// The track of the current entry; one that is not at hand is looked for, and shown later.
    fn show(&mut self, entry: Entry) -> Track {
        if let Some(shown) = self.shown.as_ref().filter(|shown| shown.id == entry.track) {
            return shown.as_ref().clone();
        }
        self.shown = self.parts.tracks.at_hand(entry.track);
        let Some(shown) = &self.shown else {
            let placeholder = Arc::new(tracks::unknown(entry.track));
            self.shown = Some(Arc::clone(&placeholder));
            self.look_for(0, entry.track);
            return placeholder.as_ref().clone();
        };
        shown.as_ref().clone()
    }

    fn window(&self, offset: usize, limit: usize) -> Window {
        let queue = self.player.queue();
        let view = self.player.view(now_ms());
        Window {
            revision: view.revision,
            context: queue.context().cloned(),
            current: queue.current(),
            upcoming: queue.window(offset, limit),
            n_upcoming: queue.n_upcoming(),
            n_added: queue.n_added(),
            can_undo: view.can_undo,
        }
    }
}

fn refused(refusal: Refusal) -> Fault {
    let message = match refusal {
        Refusal::QueueFull => {
            return fault::invalid(
                format!("The queue holds at most {} tracks.", player_core::QUEUE_MAX),
                "Clear it first, or add fewer.",
            );
        }
        Refusal::UnknownContext => "Something else plays by now.",
        Refusal::UnknownEntry => "This entry is no longer in the queue.",
        Refusal::NoTracks => "There are no tracks to play.",
        Refusal::NothingToUndo => "There is nothing to undo.",
    };
    fault::not_found(message)
}
