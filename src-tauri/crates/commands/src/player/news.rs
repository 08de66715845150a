//! What the audio engine tells, in the player's words.

use audio_engine::Event as Heard;
use ipc::Severity;
use player_core::{EngineNews, Input};

use super::stage::Stage;

impl Stage {
    pub(super) fn engine_event(&mut self, event: Heard) {
        let news = match event {
            Heard::Started { token } => EngineNews::Started { token: token.0 },
            Heard::Position { token, position_ms, buffered_ms } => {
                EngineNews::Position { token: token.0, position_ms, buffered_ms }
            }
            Heard::Buffering { token } => EngineNews::Buffering { token: token.0 },
            Heard::Waiting { token, reason } => EngineNews::Waiting { token: token.0, reason },
            Heard::Flowing { token } => EngineNews::Flowing { token: token.0 },
            Heard::Advanced { from, to } => {
                self.heard_to_the_end(from.0);
                if self.prepared.as_ref().is_some_and(|deck| deck.token == to.0) {
                    self.loaded = self.prepared.take();
                }
                EngineNews::Advanced { from: from.0, to: to.0 }
            }
            Heard::Ended { token } => {
                self.heard_to_the_end(token.0);
                EngineNews::Ended { token: token.0 }
            }
            Heard::Failed { token, reason } => EngineNews::Failed { token: token.0, reason },
            Heard::NoDevice { reason } => {
                if !std::mem::replace(&mut self.has_lost_device, true) {
                    let hint = "Connect one; playing goes on by itself.";
                    self.notify(Severity::Warning, reason.clone(), hint);
                }
                EngineNews::NoDevice { reason }
            }
            Heard::DeviceChanged { name } => {
                if std::mem::take(&mut self.has_lost_device) {
                    self.notify(Severity::Info, format!("Sound goes to {name}."), "");
                }
                EngineNews::DeviceChanged
            }
            // Our own wishes, confirmed.
            Heard::Paused | Heard::Resumed | Heard::Stopped => return,
        };
        // News is never refused.
        let _ = self.give(Input::Engine(news));
    }

    /// Positions come four times a second; the last stretch of a track has none of its own.
    fn heard_to_the_end(&mut self, token: u64) {
        let Some(deck) = self.loaded.as_ref().filter(|deck| deck.token == token) else { return };
        let position_ms = deck.track.duration_ms;
        let news = EngineNews::Position { token, position_ms, buffered_ms: position_ms };
        let _ = self.give(Input::Engine(news));
    }
}
