//! Demuxing and decoding of one item, trimmed to the samples that belong to the music.
//!
//! Every format is trimmed by one rule: a decoded frame has a position in the item, and frames
//! before 0, before a seek's target or behind the end are dropped. Encoder delay and padding
//! (LAME and Xing tags, Vorbis and Opus granule positions, Opus pre-skip, MP4 edit lists and
//! iTunSMPB) only shift that position. Decoders therefore run without trimming of their own.

mod open;
mod seek;
mod verdict;

use std::sync::Arc;

use symphonia::core::{
    errors::Error,
    formats::{
        FormatId, FormatReader,
        well_known::{
            FORMAT_ID_ADTS, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MP1, FORMAT_ID_MP2,
            FORMAT_ID_MP3, FORMAT_ID_OGG,
        },
    },
    packet::Packet,
};

use super::{Chunk, edits, ogg, start::Start};
use crate::source::{Bytes, Interrupt, Reader};
use open::{Opened, Voice, describe, open_whole};
pub use seek::Aim;
use verdict::Tally;

/// Packets in a row that may fail before the item is given up.
const MAX_BAD_PACKETS: u32 = 300;

/// Containers that are sought in ways of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Container {
    Flac,
    Ogg,
    /// MPEG audio of any layer, without a container.
    Mp3,
    Mp4,
    Other,
}

/// An open item.
pub struct Decode {
    bytes: Bytes,
    /// Where the bytes begin that are of use.
    origin: Start,
    interrupt: Interrupt,
    content_type: String,
    duration_ms: u64,
    container: Container,
    /// The demuxer stands over the whole file and can seek in it; else a seek opens it anew.
    is_whole: bool,
    /// Positions since the last seek are guessed from bytes.
    is_estimate: bool,
    format: Box<dyn FormatReader>,
    voice: Voice,
    /// Frames before the music, as the container counts.
    lead: i64,
    end: Option<u64>,
    /// Frames before this one are dropped.
    start: u64,
    /// What is to be added to positions of a demuxer that was set in the middle of a file.
    offset: i64,
    next_frame: Option<i64>,
    /// Read already, to learn where the demuxer is.
    pending: Option<Packet>,
    n_bad: u32,
    tally: Tally,
    is_at_end: bool,
}

impl Decode {
    pub fn open(
        bytes: Bytes,
        interrupt: Interrupt,
        content_type: &str,
        duration_ms: u64,
    ) -> Result<Self, String> {
        let plain = || Reader::new(bytes.clone(), interrupt.clone(), Arc::default());
        let is_here = bytes.is_here();
        // An Ogg demuxer that can would search the end of the file first; a seek opens it anew.
        let mut is_seekable = is_here && !ogg::is_ogg(plain());
        let origin = if is_here { Start::default() } else { Start::find(plain()) };
        let open = |is_seekable| open_whole(&bytes, &interrupt, &origin, content_type, is_seekable);
        let mut opened = open(is_seekable);
        if opened.is_err() && !interrupt.is_set() && bytes.size_bytes().is_some() {
            // Some files can only be read from the end (an MP4 with its index there), others
            // that were cut off only from the start.
            is_seekable = !is_seekable;
            opened = open(is_seekable).or(opened);
        }
        if is_seekable
            && opened.as_ref().is_ok_and(|(format, _)| guesses_its_length(format.as_ref()))
        {
            opened = open(false);
        }
        // Looking for the format swallows errors of reading.
        let (format, voice) = opened.map_err(|error| bytes.failure().unwrap_or(error))?;
        let info = format.format_info().format;
        let container = match info {
            FORMAT_ID_FLAC => Container::Flac,
            FORMAT_ID_OGG => Container::Ogg,
            FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 => Container::Mp3,
            FORMAT_ID_ISOMP4 => Container::Mp4,
            _ => Container::Other,
        };
        let (mut lead, mut end) = (0, None);
        if container == Container::Ogg {
            lead = voice.ogg_lead();
        } else if container == Container::Mp4 {
            if let Some(edit) = edits::read(plain()) {
                lead = edit.lead;
                end = edit.n_frames;
            }
        } else if container == Container::Mp3 && voice.delay > 0 {
            // The demuxer trims the last packet only; padding may be longer than that.
            end = voice.n_frames;
        }
        // An interrupted look at tags or edits is taken for one that found none.
        if interrupt.is_set() {
            return Err("interrupted".to_owned());
        }
        let tally = Tally::of(&voice, info, end, duration_ms);
        Ok(Self {
            bytes,
            origin,
            interrupt,
            content_type: content_type.to_owned(),
            duration_ms,
            container,
            is_whole: container != Container::Ogg || is_seekable,
            is_estimate: false,
            format,
            voice,
            lead,
            end,
            start: 0,
            offset: 0,
            next_frame: None,
            pending: None,
            n_bad: 0,
            tally,
            is_at_end: false,
        })
    }

