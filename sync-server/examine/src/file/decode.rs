//! Decodes all of a file once: what it is, how long, how loud, and whether it is whole.

use std::sync::LazyLock;

use domain::music::{AudioFacts, Codec};
use symphonia::core::{
    audio::{Audio as _, GenericAudioBufferRef},
    codecs::{
        CodecParameters,
        audio::{
            AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
            well_known as codec,
        },
        registry::CodecRegistry,
    },
    common::Limit,
    errors::Error as DecodeError,
    formats::{
        FormatId, FormatOptions, FormatReader, Track, TrackType,
        probe::{Hint, Probe},
        well_known as format,
    },
    io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
};

use super::{
    Flaw,
    meter::{Measured, Meter},
    mp4::Playable,
    tags,
};

/// A file is refused where more of it than this is lost: it would be noticed.
const LOST_SHARE_MAX: f64 = 0.02;
/// Longest programme, in seconds: 48 hours.
const SECONDS_MAX: u64 = 48 * 3_600;
/// Bytes read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Said of what is of no known kind.
pub const NOT_AUDIO: &str = "its content is not audio of a kind that can be played";

/// A file that decodes.
pub struct Decoded {
    pub audio: AudioFacts,
    pub duration_ms: u64,
    pub measured: Measured,
    /// Tags as the decoder's library reads them.
    pub tags: Vec<lofty::tag::Tag>,
    /// What is not quite right with it, in words.
    pub remark: Option<String>,
}

static PROBE: LazyLock<Probe> = LazyLock::new(|| {
    use symphonia::default::{formats, meta};
    let mut probe = Probe::new();
    probe.register_format::<formats::AdtsReader<'_>>();
    probe.register_format::<formats::FlacReader<'_>>();
    probe.register_format::<formats::IsoMp4Reader<'_>>();
    probe.register_format::<formats::MpaReader<'_>>();
    probe.register_format::<formats::AiffReader<'_>>();
    probe.register_format::<formats::WavReader<'_>>();
    probe.register_format::<formats::OggReader<'_>>();
    probe.register_metadata::<meta::ApeReader<'_>>();
    probe.register_metadata::<meta::Id3v1Reader<'_>>();
    probe.register_metadata::<meta::Id3v2Reader<'_>>();
    probe
});

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// Decodes to the end. `playable` is what an MP4 says of itself; pictures of more than
/// `pictures_max` bytes are passed over.
pub fn decode<'s>(
    source: Box<dyn MediaSource + 's>,
    extension: &str,
    size_bytes: u64,
    pictures_max: usize,
    playable: impl FnOnce() -> Option<Playable>,
) -> Result<Decoded, Flaw> {
    let stream =
        MediaSourceStream::new(source, MediaSourceStreamOptions { buffer_len: BUFFER_BYTES });
    let mut hint = Hint::new();
    hint.with_extension(extension);
    let metadata = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(pictures_max));
    let mut reader = PROBE
        .probe(&hint, stream, FormatOptions::default(), metadata)
        .map_err(|error| unreadable(&error))?;
    let tags = tags::of_decoder(&mut reader.metadata());
    let container = reader.format_info().format;
    let track = reader.default_track(TrackType::Audio).ok_or("there is no sound in it")?.clone();
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err("there is no sound in it".into());
    };
    let kind = known_codec(params.codec).ok_or("its sound is of a kind that cannot be played")?;
    let span = Span::of(&track, params, container, playable);
    let mut run = Run::new(params, &span)?;
    run.drain(reader.as_mut(), track.id)?;
    Ok(Decoded { tags, ..run.finish(kind, container, &span, size_bytes)? })
}

fn unreadable(error: &DecodeError) -> Flaw {
    match error {
        DecodeError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Flaw::unreadable(error)
        }
        _ => NOT_AUDIO.into(),
    }
}

fn known_codec(id: AudioCodecId) -> Option<Codec> {
    Some(match id {
        codec::CODEC_ID_MP1 | codec::CODEC_ID_MP2 | codec::CODEC_ID_MP3 => Codec::Mp3,
        codec::CODEC_ID_FLAC => Codec::Flac,
        codec::CODEC_ID_VORBIS => Codec::Vorbis,
        codec::CODEC_ID_OPUS => Codec::Opus,
        codec::CODEC_ID_AAC => Codec::Aac,
        codec::CODEC_ID_ALAC => Codec::Alac,
        _ if is_pcm(id) => Codec::Pcm,
        _ => return None,
    })
}

