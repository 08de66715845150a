//! Demuxing and decoding of one item, trimmed to the samples that belong to the music.
//!
//! Every format is trimmed by one rule: a decoded frame has a position in the item, and frames
//! before 0, before a seek's target or behind the end are dropped. Encoder delay and padding
//! (LAME and Xing tags, Vorbis and Opus granule positions, Opus pre-skip, MP4 edit lists and
//! iTunSMPB) only shift that position. Decoders therefore run without trimming of their own.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{AudioDecoder, AudioDecoderOptions, well_known::CODEC_ID_OPUS},
        registry::CodecRegistry,
    },
    errors::{Error, SeekErrorKind},
    formats::{
        FormatOptions, FormatReader, SeekMode, SeekTo, TrackType,
        probe::Hint,
        well_known::{FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MP3, FORMAT_ID_OGG},
    },
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
    units::{TimeBase, Timestamp},
};

use super::{Chunk, edits, flac, ogg, start::Start};
use crate::source::{Bytes, Interrupt, Reader};

/// Packets in a row that may fail before the item is given up.
const MAX_BAD_PACKETS: u32 = 300;
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

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// Containers that are sought in ways of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Container {
    Flac,
    Ogg,
    Mp3,
    Other,
}

/// How exactly a seek goes to its target where the bytes there are not here yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// To the sample, wherever the format allows it.
    Exact,
    /// With few bytes: where a format has no index, a second or two beside it.
    Quick,
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
    /// The demuxer saw the end of the file and can seek by itself.
    is_seekable: bool,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
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
    is_at_end: bool,
}

/// A demuxer and its track, ready for decoding.
struct Opened {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    delay: u32,
    n_frames: Option<u64>,
    is_opus: bool,
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
        let mut opened = open_whole(&bytes, &interrupt, &origin, content_type, is_seekable);
        if opened.is_err() && !interrupt.is_set() && bytes.size_bytes().is_some() {
            // Some files can only be read from the end (an MP4 with its index there), others
            // that were cut off only from the start.
            is_seekable = !is_seekable;
            let other = open_whole(&bytes, &interrupt, &origin, content_type, is_seekable);
            opened = other.or(opened);
        }
        // Looking for the format swallows errors of reading.
        let opened = opened.map_err(|error| bytes.failure().unwrap_or(error))?;
        let info = opened.format.format_info().format;
        let container = match info {
            FORMAT_ID_FLAC => Container::Flac,
            FORMAT_ID_OGG => Container::Ogg,
            FORMAT_ID_MP3 => Container::Mp3,
            _ => Container::Other,
        };
        let (mut lead, mut end) = (0, None);
        if container == Container::Ogg && opened.is_opus {
            lead = i64::from(opened.delay);
        } else if info == FORMAT_ID_ISOMP4 {
            let reader = Reader::new(bytes.clone(), interrupt.clone(), Arc::default());
            if let Some(edit) = edits::read(reader) {
                lead = edit.lead;
                end = edit.n_frames;
            }
        } else if container == Container::Mp3 && opened.delay > 0 {
            // The demuxer trims the last packet only; padding may be longer than that.
            end = opened.n_frames;
        }
        Ok(Self {
            bytes,
            origin,
            interrupt,
            content_type: content_type.to_owned(),
            duration_ms,
            container,
            is_seekable,
            format: opened.format,
            decoder: opened.decoder,
            track_id: opened.track_id,
            time_base: opened.time_base,
            lead,
            end,
            start: 0,
            offset: 0,
            next_frame: None,
            pending: None,
            n_bad: 0,
            is_at_end: false,
        })
    }

    /// The next stretch of sound; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Chunk>, String> {
        while !self.is_at_end {
            let Some(packet) = self.next_packet()? else { break };
            if packet.track_id != self.track_id {
                continue;
            }
            if let Some(chunk) = self.decode(&packet)? {
                return Ok(Some(chunk));
            }
        }
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
                Err(error) => return Err(describe(&error)),
            }
        }
    }

    /// A chained file starts its next part: a new decoder, positions go on where they are.
    fn follow_chain(&mut self) -> Result<(), String> {
        let track = self
            .format
            .default_track(TrackType::Audio)
            .ok_or("the next part of the file has no sound")?;
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err("the next part of the file has no sound".to_owned());
        };
        self.decoder = CODECS
            .make_audio_decoder(params, &AudioDecoderOptions::default().gapless(false))
            .map_err(|error| describe(&error))?;
        self.track_id = track.id;
        self.time_base = track.time_base;
        self.offset = self.next_frame.unwrap_or(0);
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
        let decoded = match self.decoder.decode(packet) {
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
            .time_base
            .is_some_and(|base| base.numer.get() == 1 && base.denom.get() == sample_rate);
        let first = match (is_exact, self.next_frame) {
            (false, Some(next)) => next,
            _ => self.frames_of(packet.pts, sample_rate) - self.lead + self.offset,
        };
        self.next_frame = Some(first + n_frames);

        let mut from = self.start.cast_signed().max(0);
        let mut to = self.end.map_or(i64::MAX, u64::cast_signed);
        if is_exact {
            from = from.max(first.saturating_add(packet.trim_start.get().cast_signed()));
            // Only the last packets of an item hold less than they decode to.
            if packet.block_dur().get() > 0 {
                let n_valid = packet.trim_start.saturating_add(packet.dur).get();
                to = to.min(first.saturating_add(n_valid.cast_signed()));
            }
        }
        if self.end.is_some_and(|end| first >= end.cast_signed()) {
            self.is_at_end = true;
        }
        let (from, to) = (from.max(first), to.min(first + n_frames));
        if from >= to {
            return Ok(None);
        }
        let index_of = |frame: i64| (frame - first) as usize * n_channels;
        samples.truncate(index_of(to));
        samples.drain(..index_of(from));
        Ok(Some(Chunk { samples, channels: n_channels as u16, sample_rate, position: from as u64 }))
    }

    fn frames_of(&self, ts: Timestamp, sample_rate: u32) -> i64 {
        let Some(base) = self.time_base else { return ts.get() };
        let frames = i128::from(ts.get()) * i128::from(base.numer.get()) * i128::from(sample_rate)
            / i128::from(base.denom.get());
        frames as i64
    }

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

    fn sample_rate(&self) -> u32 {
        let known = self.decoder.codec_params().sample_rate;
        known.or(self.time_base.map(|base| base.denom.get())).unwrap_or(48_000).max(1)
    }
}

