//! Finding out what a stream of bytes is, and a decoder for it.

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
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    units::TimeBase,
};

use crate::{
    deck::start::Start,
    source::{Bytes, Interrupt, Reader},
};

pub(super) static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});
/// A demuxer and its track, ready for decoding.
pub(super) struct Opened {
    pub format: Box<dyn FormatReader>,
    pub decoder: Box<dyn AudioDecoder>,
    pub track_id: u32,
    pub time_base: Option<TimeBase>,
    pub delay: u32,
    pub n_frames: Option<u64>,
    pub is_opus: bool,
}

pub(super) fn open_whole(
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

pub(super) fn open(reader: Reader, content_type: &str) -> Result<Opened, String> {
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
pub(super) fn describe(error: &Error) -> String {
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
