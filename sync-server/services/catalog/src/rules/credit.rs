//! Credits as tags have them, made regular.

use std::borrow::Cow;

use domain::imported::CreditedArtist;

/// Whom untagged tracks are by.
const UNKNOWN_ARTIST: &str = "Unknown Artist";

/// Whom compilations are by.
pub const VARIOUS_ARTISTS: &str = "Various Artists";

/// "Various Artists" in MusicBrainz.
const VARIOUS_MBID: &str = "89ad4ac3-39f7-470e-963a-56509c546377";

/// More names than this are not a credit but a list of thanks.
const ARTISTS_MAX: usize = 32;

/// Whether a credit says that there is no one artist.
pub fn is_various(credits: &[CreditedArtist]) -> bool {
    let [credit] = credits else { return false };
    credit.musicbrainz_id.as_deref() == Some(VARIOUS_MBID)
        || matches!(
            domain::text::words(&credit.name).join(" ").as_str(),
            "various artists" | "various" | "va" | "v a" | "various artist"
        )
}

/// Whom a track is by: its artists, else those of its release where they are people, else
/// [`UNKNOWN_ARTIST`].
pub fn track_credit<'a>(
    artists: &'a [CreditedArtist],
    album_artists: &'a [CreditedArtist],
) -> Cow<'a, [CreditedArtist]> {
    let credited = [artists, album_artists]
        .into_iter()
        .find(|credits| !credits.is_empty() && !is_various(credits));
    match credited {
        Some(credits) => Cow::Borrowed(&credits[..credits.len().min(ARTISTS_MAX)]),
        None => {
            Cow::Owned(vec![CreditedArtist { name: UNKNOWN_ARTIST.into(), musicbrainz_id: None }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credits(names: &[&str]) -> Vec<CreditedArtist> {
        let credit = |name: &&str| CreditedArtist { name: (*name).into(), musicbrainz_id: None };
        names.iter().map(credit).collect()
    }

    #[test]
    fn various_artists_has_many_spellings() {
        for name in ["Various Artists", "VARIOUS", "V.A.", "VA", "various artists "] {
            assert!(is_various(&credits(&[name])), "{name}");
        }
        for names in [&["Variety"][..], &["Various Artists", "Ann"], &[]] {
            assert!(!is_various(&credits(names)), "{names:?}");
        }
    }

    #[test]
    fn track_is_by_its_artist_else_by_that_of_its_release() {
        let by = |artists: &[&str], album: &[&str]| {
            track_credit(&credits(artists), &credits(album))
                .iter()
                .map(|c| c.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(by(&["Ann", "Bo"], &["Cy"]), ["Ann", "Bo"]);
        assert_eq!(by(&[], &["Cy"]), ["Cy"]);
        assert_eq!(by(&["Various Artists"], &["Cy"]), ["Cy"]);
        assert_eq!(by(&[], &["Various Artists"]), ["Unknown Artist"]);
        assert_eq!(by(&[], &[]), ["Unknown Artist"]);
    }
}