fn open_whole(
    bytes: &Bytes,
    interrupt: &Interrupt,
    origin: &Start,
    content_type: &str,
    is_seekable: bool,
) -> Result<Opened, String> {
    let may_seek = Arc::new(AtomicBool::new(is_seekable));
    let mut reader = Reader::new(bytes.clone(), interrupt.clone(), Arc::clone(&may_seek));
    if origin.first > 0 {
        reader = reader.from(origin.head.clone(), origin.first);
    }
    let opened = open(reader, content_type)?;
    // Looking for the format must not jump about in a file that is still coming; a seek may.
    may_seek.store(true, Ordering::Relaxed);
    Ok(opened)
}

fn open(reader: Reader, content_type: &str) -> Result<Opened, String> {
    let mut hint = Hint::new();
    hint.mime_type(content_type);
    let stream = MediaSourceStream::new(Box::new(reader), MediaSourceStreamOptions::default());
    let format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| describe(&error))?;
    let track = format.default_track(TrackType::Audio).ok_or("there is no sound in the file")?;
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err("there is no sound in the file".to_owned());
    };
    let mut params = params.clone();
    let is_opus = params.codec == CODEC_ID_OPUS;
    if is_opus {
        // The adapter would skip the start of the first packet by itself, also after a seek.
        params.extra_data = None;
    }
    let decoder = CODECS
        .make_audio_decoder(&params, &AudioDecoderOptions::default().gapless(false))
        .map_err(|error| describe(&error))?;
    Ok(Opened {
        decoder,
        track_id: track.id,
        time_base: track.time_base,
        delay: track.delay.unwrap_or(0),
        n_frames: track.num_frames,
        is_opus,
        format,
    })
}

/// An error in words for a person.
fn describe(error: &Error) -> String {
    match error {
        Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the file is cut off".to_owned()
        }
        Error::IoError(error) => error.to_string(),
        Error::Unsupported(what) if what.starts_with("aac:") => {
            "this kind of AAC (HE-AAC, perhaps) cannot be played; only AAC-LC can".to_owned()
        }
        Error::Unsupported(_) => "this is not a kind of audio that can be played".to_owned(),
        Error::LimitError(_) => "the file asks for more memory than is reasonable".to_owned(),
        other => format!("the file is damaged: {other}"),
    }
}
