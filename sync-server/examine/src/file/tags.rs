//! Tags, as they are found in libraries, made into clean values.
//!
//! Several tags in one file are asked in order: the container's own first, then others (an MP3
//! may hold ID3v2, APE and ID3v1), then the same tags as the decoder's library reads them, which
//! stumbles over other oddities; a field comes whole from the first tag that has it.

mod date;
mod decoder;
mod genre;
mod text;

use std::io::{Read, Seek};

use domain::{imported::CreditedArtist, isrc::Isrc, loudness::Loudness};
use lofty::{
    config::{GlobalOptions, ParseOptions, ParsingMode, apply_global_options},
    file::{FileType, TaggedFileExt as _},
    picture::{Picture, PictureType},
    probe::Probe,
    tag::{ItemKey, Tag},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use decoder::of_decoder;
use text::NAME_CHARS_MAX;
pub use text::{TITLE_CHARS_MAX, clean};

/// Largest single tag item that is read; covers of albums in FLAC come close to this.
const ITEM_BYTES_MAX: usize = 48 * 1024 * 1024;
/// Most bytes between the tags at the start of a file and its first frame.
const JUNK_BYTES_MAX: usize = 256 * 1024;
/// Largest cover that is handed on.
pub(crate) const COVER_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Most artists of one credit.
const N_ARTISTS_MAX: usize = 50;
const N_GENRES_MAX: usize = 20;
/// MusicBrainz' "Various Artists".
const VARIOUS_ARTISTS_ID: &str = "89ad4ac3-39f7-470e-963a-56509c546377";

/// What the tags of a file say. Texts are clean, bounded and never empty.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Tags {
    pub title: Option<String>,
    pub artists: Vec<CreditedArtist>,
    pub album_artists: Vec<CreditedArtist>,
    pub release_title: Option<String>,
    pub is_compilation: bool,
    pub disc_number: Option<u32>,
    pub track_number: Option<u32>,
    pub date: Option<String>,
    pub genres: Vec<String>,
    pub isrc: Option<Isrc>,
    pub musicbrainz_recording_id: Option<String>,
    pub musicbrainz_release_id: Option<String>,
    /// What ReplayGain or R128 tags claim. It stands in only where nothing could be measured:
    /// a measurement is exact, tags may be of another encoding of the recording.
    pub tagged_loudness: Option<Loudness>,
}

/// The tags of a file, those to be asked first in front.
pub(crate) fn find(source: impl Read + Seek, extension: &str) -> Vec<Tag> {
    read(source, extension).unwrap_or_default()
}

fn read(source: impl Read + Seek, extension: &str) -> Option<Vec<Tag>> {
    apply_global_options(GlobalOptions::new().allocation_limit(ITEM_BYTES_MAX));
    // One odd frame costs itself, not all others.
    let options = ParseOptions::new()
        .read_properties(false)
        .parsing_mode(ParsingMode::Relaxed)
        .max_junk_bytes(JUNK_BYTES_MAX);
    let mut probe =
        Probe::new(std::io::BufReader::new(source)).options(options).guess_file_type().ok()?;
    if probe.file_type().is_none() {
        probe = probe.set_file_type(FileType::from_ext(extension)?);
    }
    let file = probe.read().ok()?;
    let primary = file.primary_tag_type();
    let mut tags = file.tags().to_vec();
    tags.sort_by_key(|tag| (tag.tag_type() != primary, is_poor(tag)));
    Some(tags)
}

/// What the tags say together, and the front cover.
pub(crate) fn sum_up(tags: &[Tag], is_id3v2_3: bool) -> (Tags, Option<Vec<u8>>) {
    (Fields { tags, is_id3v2_3 }.tags(), front_cover(tags).map(<[u8]>::to_vec))
}

/// ID3v1 cuts texts at 30 bytes: the last to be asked.
fn is_poor(tag: &Tag) -> bool {
    tag.tag_type() == lofty::tag::TagType::Id3v1
}

/// Values by key over all tags of a file.
struct Fields<'a> {
    tags: &'a [Tag],
    is_id3v2_3: bool,
}

