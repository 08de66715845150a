//! Whether all of an item was there, which its end alone does not tell.

use symphonia::core::{
    formats::{
        FormatId,
        well_known::{FORMAT_ID_FLAC, FORMAT_ID_ISOMP4},
    },
    units::Timestamp,
};

use super::{Decode, open::SILENT, open::Voice};

/// Less than this is missing without a word: lengths are rounded, and players before us were lax.
const TOLERANCE_MS: u64 = 1_000;

/// What should be there, and what was not.
#[derive(Debug)]
pub struct Tally {
    /// Length of the item, as far as it is known and not guessed.
    expected_ms: Option<u64>,
    /// Frames between others that could not be read.
    n_lost: u64,
}

impl Tally {
    /// `end` is what a tag or an edit list says; `duration_ms` was found by decoding, when the
    /// item came into the catalog. Containers with a count of their own know better, for the file
    /// may have been replaced since; others count only what came to their writer's mind.
    pub fn of(voice: &Voice, format: FormatId, end: Option<u64>, duration_ms: u64) -> Self {
        let counted = match format {
            FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 => voice.n_frames.map(|n_frames| {
                let ts = Timestamp::new(i64::try_from(n_frames).unwrap_or(i64::MAX));
                voice.frames_of(ts, voice.sample_rate()).max(0).cast_unsigned()
            }),
            _ => None,
        };
        let of_frames = |n_frames| n_frames * 1000 / u64::from(voice.sample_rate());
        let known = end.or(counted).map(of_frames).filter(|ms| *ms > 0);
        Self { expected_ms: known.or((duration_ms > 0).then_some(duration_ms)), n_lost: 0 }
    }

    /// Frames follow on `next` usually; what lies between was damaged.
    pub fn note_gap(&mut self, next: Option<i64>, first: i64, sample_rate: u32) {
        let n_missing = next.map_or(0, |next| first.saturating_sub(next));
        // Some writers are off by a few.
        if n_missing > i64::from(sample_rate / 100) {
            self.n_lost += n_missing.cast_unsigned();
        }
    }
}

impl Decode {
    /// To be asked at the end of the bytes.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let rate = u64::from(self.voice.sample_rate());
        let ms_of = |frame: u64| frame.saturating_mul(1000) / rate;
        let Some(next_frame) = self.next_frame else {
            return self.verdict_on_nothing(ms_of(self.start));
        };
        let Some(expected_ms) = self.tally.expected_ms.filter(|_| !self.is_estimate) else {
            return Ok(());
        };
        let reached_ms = ms_of(next_frame.max(0).cast_unsigned());
        let lost_ms = ms_of(self.tally.n_lost);
        if expected_ms.saturating_sub(reached_ms) + lost_ms <= TOLERANCE_MS {
            return Ok(());
        }
        let played = clock(reached_ms.saturating_sub(lost_ms));
        Err(format!("the file is damaged or cut off: {played} of {} played", clock(expected_ms)))
    }

    /// Nothing was decoded from `start_ms` on.
    fn verdict_on_nothing(&self, start_ms: u64) -> Result<(), String> {
        if start_ms == 0 {
            return Err(SILENT.to_owned());
        }
        match self.tally.expected_ms {
            Some(expected_ms) if start_ms + TOLERANCE_MS < expected_ms => Err(format!(
                "the file is damaged or cut off: nothing at {} of {}",
                clock(start_ms),
                clock(expected_ms)
            )),
            _ => Ok(()),
        }
    }
}

/// Minutes and seconds.
fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60)
}
