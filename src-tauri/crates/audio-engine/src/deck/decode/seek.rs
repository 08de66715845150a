//! Going to a position of an item.
//!
//! A demuxer over the whole file seeks by itself, exactly. While bytes are missing that would cost
//! a request per step of its search; then the place is guessed, and a demuxer is set there. Such a
//! one cannot go back and does not know the whole: the next seek opens another.

use std::sync::Arc;

use symphonia::core::{
    errors::{Error, SeekErrorKind},
    formats::{SeekMode, SeekTo},
    units::Timestamp,
};

use super::{
    Container, Decode, Opened,
    open::{describe, open, open_whole},
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
/// Packets of other streams that may lie before the first of the sound.
const MAX_OTHERS: usize = 1_000;

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
        let sample_rate = self.voice.sample_rate();
        self.start = position_ms * u64::from(sample_rate) / 1000;
        let is_here = self.bytes.is_here();
        let is_done = match self.container {
            // Looking for one of several streams, the demuxer (symphonia 0.6) never ends.
            Container::Ogg if self.format.tracks().len() > 1 => {
                if !self.seek_by_guess(position_ms, sample_rate, Aim::Exact)? {
                    return Err("there is no way to seek in this file".to_owned());
                }
                true
            }
            Container::Flac | Container::Ogg if !is_here => {
                self.seek_by_guess(position_ms, sample_rate, aim)?
            }
            Container::Mp3 if self.voice.n_frames.is_none() && !self.is_here_up_to(position_ms) => {
                self.seek_raw(position_ms, sample_rate)?
            }
            _ => false,
        };
        if is_done { Ok(()) } else { self.seek_by_demuxer(position_ms, sample_rate) }
    }

    /// Every byte from the first to well behind the position is here, as far as can be guessed:
    /// then frames can be counted up to it.
    fn is_here_up_to(&self, position_ms: u64) -> bool {
        self.bytes.is_here()
            || self
                .place_of(position_ms)
                .is_some_and(|(place, size)| self.bytes.holds(self.origin.first, place + size / 16))
    }

    /// The byte that the share of the time suggests, and the size of the file.
    fn place_of(&self, position_ms: u64) -> Option<(u64, u64)> {
        let size = self.bytes.size_bytes()?;
        let first = self.origin.first;
        let share = (self.duration_ms > 0)
            .then(|| position_ms.min(self.duration_ms) as f64 / self.duration_ms as f64)?;
        Some((first + (size.saturating_sub(first) as f64 * share) as u64, size))
    }

    fn seek_by_demuxer(&mut self, position_ms: u64, sample_rate: u32) -> Result<(), String> {
        // Counting MP3 frames up to the target is exact, but needs all bytes before it.
        let is_estimate = self.container == Container::Mp3 && !self.is_here_up_to(position_ms);
        if !self.is_whole || (self.is_estimate && !is_estimate) {
            self.reopen_whole()?;
        }
        let preroll_ms = if self.container == Container::Flac { 0 } else { PREROLL_MS };
        let frame = position_ms.saturating_sub(preroll_ms) * u64::from(sample_rate) / 1000;
        let wanted = frame.cast_signed() + self.lead;
        let ts = match self.voice.time_base {
            Some(base) => {
                let ticks = i128::from(wanted) * i128::from(base.denom.get())
                    / (i128::from(base.numer.get()) * i128::from(sample_rate));
                Timestamp::new(ticks as i64)
            }
            None => Timestamp::new(wanted),
        };
        let mode = if is_estimate { SeekMode::Coarse } else { SeekMode::Accurate };
        self.pending = None;
        let target = SeekTo::Timestamp { ts, track_id: self.voice.track_id };
        let result = self.format.seek(mode, target);
        self.voice.decoder.reset();
        self.next_frame = None;
        self.is_estimate = is_estimate || (self.container == Container::Mp3 && result.is_err());
        match result {
            Ok(_) => Ok(()),
            // Perhaps in a later part of a chained file: that is found by going there.
            Err(Error::SeekError(SeekErrorKind::OutOfRange) | Error::ResetRequired)
                if self.container == Container::Ogg =>
            {
                self.reopen_whole()
            }
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
    /// near the target: one request where demuxers would make one per bisection step. False where
    /// the file does not tell enough.
    fn seek_by_guess(
        &mut self,
        position_ms: u64,
        sample_rate: u32,
        aim: Aim,
    ) -> Result<bool, String> {
        let plain = Reader::new(self.bytes.clone(), self.interrupt.clone(), Arc::default());
        let map = match self.container {
            Container::Flac => flac::map(plain),
            _ => ogg::map(plain, self.duration_ms),
        };
        let size = self.bytes.size_bytes();
        let (Some(mut map), Some(size)) = (map, size) else { return Ok(false) };
        // Vorbis and Opus need what lies a little before the first frame that is heard.
        let preroll_ms = if self.container == Container::Ogg { PREROLL_MS } else { 0 };
        let exact_ms = position_ms.saturating_sub(map.margin_ms);
        // Where the bytes around the target are here, being exact costs nothing.
        let is_cheap =
            self.bytes.holds(map.place(exact_ms, size), map.place(position_ms + map.unit_ms, size));
        let aim = if is_cheap { Aim::Exact } else { aim };
        let (mut guess_ms, latest_ms) = match aim {
            Aim::Exact => (exact_ms, position_ms.saturating_sub(preroll_ms)),
            Aim::Quick => {
                (position_ms.saturating_sub(map.unit_ms / 2 + preroll_ms), position_ms + LATE_MS)
            }
        };
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
                return Ok(true);
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
        let reopened = self.reopen_at(head.to_vec(), place);
        if self.interrupt.is_set() {
            return Err("interrupted".to_owned());
        }
        if reopened.is_err() {
            return Ok(u64::MAX);
        }
        for _ in 0..MAX_OTHERS {
            let Ok(Some(packet)) = self.format.next_packet() else { break };
            if packet.track_id != self.voice.track_id {
                continue;
            }
            let frame = self.voice.frames_of(packet.pts, sample_rate) - self.lead;
            self.pending = Some(packet);
            return Ok(frame.max(0).cast_unsigned() * 1000 / u64::from(sample_rate.max(1)));
        }
        Ok(u64::MAX)
    }

    /// Goes on at the byte that the share of the time suggests: all that a stream of frames
    /// without any index or count allows. False where even the length is not known.
    fn seek_raw(&mut self, position_ms: u64, sample_rate: u32) -> Result<bool, String> {
        let from_ms = position_ms.saturating_sub(PREROLL_MS).min(self.duration_ms);
        let Some((place, _)) = self.place_of(from_ms) else { return Ok(false) };
        self.reopen_at(Vec::new(), place)?;
        self.offset = (from_ms * u64::from(sample_rate) / 1000).cast_signed();
        self.is_estimate = true;
        Ok(true)
    }

    /// Sets a new demuxer in the middle of the file: it cannot seek.
    fn reopen_at(&mut self, head: Vec<u8>, place: u64) -> Result<(), String> {
        let reader = Reader::spliced(self.bytes.clone(), self.interrupt.clone(), head, place);
        self.is_whole = false;
        self.take_over(open(reader, &self.content_type)?);
        Ok(())
    }

    /// Sets a new demuxer over the whole file, at its start: it can seek by itself.
    fn reopen_whole(&mut self) -> Result<(), String> {
        // An Ogg demuxer has to see the end of the file for that.
        let is_ogg = self.container == Container::Ogg;
        let opened =
            open_whole(&self.bytes, &self.interrupt, &self.origin, &self.content_type, is_ogg)?;
        self.take_over(opened);
        self.is_whole = true;
        Ok(())
    }

    fn take_over(&mut self, (format, voice): Opened) {
        self.format = format;
        self.voice = voice;
        self.offset = 0;
        self.next_frame = None;
        self.pending = None;
        self.is_estimate = false;
    }
}