impl Fields<'_> {
    fn tags(&self) -> Tags {
        let album_artists = self.credit(
            ItemKey::AlbumArtists,
            ItemKey::AlbumArtist,
            ItemKey::MusicBrainzReleaseArtistId,
            false,
        );
        let is_various = album_artists.iter().any(|artist| {
            artist.musicbrainz_id.as_deref() == Some(VARIOUS_ARTISTS_ID)
                || matches!(
                    domain::text::fold(&artist.name).as_str(),
                    "various artists" | "various" | "va" | "v.a." | "v/a"
                )
        });
        let is_flagged = self
            .first(ItemKey::FlagCompilation, 10)
            .is_some_and(|flag| matches!(flag.to_lowercase().as_str(), "1" | "true" | "yes"));
        Tags {
            title: self.first(ItemKey::TrackTitle, TITLE_CHARS_MAX),
            artists: self.credit(
                ItemKey::TrackArtists,
                ItemKey::TrackArtist,
                ItemKey::MusicBrainzArtistId,
                true,
            ),
            album_artists: if is_various { Vec::new() } else { album_artists },
            release_title: self.first(ItemKey::AlbumTitle, TITLE_CHARS_MAX),
            is_compilation: is_flagged || is_various,
            disc_number: self.number(ItemKey::DiscNumber),
            track_number: self.number(ItemKey::TrackNumber),
            date: date::best(
                [
                    ItemKey::OriginalReleaseDate,
                    ItemKey::RecordingDate,
                    ItemKey::ReleaseDate,
                    ItemKey::Year,
                ]
                .into_iter()
                .flat_map(|key| self.all(key, 40)),
            ),
            genres: genre::normalise(self.all(ItemKey::Genre, NAME_CHARS_MAX), N_GENRES_MAX),
            isrc: self.all(ItemKey::Isrc, 60).iter().find_map(|text| Isrc::parse(text).ok()),
            musicbrainz_recording_id: self.musicbrainz_id(ItemKey::MusicBrainzRecordingId),
            musicbrainz_release_id: self.musicbrainz_id(ItemKey::MusicBrainzReleaseId),
            tagged_loudness: self.tagged_loudness(),
        }
    }

    /// Clean values of a key, from the first tag that has any.
    fn all(&self, key: ItemKey, chars_max: usize) -> Vec<String> {
        self.tags
            .iter()
            .map(|tag| {
                tag.get_strings(key)
                    .flat_map(|value| value.split('\0'))
                    .take(N_ARTISTS_MAX)
                    .filter_map(|value| clean(value, chars_max))
                    .collect::<Vec<_>>()
            })
            .find(|values| !values.is_empty())
            .unwrap_or_default()
    }

    fn first(&self, key: ItemKey, chars_max: usize) -> Option<String> {
        self.all(key, chars_max).into_iter().next()
    }

    /// `3`, `03`, `3/12`, `3 of 12`, `3/`; vinyl's `A1` has no number of its own. From the first
    /// tag that has one: what is odd to one library is 0 to it.
    fn number(&self, key: ItemKey) -> Option<u32> {
        self.tags.iter().find_map(|tag| {
            let text = clean(tag.get_string(key)?, 20)?;
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok().filter(|number| (1..=9_999).contains(number))
        })
    }

    fn musicbrainz_ids(&self, key: ItemKey) -> Vec<String> {
        self.all(key, 1_000)
            .iter()
            .flat_map(|text| text.split([';', '/', ',']))
            .filter_map(|text| Uuid::try_parse(text.trim()).ok())
            .map(|id| id.as_hyphenated().to_string())
            .collect()
    }

    fn musicbrainz_id(&self, key: ItemKey) -> Option<String> {
        self.musicbrainz_ids(key).into_iter().next()
    }

    /// The list of names where the tag holds one, else the written credit taken apart.
    fn credit(
        &self,
        list_key: ItemKey,
        credit_key: ItemKey,
        id_key: ItemKey,
        may_feature: bool,
    ) -> Vec<CreditedArtist> {
        let ids = self.musicbrainz_ids(id_key);
        let listed = text::split_list(&self.all(list_key, NAME_CHARS_MAX), ids.len());
        let written = self.all(credit_key, NAME_CHARS_MAX);
        let mut names = if listed.is_empty() {
            text::split_credit(&written, self.is_id3v2_3, may_feature)
        } else {
            listed
        };
        // One id says that it is one artist, whatever signs are in the name.
        if ids.len() == 1 && written.len() == 1 && names.len() > 1 {
            names = written;
        }
        names.truncate(N_ARTISTS_MAX);
        let has_ids = ids.len() == names.len();
        let mut ids = ids.into_iter();
        names
            .into_iter()
            .map(|name| CreditedArtist {
                name,
                musicbrainz_id: if has_ids { ids.next() } else { None },
            })
            .collect()
    }

    /// ReplayGain 2.0 aims at -18 LUFS; R128 gains (RFC 7845, section 5.2.1) at -23 LUFS, in
    /// 1/256 dB.
    fn tagged_loudness(&self) -> Option<Loudness> {
        let number = |key| {
            let text = self.first(key, 40)?;
            text.split_whitespace().next()?.parse::<f64>().ok().filter(|n| n.is_finite())
        };
        let integrated_lufs = number(ItemKey::ReplayGainTrackGain)
            .map(|gain_db| -18.0 - gain_db)
            .or_else(|| number(ItemKey::R128TrackGain).map(|gain| -23.0 - gain / 256.0))
            .filter(|lufs| (-70.0..=10.0).contains(lufs))?;
        let peak = number(ItemKey::ReplayGainTrackPeak).filter(|peak| (1e-6..=16.0).contains(peak));
        Some(Loudness {
            integrated_lufs,
            true_peak_dbtp: peak.map_or(0.0, |peak| 20.0 * peak.log10()),
        })
    }
}

/// The front cover, else any picture that is not of a person or an event, else the first.
fn front_cover(tags: &[Tag]) -> Option<&[u8]> {
    let fits =
        |picture: &&Picture| picture.data().len() <= COVER_BYTES_MAX && is_image(picture.data());
    let rank = |picture: &&Picture| match picture.pic_type() {
        PictureType::CoverFront => 0,
        PictureType::Other | PictureType::Undefined(_) => 1,
        PictureType::Media | PictureType::Leaflet => 2,
        _ => 3,
    };
    tags.iter().flat_map(Tag::pictures).filter(fits).min_by_key(rank).map(Picture::data)
}

/// By its first bytes: JPEG, PNG, WebP, GIF or BMP.
pub fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
        || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
        || bytes.starts_with(b"GIF8")
        || bytes.starts_with(b"BM")
}
