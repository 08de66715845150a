//! Carrying out what the player wants.

use std::{sync::Arc, time::Duration};

use audio_engine::{Command, Item, PlayToken, Source};
use domain::{Track, TrackId};
use ipc::{Event, Fault, FaultKind, Severity};
use local_store::StoredPlay;
use player_core::{Effect, EngineNews, Input, Notice, Play};

use super::{
    Ask,
    stage::{Deck, Pending, Stage},
};
use crate::clock::{blocking, now_ms};

/// Between two tries to learn about a track while the server is silent.
const RETRY: Duration = Duration::from_secs(2);

impl Stage {
    /// Carries out one effect; answers with news where it is known at once that it cannot be.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<EngineNews> {
        match effect {
            Effect::Load { token, track, position_ms, is_playing } => {
                self.loading_since_ms = now_ms();
                (self.loaded, self.prepared, self.pending_prepare) = (None, None, None);
                let pending = Pending { token, id: track, position_ms, is_playing };
                if let Some(track) = self.parts.tracks.at_hand(track) {
                    return self.load(pending, track);
                }
                // What played before is over, whatever becomes of this.
                self.engine(Command::Stop);
                self.pending = Some(pending);
                self.look_for(token, track);
            }
            Effect::Prepare { token, track } => {
                self.prepared = None;
                if let Some(track) = self.parts.tracks.at_hand(track) {
                    return self.prepare(token, track);
                }
                self.engine(Command::Unprepare);
                self.pending_prepare = Some((token, track));
                self.look_for(token, track);
            }
            Effect::Unprepare => {
                (self.prepared, self.pending_prepare) = (None, None);
                self.engine(Command::Unprepare);
            }
            Effect::Resume => match &mut self.pending {
                Some(pending) => pending.is_playing = true,
                None => self.engine(Command::Play),
            },
            Effect::Pause => match &mut self.pending {
                Some(pending) => pending.is_playing = false,
                None => self.engine(Command::Pause),
            },
            Effect::Seek { position_ms } => match &mut self.pending {
                Some(pending) => pending.position_ms = position_ms,
                None => self.engine(Command::Seek { position_ms }),
            },
            Effect::Stop => {
                (self.loaded, self.prepared) = (None, None);
                (self.pending, self.pending_prepare) = (None, None);
                self.engine(Command::Stop);
            }
            Effect::Record(play) => self.record(&play),
            Effect::PlayerChanged => {
                // The order of play decides which loudness counts.
                self.set_gains();
                self.tell_player();
            }
            Effect::QueueChanged { revision } => self.tell(Event::Queue { revision }),
            Effect::Notify(notice) => self.pass_on(&notice),
            // Told to who asked.
            Effect::Refuse(_) => {}
        }
        None
    }

    fn load(&mut self, pending: Pending, track: Arc<Track>) -> Option<EngineNews> {
        self.pending = None;
        let token = pending.token;
        match self.item(token, track) {
            Ok((item, deck)) => {
                self.loaded = Some(deck);
                let (position_ms, is_playing) = (pending.position_ms, pending.is_playing);
                self.engine(Command::Load { item, position_ms, is_playing });
                None
            }
            Err(reason) => {
                self.engine(Command::Stop);
                Some(EngineNews::Failed { token, reason })
            }
        }
    }

    fn prepare(&mut self, token: u64, track: Arc<Track>) -> Option<EngineNews> {
        self.pending_prepare = None;
        match self.item(token, track) {
            Ok((item, deck)) => {
                self.prepared = Some(deck);
                self.engine(Command::Prepare(item));
                None
            }
            Err(reason) => {
                self.engine(Command::Unprepare);
                Some(EngineNews::Failed { token, reason })
            }
        }
    }

    fn item(&self, token: u64, track: Arc<Track>) -> Result<(Item, Deck), String> {
        if !track.is_available {
            return Err("its file is missing on the server".into());
        }
        let url = self
            .parts
            .server
            .url(&format!("/tracks/{}/stream", track.id))
            .map_err(|fault| fault.message)?;
        let queue = self.player.queue();
        let is_by_hand = [queue.current(), queue.peek()]
            .into_iter()
            .flatten()
            .any(|entry| entry.track == track.id && entry.is_by_hand);
        let gain_db = self.gain_db(&track, is_by_hand);
        let item = Item {
            token: PlayToken(token),
            source: Source::Http { url, authorize: Arc::clone(&self.parts.authorize) },
            gain_db,
            content_type: track.audio.content_type.clone(),
            duration_ms: track.duration_ms,
        };
        Ok((item, Deck { token, track, is_by_hand, gain_db }))
    }

    /// Learns about a track off this task; [`Stage::found`] gets the outcome.
    pub(super) fn look_for(&self, token: u64, id: TrackId) {
        self.look_for_after(token, id, Duration::ZERO);
    }

    fn look_for_after(&self, token: u64, id: TrackId, pause: Duration) {
        let (tracks, asks) = (Arc::clone(&self.parts.tracks), self.asks.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let track = tracks.get(id).await;
            if let Some(asks) = asks.upgrade() {
                // A player that has closed wants nothing any more.
                let _ = asks.send(Ask::Found { token, id, track }).await;
            }
        });
    }

    pub(super) fn found(&mut self, token: u64, id: TrackId, track: Result<Arc<Track>, Fault>) {
        if let Ok(track) = &track
            && self.shown.as_ref().is_some_and(|shown| shown.id == id)
        {
            self.shown = Some(Arc::clone(track));
            self.tell_player();
        }
        let pending = self.pending.filter(|pending| pending.token == token);
        let is_prepared = self.pending_prepare == Some((token, id));
        let news = match track {
            Ok(track) => match pending {
                Some(pending) => self.load(pending, track),
                None if is_prepared => self.prepare(token, track),
                None => None,
            },
            Err(fault) if pending.is_none() && !is_prepared => {
                tracing::debug!(message = fault.message, "a track to show was not found");
                None
            }
            Err(fault) if fault.kind == FaultKind::Offline => {
                self.look_for_after(token, id, RETRY);
                Some(EngineNews::Waiting { token, reason: fault.message })
            }
            Err(fault) => {
                if pending.is_some() {
                    self.pending = None;
                } else {
                    self.pending_prepare = None;
                }
                Some(EngineNews::Failed { token, reason: fault.message })
            }
        };
        if let Some(news) = news {
            // News is never refused.
            let _ = self.give(Input::Engine(news));
        }
    }

    fn record(&mut self, play: &Play) {
        let Some(owner) = self.owner.clone() else { return };
        let started_at_us = i64::try_from(play.started_at_ms.saturating_mul(1_000));
        let stored = StoredPlay {
            id: play.id,
            track: play.track,
            started_at_us: started_at_us.unwrap_or(i64::MAX),
            listened_ms: play.listened_ms,
            is_over: play.is_over,
        };
        let (store, news) = (self.parts.store.clone(), self.parts.news.clone());
        let played = Arc::clone(&self.parts.played);
        self.recording.spawn(async move {
            match blocking(move || store.set_play(&owner, &stored)).await {
                Ok(()) => {
                    news.tell(Event::History);
                    played.notify_one();
                }
                Err(error) => tracing::error!(%error, "a play was not saved"),
            }
        });
    }

    fn pass_on(&self, notice: &Notice) {
        match notice {
            Notice::Skipped { track, was_heard, reason } => {
                let title = self.parts.tracks.at_hand(*track).map(|track| track.title.clone());
                let title = title.unwrap_or_else(|| "A track".into());
                let (what, hint) = if *was_heard {
                    ("broke off", "")
                } else {
                    ("cannot be played", "The next track plays instead.")
                };
                let message = format!("“{title}” {what}: {}.", clause(reason));
                self.notify(Severity::Warning, message, hint);
            }
            Notice::GaveUp { n_failed: 1, was_heard, reason } => {
                let what = if *was_heard { "broke off" } else { "cannot be played" };
                let message = format!("This track {what}: {}.", clause(reason));
                self.notify(Severity::Error, message, "");
            }
            Notice::GaveUp { n_failed, reason, .. } => {
                let reason = clause(reason);
                let message = format!("{n_failed} tracks in a row cannot be played: {reason}.");
                let hint = "Playing has stopped. Press play to try again.";
                self.notify(Severity::Error, message, hint);
            }
        }
    }
}

/// Reasons come with and without a full stop.
fn clause(reason: &str) -> &str {
    reason.trim_end_matches('.')
}
