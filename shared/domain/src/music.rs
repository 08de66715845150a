//! Artists, releases and tracks as every client sees them.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ArtistId, CoverId, ReleaseId, TrackId},
    isrc::Isrc,
    loudness::TrackLoudness,
};

/// A cover and the colour that stands for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cover {
    pub id: CoverId,
    /// Ambient colour drawn from the image, `#rrggbb`.
    pub colour: String,
}

/// Whom a track or release is by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtistRef {
    pub id: ArtistId,
    pub name: String,
}

/// An artist.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Artist {
    pub id: ArtistId,
    pub name: String,
    /// Cover of the artist's newest release that has one.
    pub cover: Option<Cover>,
    /// Releases credited to the artist as a whole.
    pub n_releases: u32,
    /// Tracks credited to the artist, on any release.
    pub n_tracks: u32,
    /// Microseconds since 1970.
    pub added_at_us: i64,
}

/// What kind of release.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseKind {
    Album,
    Ep,
    Single,
    /// Tracks by various artists.
    Compilation,
}

impl ReleaseKind {
    /// From what a release holds, where its tags do not say: a compilation by its flag, a
    /// single up to three tracks under ten minutes each, an EP up to six under thirty
    /// minutes in all, an album above (the usual rule of digital distributors).
    pub fn infer(is_compilation: bool, n_tracks: usize, total_ms: u64, longest_ms: u64) -> Self {
        const MINUTE_MS: u64 = 60_000;
        if is_compilation {
            Self::Compilation
        } else if n_tracks <= 3 && longest_ms < 10 * MINUTE_MS {
            Self::Single
        } else if n_tracks <= 6 && total_ms < 30 * MINUTE_MS {
            Self::Ep
        } else {
            Self::Album
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Album => "album",
            Self::Ep => "ep",
            Self::Single => "single",
            Self::Compilation => "compilation",
        }
    }

    /// The inverse of [`ReleaseKind::as_str`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Album, Self::Ep, Self::Single, Self::Compilation]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Where a track is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseRef {
    pub id: ReleaseId,
    pub title: String,
}

/// A release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    pub id: ReleaseId,
    pub title: String,
    /// At least one; in the order of the credit.
    pub artists: Vec<ArtistRef>,
    pub kind: ReleaseKind,
    /// `2024`, `2024-05` or `2024-05-17`, as precise as is known.
    pub date: Option<String>,
    pub genres: Vec<String>,
    pub cover: Option<Cover>,
    pub n_tracks: u32,
    pub duration_ms: u64,
    /// Microseconds since 1970.
    pub added_at_us: i64,
}

/// How a track's audio is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    Mp3,
    Flac,
    Vorbis,
    Opus,
    Aac,
    Alac,
    /// Uncompressed samples, in WAV or AIFF.
    Pcm,
}

impl Codec {
    pub const ALL: [Self; 7] =
        [Self::Mp3, Self::Flac, Self::Vorbis, Self::Opus, Self::Aac, Self::Alac, Self::Pcm];

    pub const fn is_lossless(self) -> bool {
        matches!(self, Self::Flac | Self::Alac | Self::Pcm)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Flac => "flac",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
            Self::Aac => "aac",
            Self::Alac => "alac",
            Self::Pcm => "pcm",
        }
    }

    /// The inverse of [`Codec::as_str`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.as_str() == name)
    }
}

/// Facts about a track's audio, measured on import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AudioFacts {
    pub codec: Codec,
    /// Media type the stream is served with, such as `audio/flac`.
    pub content_type: String,
    pub sample_rate_hz: u32,
    /// Of lossless audio only.
    pub bits_per_sample: Option<u32>,
    pub n_channels: u32,
    /// Mean over the whole file.
    pub bitrate_bps: u32,
    pub size_bytes: u64,
}

impl AudioFacts {
    /// What the quality badge says: `FLAC 24/96`, `Opus 96`.
    pub fn badge(&self) -> String {
        let name = match self.codec {
            Codec::Mp3 => "MP3",
            Codec::Flac => "FLAC",
            Codec::Vorbis => "Vorbis",
            Codec::Opus => "Opus",
            Codec::Aac => "AAC",
            Codec::Alac => "ALAC",
            Codec::Pcm => "PCM",
        };
        match self.bits_per_sample {
            Some(bits) if self.codec.is_lossless() => {
                format!("{name} {bits}/{}", f64::from(self.sample_rate_hz) / 1000.0)
            }
            _ => format!("{name} {}", (self.bitrate_bps + 500) / 1000),
        }
    }
}

/// One recording on one release.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Track {
    pub id: TrackId,
    pub title: String,
    /// At least one; in the order of the credit.
    pub artists: Vec<ArtistRef>,
    pub release: ReleaseRef,
    pub cover: Option<Cover>,
    /// From 1.
    pub disc_number: u32,
    /// From 1; 0 where unknown.
    pub track_number: u32,
    pub duration_ms: u64,
    pub genres: Vec<String>,
    pub date: Option<String>,
    pub isrc: Option<Isrc>,
    pub audio: AudioFacts,
    pub loudness: TrackLoudness,
    /// Plays that counted (at least 30 s each).
    pub n_plays: u64,
    /// False while the file behind the track is missing.
    pub is_available: bool,
    /// Microseconds since 1970.
    pub added_at_us: i64,
}

/// `A`, `A & B`, `A, B & C`: a credit as people write it.
pub fn credit(artists: &[ArtistRef]) -> String {
    match artists {
        [] => String::new(),
        [one] => one.name.clone(),
        [rest @ .., last] => {
            let head = rest.iter().map(|a| a.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("{head} & {}", last.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badge_tells_depth_of_lossless_and_rate_of_lossy() {
        let mut facts = AudioFacts {
            codec: Codec::Flac,
            content_type: "audio/flac".into(),
            sample_rate_hz: 44_100,
            bits_per_sample: Some(16),
            n_channels: 2,
            bitrate_bps: 800_000,
            size_bytes: 1,
        };
        assert_eq!(facts.badge(), "FLAC 16/44.1");
        facts.codec = Codec::Opus;
        facts.bits_per_sample = None;
        facts.bitrate_bps = 95_700;
        assert_eq!(facts.badge(), "Opus 96");
    }

    #[test]
    fn kind_follows_what_the_release_holds() {
        assert_eq!(ReleaseKind::infer(true, 1, 1, 1), ReleaseKind::Compilation);
        assert_eq!(ReleaseKind::infer(false, 1, 200_000, 200_000), ReleaseKind::Single);
        assert_eq!(ReleaseKind::infer(false, 1, 2_000_000, 2_000_000), ReleaseKind::Album);
        assert_eq!(ReleaseKind::infer(false, 5, 1_200_000, 300_000), ReleaseKind::Ep);
        assert_eq!(ReleaseKind::infer(false, 12, 2_400_000, 300_000), ReleaseKind::Album);
    }
}