fn is_pcm(id: AudioCodecId) -> bool {
    use codec::{
        CODEC_ID_PCM_ALAW, CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE,
        CODEC_ID_PCM_F64LE, CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S8, CODEC_ID_PCM_S16BE,
        CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
    };
    [
        CODEC_ID_PCM_ALAW,
        CODEC_ID_PCM_F32BE,
        CODEC_ID_PCM_F32LE,
        CODEC_ID_PCM_F64BE,
        CODEC_ID_PCM_F64LE,
        CODEC_ID_PCM_MULAW,
        CODEC_ID_PCM_S8,
        CODEC_ID_PCM_S16BE,
        CODEC_ID_PCM_S16LE,
        CODEC_ID_PCM_S24BE,
        CODEC_ID_PCM_S24LE,
        CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_S32LE,
        CODEC_ID_PCM_U8,
    ]
    .contains(&id)
}

/// Media type a file is served with.
fn content_type(container: FormatId) -> &'static str {
    match container {
        format::FORMAT_ID_MP1 | format::FORMAT_ID_MP2 | format::FORMAT_ID_MP3 => "audio/mpeg",
        format::FORMAT_ID_FLAC => "audio/flac",
        format::FORMAT_ID_OGG => "audio/ogg",
        format::FORMAT_ID_ADTS => "audio/aac",
        format::FORMAT_ID_WAVE => "audio/wav",
        format::FORMAT_ID_AIFF => "audio/aiff",
        _ => "audio/mp4",
    }
}

/// Which frames of what the decoder yields play, and how many there should be.
struct Span {
    skip: u64,
    take: u64,
    /// As the container has it; `None` where it does not say, or only guesses.
    expected: Option<u64>,
    /// Whether the demuxer marks what to trim, so that the decoder does it.
    is_trimmed_by_decoder: bool,
}

impl Span {
    fn of(
        track: &Track,
        params: &AudioCodecParameters,
        container: FormatId,
        playable: impl FnOnce() -> Option<Playable>,
    ) -> Self {
        let all = Self { skip: 0, take: u64::MAX, expected: None, is_trimmed_by_decoder: false };
        let rate_hz = u64::from(params.sample_rate.unwrap_or(0));
        match container {
            // Without LAME's tag the number of frames is a guess from the bit rate.
            format::FORMAT_ID_MP3 | format::FORMAT_ID_MP2 | format::FORMAT_ID_MP1 => {
                match (track.delay, track.num_frames) {
                    (Some(delay), Some(n_frames)) => Self {
                        skip: u64::from(delay),
                        take: n_frames,
                        expected: Some(n_frames),
                        ..all
                    },
                    _ => all,
                }
            }
            format::FORMAT_ID_OGG => {
                let start = u64::try_from(track.start_ts.get()).unwrap_or(0);
                // Positions in Opus count what is to be skipped (RFC 7845, section 4.3).
                let pre_skip = match params.codec {
                    codec::CODEC_ID_OPUS => u64::from(track.delay.unwrap_or(0)),
                    _ => 0,
                };
                let expected = track.num_frames.map(|end| end.saturating_sub(start + pre_skip));
                Self { expected, is_trimmed_by_decoder: true, ..all }
            }
            format::FORMAT_ID_ISOMP4 => {
                let Some(playable) = playable() else {
                    return Self { expected: track.num_frames, ..all };
                };
                let frames =
                    |n: u64| n.saturating_mul(rate_hz) / u64::from(playable.per_second.max(1));
                let skip = frames(playable.skip);
                // An edit list counts in the movie's scale, often milliseconds; where the track
                // itself ends within one, it is the exact one.
                let to_end = track.num_frames.map(|n| n.saturating_sub(skip));
                let take = match (playable.take.map(frames), to_end) {
                    (Some(take), Some(to_end)) if take.abs_diff(to_end) <= rate_hz / 500 => to_end,
                    (Some(take), _) => take,
                    (None, to_end) => to_end.unwrap_or(u64::MAX),
                };
                Self { skip, take, expected: to_end.map(|to_end| to_end.min(take)), ..all }
            }
            format::FORMAT_ID_ADTS => all,
            // A header written before the length was known says "as long as can be".
            format::FORMAT_ID_WAVE => {
                let frame_bytes = u64::from(params.bits_per_sample.unwrap_or(16) / 8)
                    * params.channels.as_ref().map_or(1, |c| c.count() as u64);
                let expected =
                    track.num_frames.filter(|n| n.saturating_mul(frame_bytes) < 0xffff_f000);
                Self { expected, ..all }
            }
            _ => Self { expected: track.num_frames.filter(|n| *n > 0), ..all },
        }
    }
}

