//! Finding out what a stream of bytes is, and a decoder for the sound in it.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use domain::loudness;
use symphonia::core::{
    audio::Channels,
    codecs::{
        CodecParameters,
        audio::{
            AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
            well_known::{CODEC_ID_AAC, CODEC_ID_OPUS},
        },
        registry::CodecRegistry,
    },
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    units::{TimeBase, Timestamp},
};

use crate::{
    deck::start::Start,
    source::{Bytes, Interrupt, Reader},
};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// Said of a file without any.
pub const SILENT: &str = "there is no sound in the file";

/// The sound in a file: its track, and a decoder for that.
pub struct Voice {
    pub decoder: Box<dyn AudioDecoder>,
    pub track_id: u32,
    pub time_base: Option<TimeBase>,
    pub delay: u32,
    pub n_frames: Option<u64>,
    pub is_opus: bool,
    /// What every sample is multiplied by: an Opus header may ask for it.
    pub amplitude: f32,
}

/// A demuxer and the sound it brings.
pub type Opened = (Box<dyn FormatReader>, Voice);

pub fn open_whole(
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

pub fn open(reader: Reader, content_type: &str) -> Result<Opened, String> {
    let mut hint = Hint::new();
    hint.mime_type(content_type);
    let stream = MediaSourceStream::new(Box::new(reader), MediaSourceStreamOptions::default());
    let format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| describe(&error))?;
    let voice = Voice::of(format.as_ref())?;
    Ok((format, voice))
}

impl Voice {
    pub fn of(format: &dyn FormatReader) -> Result<Self, String> {
        let track = format.default_track(TrackType::Audio).ok_or(SILENT)?;
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(SILENT.to_owned());
        };
        let mut params = params.clone();
        let is_opus = params.codec == CODEC_ID_OPUS;
        let mut amplitude = 1.0;
        if is_opus {
            // The adapter would skip the start of the first packet by itself, also after a seek.
            let head = params.extra_data.take();
            amplitude = head.as_deref().and_then(loudness::opus_amplitude).unwrap_or(1.0);
        }
        let decoder = CODECS
            .make_audio_decoder(&params, &AudioDecoderOptions::default().gapless(false))
            .map_err(|error| refusal(&params, &error))?;
        Ok(Self {
            decoder,
            track_id: track.id,
            time_base: track.time_base,
            delay: track.delay.unwrap_or(0),
            n_frames: track.num_frames,
            is_opus,
            amplitude,
        })
    }

    /// Frames of an Ogg stream before its music.
    pub fn ogg_lead(&self) -> i64 {
        if self.is_opus { i64::from(self.delay) } else { 0 }
    }

    pub fn sample_rate(&self) -> u32 {
        let known = self.decoder.codec_params().sample_rate;
        known.or(self.time_base.map(|base| base.denom.get())).unwrap_or(48_000).max(1)
    }

    pub fn frames_of(&self, ts: Timestamp, sample_rate: u32) -> i64 {
        let Some(base) = self.time_base else { return ts.get() };
        let frames = i128::from(ts.get()) * i128::from(base.numer.get()) * i128::from(sample_rate)
            / i128::from(base.denom.get());
        frames as i64
    }
}

/// Why there is no decoder, in words for a person.
fn refusal(params: &AudioCodecParameters, error: &Error) -> String {
    let is_surround = match params.codec {
        CODEC_ID_AAC => aac_channels(params) > 2,
        CODEC_ID_OPUS => params.channels.as_ref().is_some_and(|channels| channels.count() > 2),
        _ => false,
    };
    if is_surround {
        let name = if params.codec == CODEC_ID_AAC { "AAC" } else { "Opus" };
        return format!("{name} with more than two channels cannot be played");
    }
    describe(error)
}

/// Channels of AAC: of its own configuration (ISO/IEC 14496-3, section 1.6.2.1) where there is one.
fn aac_channels(params: &AudioCodecParameters) -> usize {
    match params.extra_data.as_deref() {
        Some([_, second, ..]) => usize::from(second >> 3 & 0xf),
        _ => params.channels.as_ref().map_or(0, Channels::count),
    }
}

/// An error in words for a person.
pub fn describe(error: &Error) -> String {
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
