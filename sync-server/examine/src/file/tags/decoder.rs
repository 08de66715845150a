//! Tags as the decoder's library reads them: what is odd to one library is plain to another.

use lofty::{
    picture::{Picture, PictureType},
    tag::{ItemKey, ItemValue, Tag, TagExt as _, TagItem, TagType},
};
use symphonia::core::meta::{
    Metadata, MetadataRevision, RawValue, StandardTag as Standard, StandardVisualKey,
};

/// One tag for each that is in the file, in their order.
pub(crate) fn of_decoder(metadata: &mut Metadata<'_>) -> Vec<Tag> {
    let mut tags = Vec::new();
    while let Some(revision) = metadata.pop() {
        tags.push(tag(&revision));
    }
    tags.extend(metadata.current().map(tag));
    tags.retain(|tag| !tag.is_empty());
    tags
}

fn tag(revision: &MetadataRevision) -> Tag {
    // The kind that takes every key.
    let mut tag = Tag::new(TagType::VorbisComments);
    for found in &revision.media.tags {
        let Some(key) = key(&found.raw.key, found.std.as_ref()) else { continue };
        let values = match &found.raw.value {
            RawValue::StringList(values) => values.to_vec(),
            value => vec![value.to_string()],
        };
        for value in values {
            tag.push(TagItem::new(key, ItemValue::Text(value)));
        }
    }
    for visual in &revision.media.visuals {
        let kind = match visual.usage {
            Some(StandardVisualKey::FrontCover) => PictureType::CoverFront,
            Some(StandardVisualKey::Media) => PictureType::Media,
            Some(StandardVisualKey::Leaflet) => PictureType::Leaflet,
            Some(StandardVisualKey::Other) | None => PictureType::Other,
            Some(_) => PictureType::Undefined(u8::MAX),
        };
        tag.push_picture(Picture::unchecked(visual.data.to_vec()).pic_type(kind).build());
    }
    tag
}

fn key(raw: &str, standard: Option<&Standard>) -> Option<ItemKey> {
    Some(match (raw, standard) {
        // The date as it was written; its day and month have frames of their own in ID3v2.3.
        ("TYER" | "TYE" | "TDRC", _) => ItemKey::RecordingDate,
        ("TDAT" | "TDA" | "TIME" | "TIM", _) => return None,
        // `3 of 12` is no number in the standard's way.
        ("TRCK" | "TRK", _) => ItemKey::TrackNumber,
        ("TPOS" | "TPA", _) => ItemKey::DiscNumber,
        (_, Some(standard)) => match standard {
            Standard::TrackTitle(_) => ItemKey::TrackTitle,
            Standard::Artist(_) => ItemKey::TrackArtist,
            Standard::Album(_) => ItemKey::AlbumTitle,
            Standard::AlbumArtist(_) => ItemKey::AlbumArtist,
            Standard::TrackNumber(_) => ItemKey::TrackNumber,
            Standard::DiscNumber(_) => ItemKey::DiscNumber,
            Standard::OriginalReleaseDate(_) | Standard::OriginalReleaseYear(_) => {
                ItemKey::OriginalReleaseDate
            }
            Standard::RecordingDate(_) | Standard::RecordingYear(_) => ItemKey::RecordingDate,
            Standard::ReleaseDate(_) | Standard::ReleaseYear(_) => ItemKey::ReleaseDate,
            Standard::Genre(_) => ItemKey::Genre,
            Standard::CompilationFlag(_) => ItemKey::FlagCompilation,
            Standard::IdentIsrc(_) => ItemKey::Isrc,
            Standard::MusicBrainzArtistId(_) => ItemKey::MusicBrainzArtistId,
            Standard::MusicBrainzAlbumArtistId(_) => ItemKey::MusicBrainzReleaseArtistId,
            Standard::MusicBrainzAlbumId(_) => ItemKey::MusicBrainzReleaseId,
            Standard::MusicBrainzRecordingId(_) => ItemKey::MusicBrainzRecordingId,
            Standard::ReplayGainTrackGain(_) => ItemKey::ReplayGainTrackGain,
            Standard::ReplayGainTrackPeak(_) => ItemKey::ReplayGainTrackPeak,
            _ => return None,
        },
        _ => return None,
    })
}
