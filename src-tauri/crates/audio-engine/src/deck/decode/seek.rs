//! Going to a position of an item.

use std::sync::{Arc, atomic::AtomicBool};

use symphonia::core::{
    errors::{Error, SeekErrorKind},
    formats::{SeekMode, SeekTo},
    units::Timestamp,
};

use super::{
    Container, Decode,
    open::{describe, open},
};
use crate::{
    deck::{flac, ogg},
    source::Reader,
};

/// Decoded before a seek's target and dropped, so that overlapping codecs are in full swing
/// there; Opus wants 80 ms (RFC 7845, section 4.6).
const PREROLL_MS: u64 = 90;
/// How far before and behind the target a quick seek into bytes that are not here may come out.
/// Closer would cost bytes, and on a line with stalls each packet may be the one that stalls.
const EARLY_MS: u64 = 1_000;
const LATE_MS: u64 = 2_000;
/// Farther before the target than this, another guess brings it sooner than reading on.
const FAR_MS: u64 = 12_000;
/// Tries to get in front of a position whose place in the file has to be guessed.
const MAX_GUESSES: u32 = 6;

/// How exactly a seek goes to its target where the bytes there are not here yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// To the sample, wherever the format allows it.
    Exact,
    /// With few bytes: where a format has no index, a second or two beside it.
    Quick,
}

impl Decode {
    /// Goes to a position; the next chunk starts there, as exactly as `aim` says.
    pub fn seek(&mut self, position_ms: u64, aim: Aim) -> Result<(), String> {
        self.is_at_end = false;
        self.n_bad = 0;
        let sample_rate = self.sample_rate();
        self.start = position_ms * u64::from(sample_rate) / 1000;
        if self.container == Container::Ogg && self.bytes.is_here() && !self.is_seekable {
            // All is here by now: let the demuxer look at the end, then it finds its own way.
            self.reopen(Reader::new(
                self.bytes.clone(),
                self.interrupt.clone(),
                Arc::new(AtomicBool::new(true)),
            ))?;
            self.is_seekable = true;
        }
        let needs_guess = match self.container {
            Container::Flac | Container::Ogg => !self.bytes.is_here(),
            Container::Mp3 | Container::Other => false,
        };
        if needs_guess {
            return self.seek_by_guess(position_ms, sample_rate, aim);
        }
        self.seek_by_demuxer(position_ms, sample_rate)
    }