    /// The next stretch of sound; `None` at the end. An error there says what was missing.
    pub fn next(&mut self) -> Result<Option<Chunk>, String> {
        while !self.is_at_end {
            let Some(packet) = self.next_packet()? else { break };
            if packet.track_id != self.voice.track_id {
                continue;
            }
            if let Some(chunk) = self.decode(&packet)? {
                return Ok(Some(chunk));
            }
        }
        self.verdict()?;
        Ok(None)
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, String> {
        if let Some(packet) = self.pending.take() {
            return Ok(Some(packet));
        }
        loop {
            match self.format.next_packet() {
                Ok(packet) => return Ok(packet),
                // A file that was cut off plays as far as it goes.
                Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                Err(Error::ResetRequired) => self.follow_chain()?,
                Err(error @ Error::DecodeError(_)) => self.count_bad(&error)?,
                Err(error) => {
                    // Broken off in the middle of a frame: counting frames goes on wrongly.
                    self.is_estimate |= self.container == Container::Mp3;
                    return Err(describe(&error));
                }
            }
        }
    }

    /// A chained file starts its next part: a new decoder, positions go on where they are.
    fn follow_chain(&mut self) -> Result<(), String> {
        self.voice = Voice::of(self.format.as_ref())?;
        if self.container == Container::Ogg {
            self.lead = self.voice.ogg_lead();
        }
        self.offset = self.next_frame.unwrap_or(0);
        // What the part has before its music is not to be heard again.
        self.start = self.start.max(self.offset.max(0).cast_unsigned());
        self.next_frame = None;
        Ok(())
    }

    fn count_bad(&mut self, error: &Error) -> Result<(), String> {
        self.n_bad += 1;
        if self.n_bad > MAX_BAD_PACKETS {
            return Err(format!("the file is damaged: {error}"));
        }
        Ok(())
    }

    /// Decodes one packet; `None` where all of it was trimmed away or unreadable.
    fn decode(&mut self, packet: &Packet) -> Result<Option<Chunk>, String> {
        let decoded = match self.voice.decoder.decode(packet) {
            Ok(decoded) => decoded,
            Err(error @ (Error::DecodeError(_) | Error::IoError(_))) => {
                self.count_bad(&error)?;
                return Ok(None);
            }
            Err(error) => return Err(describe(&error)),
        };
        self.n_bad = 0;
        let sample_rate = decoded.spec().rate();
        let n_channels = decoded.spec().channels().count();
        let n_frames = i64::try_from(decoded.frames()).unwrap_or(i64::MAX);
        if n_frames == 0 {
            return Ok(None);
        }
        if sample_rate == 0 || n_channels == 0 || n_channels > 32 {
            return Err("the file has an impossible layout".to_owned());
        }
        let mut samples = Vec::new();
        decoded.copy_to_vec_interleaved::<f32>(&mut samples);

        let is_exact = self
            .voice
            .time_base
            .is_some_and(|base| base.numer.get() == 1 && base.denom.get() == sample_rate);
        let first = match (is_exact, self.next_frame) {
            (false, Some(next)) => next,
            _ => self.voice.frames_of(packet.pts, sample_rate) - self.lead + self.offset,
        };
        self.tally.note_gap(self.next_frame, first, sample_rate);
        let mut from = self.start.cast_signed().max(0);
        let mut to = self.end.map_or(i64::MAX, u64::cast_signed);
        if is_exact {
            from = from.max(first.saturating_add(packet.trim_start.get().cast_signed()));
            // Only the last packets of an item hold less than they decode to.
            if packet.block_dur().get() > 0 && self.may_end_with(packet) {
                let n_valid = packet.trim_start.saturating_add(packet.dur).get();
                to = to.min(first.saturating_add(n_valid.cast_signed()));
            }
        }
        if self.end.is_some_and(|end| first >= end.cast_signed()) {
            self.is_at_end = true;
        }
        let to = to.clamp(first, first + n_frames);
        let from = from.max(first);
        self.next_frame = Some(to);
        if from >= to {
            return Ok(None);
        }
        let index_of = |frame: i64| (frame - first) as usize * n_channels;
        samples.truncate(index_of(to));
        samples.drain(..index_of(from));
        if self.voice.is_opus {
            for sample in &mut samples {
                *sample *= self.voice.amplitude;
            }
        }
        Ok(Some(Chunk { samples, channels: n_channels as u16, sample_rate, position: from as u64 }))
    }

    /// Whether the item may end within this packet. A packet's duration in MP4 is the way to the
    /// next one, and writers are off at times: ffmpeg, in what it makes of a long Ogg file, takes
    /// from one packet what it gave to the one before.
    fn may_end_with(&self, packet: &Packet) -> bool {
        let n_frames = self.voice.n_frames.filter(|_| self.container == Container::Mp4);
        let to = packet.pts.get().saturating_add_unsigned(packet.block_dur().get());
        n_frames.is_none_or(|n_frames| to.cast_unsigned() >= n_frames)
    }
}

/// Demuxers of bare frames guess the length from the first few where they can, and trim to it:
/// wrong for variable bit rates without a header.
fn guesses_its_length(format: &dyn FormatReader) -> bool {
    let guessing: [FormatId; 4] = [FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3, FORMAT_ID_ADTS];
    guessing.contains(&format.format_info().format)
}
