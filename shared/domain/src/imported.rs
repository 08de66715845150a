//! What an import learns about a recording, before the catalog decides where it belongs.

use serde::{Deserialize, Serialize};

use crate::{
    isrc::Isrc,
    loudness::{BlockHistogram, Loudness},
    music::{AudioFacts, Cover},
};

/// An artist as a tag credits them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CreditedArtist {
    pub name: String,
    /// MusicBrainz artist id, where tagged: tells two artists of one name apart.
    pub musicbrainz_id: Option<String>,
}

/// Tags and measurements of one audio file. Texts are trimmed, bounded and never empty.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ImportedTrack {
    /// From the tag, else from the file's name.
    pub title: String,
    /// Empty where untagged.
    pub artists: Vec<CreditedArtist>,
    /// Of the release; empty where untagged.
    pub album_artists: Vec<CreditedArtist>,
    /// `None`: a track on its own; the catalog makes it a single of its own title.
    pub release_title: Option<String>,
    pub is_compilation: bool,
    /// From 1; 1 where unknown.
    pub disc_number: u32,
    /// From 1; 0 where unknown.
    pub track_number: u32,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: Option<String>,
    pub genres: Vec<String>,
    pub isrc: Option<Isrc>,
    pub musicbrainz_recording_id: Option<String>,
    pub musicbrainz_release_id: Option<String>,
    /// Keeps releases of one title in two folders apart, and discs in sub-folders together: the
    /// folder of the release as the import sees it, opaque to the catalog.
    pub release_folder: String,
    pub cover: Option<Cover>,
    pub duration_ms: u64,
    pub audio: AudioFacts,
    /// `None` where silent.
    pub loudness: Option<Loudness>,
    /// From which the loudness of the whole release follows.
    pub loudness_blocks: BlockHistogram,
}