    fn seek_by_demuxer(&mut self, position_ms: u64, sample_rate: u32) -> Result<(), String> {
        let preroll_ms = if self.container == Container::Flac { 0 } else { PREROLL_MS };
        let frame = position_ms.saturating_sub(preroll_ms) * u64::from(sample_rate) / 1000;
        let wanted = frame.cast_signed() + self.lead;
        let ts = match self.time_base {
            Some(base) => {
                let ticks = i128::from(wanted) * i128::from(base.denom.get())
                    / (i128::from(base.numer.get()) * i128::from(sample_rate));
                Timestamp::new(ticks as i64)
            }
            None => Timestamp::new(wanted),
        };
        // Counting MP3 frames up to the target is exact, but needs all bytes before it.
        let is_estimate = self.container == Container::Mp3 && !self.bytes.is_here();
        let mode = if is_estimate { SeekMode::Coarse } else { SeekMode::Accurate };
        self.pending = None;
        let target = SeekTo::Timestamp { ts, track_id: self.track_id };
        let result = match self.format.seek(mode, target) {
            Err(Error::SeekError(SeekErrorKind::Unseekable)) if is_estimate => {
                return self.seek_raw(position_ms, sample_rate);
            }
            other => other,
        };
        self.decoder.reset();
        self.next_frame = None;
        match result {
            Ok(_) => Ok(()),
            Err(Error::SeekError(SeekErrorKind::OutOfRange)) => {
                self.is_at_end = true;
                Ok(())
            }
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.is_at_end = true;
                Ok(())
            }
            Err(error) => Err(describe(&error)),
        }
    }

    /// Sets the demuxer in the middle of a file whose bytes are not here, at a guessed place
    /// near the target: one request where demuxers would make one per bisection step.
    fn seek_by_guess(
        &mut self,
        position_ms: u64,
        sample_rate: u32,
        aim: Aim,
    ) -> Result<(), String> {
        let plain = Reader::new(self.bytes.clone(), self.interrupt.clone(), Arc::default());
        let map = match self.container {
            Container::Flac => flac::map(plain),
            _ => ogg::map(plain, self.duration_ms),
        };
        let size = self.bytes.size_bytes();
        let (Some(mut map), Some(size)) = (map, size) else {
            return self.seek_by_demuxer(position_ms, sample_rate);
        };
        // Vorbis and Opus need what lies a little before the first frame that is heard.
        let preroll_ms = if self.container == Container::Ogg { PREROLL_MS } else { 0 };
        let (margin_ms, latest_ms) = match aim {
            Aim::Exact => (map.margin_ms, position_ms.saturating_sub(preroll_ms)),
            Aim::Quick => (map.unit_ms / 2 + preroll_ms, position_ms + LATE_MS),
        };
        let mut guess_ms = position_ms.saturating_sub(margin_ms);
        for n_left in (0..MAX_GUESSES).rev() {
            let mut place = map.place(guess_ms, size);
            if self.container == Container::Ogg {
                let reader =
                    Reader::spliced(self.bytes.clone(), self.interrupt.clone(), Vec::new(), place);
                match ogg::next_page(reader) {
                    Ok(Some(offset)) => place += offset,
                    Ok(None) => {
                        guess_ms = guess_ms.saturating_sub(4 * map.margin_ms);
                        continue;
                    }
                    Err(reason) => return Err(reason),
                }
            }
            let found_ms = self.set_at(&map.head, place, sample_rate)?;
            let is_far = found_ms.saturating_add(FAR_MS) < position_ms && n_left > 0;
            if (found_ms <= latest_ms && !is_far) || place <= map.first {
                if aim == Aim::Quick && found_ms + EARLY_MS >= position_ms {
                    self.start = (found_ms + preroll_ms) * u64::from(sample_rate) / 1000;
                }
                return Ok(());
            }
            if found_ms == u64::MAX {
                guess_ms = guess_ms.saturating_sub(4 * map.margin_ms);
            } else {
                map.learn(found_ms, place);
            }
        }
        Err("the position could not be found in the file".to_owned())
    }

    /// Sets the demuxer at a place of the file, behind `head`. Answers with the time it finds
    /// there, or with the largest number where it finds none.
    fn set_at(&mut self, head: &[u8], place: u64, sample_rate: u32) -> Result<u64, String> {
        let reader =
            Reader::spliced(self.bytes.clone(), self.interrupt.clone(), head.to_vec(), place);
        let reopened = self.reopen(reader);
        if self.interrupt.is_set() {
            return Err("interrupted".to_owned());
        }
        if reopened.is_ok()
            && let Ok(Some(packet)) = self.format.next_packet()
        {
            let frame = self.frames_of(packet.pts, sample_rate) - self.lead;
            self.pending = Some(packet);
            return Ok(frame.max(0).cast_unsigned() * 1000 / u64::from(sample_rate.max(1)));
        }
        Ok(u64::MAX)
    }

    /// Goes on at the byte that the share of the time suggests: all that a stream of frames
    /// without any index or count allows.
    fn seek_raw(&mut self, position_ms: u64, sample_rate: u32) -> Result<(), String> {
        let size = self.bytes.size_bytes().ok_or("the size of the file is not known")?;
        if self.duration_ms == 0 {
            return Err("the length of the track is not known".to_owned());
        }
        let from_ms = position_ms.saturating_sub(PREROLL_MS).min(self.duration_ms);
        let first = self.origin.first;
        let span = size.saturating_sub(first) as f64;
        let place = first + (span * from_ms as f64 / self.duration_ms as f64) as u64;
        self.reopen(Reader::spliced(
            self.bytes.clone(),
            self.interrupt.clone(),
            Vec::new(),
            place,
        ))?;
        self.offset = (from_ms * u64::from(sample_rate) / 1000).cast_signed();
        Ok(())
    }

    fn reopen(&mut self, reader: Reader) -> Result<(), String> {
        let opened = open(reader, &self.content_type)?;
        self.format = opened.format;
        self.decoder = opened.decoder;
        self.track_id = opened.track_id;
        self.time_base = opened.time_base;
        self.offset = 0;
        self.next_frame = None;
        self.pending = None;
        Ok(())
    }
}