/// One file under way.
struct Run {
    decoder: Box<dyn AudioDecoder>,
    /// Of the output gain that players apply.
    amplitude: f32,
    options: AudioDecoderOptions,
    skip_left: u64,
    take_left: u64,
    /// Known from the first packet that decodes.
    sound: Option<Sound>,
    scratch: Vec<Vec<f32>>,
    n_coded_bytes: u64,
    /// Frames of packets that did not decode.
    n_lost: u64,
    /// Where the last packet ends, in frames.
    end: u64,
    has_ended_early: bool,
}

struct Sound {
    meter: Meter,
    rate_hz: u32,
    n_channels: usize,
    n_frames: u64,
}

impl Run {
    fn new(params: &AudioCodecParameters, span: &Span) -> Result<Self, String> {
        let options = AudioDecoderOptions::default().gapless(span.is_trimmed_by_decoder);
        Ok(Self {
            decoder: make_decoder(params, options)?,
            amplitude: amplitude(params),
            options,
            skip_left: span.skip,
            take_left: span.take,
            sound: None,
            scratch: Vec::new(),
            n_coded_bytes: 0,
            n_lost: 0,
            end: 0,
            has_ended_early: false,
        })
    }

    fn drain(&mut self, reader: &mut dyn FormatReader, first_track: u32) -> Result<(), Flaw> {
        let mut track_id = first_track;
        loop {
            let packet = match reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == track_id => packet,
                Ok(Some(_)) => continue,
                Ok(None) => return Ok(()),
                // The next of several streams in one Ogg file.
                Err(DecodeError::ResetRequired) => {
                    let Some(track) = reader.default_track(TrackType::Audio) else {
                        return Ok(());
                    };
                    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
                        return Ok(());
                    };
                    self.decoder = make_decoder(params, self.options)?;
                    self.amplitude = amplitude(params);
                    track_id = track.id;
                    continue;
                }
                Err(DecodeError::IoError(error))
                    if error.kind() != std::io::ErrorKind::UnexpectedEof =>
                {
                    return Err(Flaw::unreadable(&error));
                }
                Err(_) => {
                    self.has_ended_early = true;
                    return Ok(());
                }
            };
            self.n_coded_bytes += packet.data.len() as u64;
            let end = packet.pts.saturating_add(packet.dur).get();
            self.end = self.end.max(u64::try_from(end).unwrap_or(0));
            match self.decoder.decode(&packet) {
                Ok(buffer) => {
                    let is_same = take(
                        &buffer,
                        self.amplitude,
                        &mut self.sound,
                        &mut self.scratch,
                        &mut self.skip_left,
                        &mut self.take_left,
                    )?;
                    if !is_same {
                        self.n_lost += packet.dur.get();
                    }
                }
                Err(_) => self.n_lost += packet.dur.get(),
            }
            if let Some(sound) = &self.sound
                && sound.n_frames / u64::from(sound.rate_hz) > SECONDS_MAX
            {
                return Err("it is longer than 48 hours".into());
            }
        }
    }

    fn finish(
        self,
        codec: Codec,
        container: FormatId,
        span: &Span,
        size_bytes: u64,
    ) -> Result<Decoded, String> {
        let Some(sound) = self.sound.filter(|sound| sound.n_frames > 0) else {
            return Err("none of its sound can be decoded".to_owned());
        };
        let Sound { meter, rate_hz, n_channels, n_frames } = sound;
        let n_missing = span.expected.unwrap_or(0).saturating_sub(n_frames);
        let n_lost = n_missing.max(self.n_lost);
        let share = n_lost as f64 / (n_frames + n_lost) as f64;
        let clock = |n: u64| {
            let seconds = n / u64::from(rate_hz);
            format!("{}:{:02}", seconds / 60, seconds % 60)
        };
        // What is missing at the end is cut off, if the file ends there as well; what is missing
        // before it, or is there and cannot be read, is damage.
        let ends_early =
            span.expected.is_some_and(|all| self.end.saturating_add(n_missing / 2) <= all);
        let is_cut = ends_early && self.n_coded_bytes >= size_bytes / 2;
        if share > LOST_SHARE_MAX {
            return Err(if is_cut {
                format!(
                    "it is cut off: only {} of {} are there",
                    clock(n_frames),
                    clock(n_frames + n_lost)
                )
            } else {
                format!(
                    "it is damaged: {:.0} % of its sound cannot be decoded",
                    (share * 100.0).max(1.0)
                )
            });
        }
        let n_lost_ms = n_lost * 1_000 / u64::from(rate_hz);
        let remark = if n_lost > 0 && n_lost_ms > 0 {
            Some(format!("{n_lost_ms} ms of its sound are damaged or missing"))
        } else {
            self.has_ended_early.then(|| "it ends in something that is not sound".to_owned())
        };
        let params = self.decoder.codec_params();
        let seconds = n_frames as f64 / f64::from(rate_hz);
        Ok(Decoded {
            audio: AudioFacts {
                codec,
                content_type: content_type(container).to_owned(),
                sample_rate_hz: rate_hz,
                bits_per_sample: bits_per_sample(codec, params),
                n_channels: n_channels as u32,
                bitrate_bps: (self.n_coded_bytes as f64 * 8.0 / seconds) as u32,
                size_bytes,
            },
            duration_ms: (seconds * 1_000.0).round() as u64,
            measured: meter.finish(),
            tags: Vec::new(),
            remark,
        })
    }
}

