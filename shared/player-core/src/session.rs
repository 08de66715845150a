//! How much of a track is heard.

use domain::{PlayId, TrackId};

use crate::effect::Play;

/// A stream counts after this much listening, as the server has it too.
pub const COUNTS_AFTER_MS: u64 = 30_000;

/// The engine tells the position four times a second; what is further apart was a jump.
const STEP_MAX_MS: u64 = 2_000;

/// Less than this was a step on the way to another track.
const WORTH_RECORDING_MS: u64 = 3_000;

/// One play in progress. Listening is summed up from positions that were heard, not from the
/// clock, so that pauses, stalls, seeks and a sleeping computer count for nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    id: PlayId,
    track: TrackId,
    started_at_ms: u64,
    listened_ms: u64,
    last_position_ms: u64,
    has_counted: bool,
}

impl Session {
    pub fn new(id: PlayId, track: TrackId, now_ms: u64, position_ms: u64) -> Self {
        Self {
            id,
            track,
            started_at_ms: now_ms,
            listened_ms: 0,
            last_position_ms: position_ms,
            has_counted: false,
        }
    }

    /// Takes a position that was heard; answers with the play at the moment it begins to count.
    pub fn heard(&mut self, position_ms: u64) -> Option<Play> {
        let step_ms = position_ms.saturating_sub(self.last_position_ms);
        if step_ms <= STEP_MAX_MS {
            self.listened_ms += step_ms;
        }
        self.last_position_ms = position_ms;
        if !self.has_counted && self.listened_ms >= COUNTS_AFTER_MS {
            self.has_counted = true;
            return Some(self.play(false));
        }
        None
    }

    /// Listening goes on elsewhere in the track.
    pub fn jumped(&mut self, position_ms: u64) {
        self.last_position_ms = position_ms;
    }

    /// The play as a whole; `None` where too little was heard to speak of.
    pub fn over(self) -> Option<Play> {
        (self.listened_ms >= WORTH_RECORDING_MS).then(|| self.play(true))
    }

    fn play(&self, is_over: bool) -> Play {
        Play {
            id: self.id,
            track: self.track,
            started_at_ms: self.started_at_ms,
            listened_ms: self.listened_ms,
            is_over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(PlayId::new(1, [1; 10]), TrackId::new(1, [2; 10]), 1_000, 0)
    }

    #[test]
    fn play_counts_once_after_thirty_seconds_heard() {
        let mut session = session();
        let counted: Vec<u64> =
            (1..=200).filter(|i| session.heard(i * 250).is_some()).map(|i| i * 250).collect();
        assert_eq!(counted, [30_000]);
        assert_eq!(session.over().map(|play| play.listened_ms), Some(50_000));
    }

    #[test]
    fn seeking_is_not_listening() {
        let mut session = session();
        session.heard(1_000);
        session.jumped(200_000);
        assert_eq!(session.heard(200_500), None);
        session.heard(100_000);
        session.heard(180_000);
        assert_eq!(session.listened_ms, 1_500);
        assert_eq!(session.over(), None);
    }
}