/// Of lossless sound only; ALAC's stands in its configuration.
fn bits_per_sample(codec: Codec, params: &AudioCodecParameters) -> Option<u32> {
    let coded = || Some(u32::from(*params.extra_data.as_ref()?.get(5)?));
    let bits = match codec {
        Codec::Alac => params.bits_per_sample.or_else(coded),
        _ => params.bits_per_sample,
    };
    bits.filter(|bits| codec.is_lossless() && (1..=64).contains(bits))
}

fn make_decoder(
    params: &AudioCodecParameters,
    options: AudioDecoderOptions,
) -> Result<Box<dyn AudioDecoder>, String> {
    CODECS.make_audio_decoder(params, &options).map_err(|error| match error {
        DecodeError::Unsupported(what) => {
            format!("its sound is in a form that cannot be played ({what})")
        }
        _ => "its sound is in a form that cannot be played".to_owned(),
    })
}

fn amplitude(params: &AudioCodecParameters) -> f32 {
    let head = params.extra_data.as_deref().filter(|_| params.codec == codec::CODEC_ID_OPUS);
    head.and_then(domain::loudness::opus_amplitude).unwrap_or(1.0)
}

/// Hands what plays of a buffer to the meter; false where its form changed in mid-stream.
fn take(
    buffer: &GenericAudioBufferRef<'_>,
    amplitude: f32,
    sound: &mut Option<Sound>,
    scratch: &mut Vec<Vec<f32>>,
    skip_left: &mut u64,
    take_left: &mut u64,
) -> Result<bool, String> {
    let (rate_hz, n_channels) = (buffer.spec().rate(), buffer.spec().channels().count());
    let sound = if let Some(sound) = sound {
        sound
    } else {
        let meter = Meter::new(rate_hz, n_channels).ok_or_else(|| {
            format!("it says it has {rate_hz} samples per second and {n_channels} channels")
        })?;
        sound.insert(Sound { meter, rate_hz, n_channels, n_frames: 0 })
    };
    if (sound.rate_hz, sound.n_channels) != (rate_hz, n_channels) {
        return Ok(false);
    }
    let n_frames = buffer.frames();
    let from = (n_frames as u64).min(*skip_left) as usize;
    let to = from + ((n_frames - from) as u64).min(*take_left) as usize;
    *skip_left -= from as u64;
    *take_left -= (to - from) as u64;
    if from == to {
        return Ok(true);
    }
    let is_plain = (amplitude - 1.0).abs() < f32::EPSILON;
    if let (GenericAudioBufferRef::F32(samples), true) = (buffer, is_plain) {
        let planes: Vec<&[f32]> = samples.iter_planes().map(|plane| &plane[from..to]).collect();
        sound.meter.feed(&planes);
    } else {
        buffer.copy_to_vecs_planar(scratch);
        if !is_plain {
            scratch.iter_mut().flatten().for_each(|sample| *sample *= amplitude);
        }
        let planes: Vec<&[f32]> = scratch.iter().map(|plane| &plane[from..to]).collect();
        sound.meter.feed(&planes);
    }
    sound.n_frames += (to - from) as u64;
    Ok(true)
}
