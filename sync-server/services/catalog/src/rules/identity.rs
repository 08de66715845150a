//! Keys under which artists and releases are known. Two credits, or two tracks, that share a
//! key mean the same artist, or the same release.

use domain::{
    imported::{CreditedArtist, ImportedTrack},
    text::fold_name,
};

use super::credit::is_various;

/// The key of a MusicBrainz artist id, where tagged.
pub fn artist_mbid_key(credit: &CreditedArtist) -> Option<String> {
    let id = credit.musicbrainz_id.as_deref()?.trim();
    (!id.is_empty()).then(|| format!("mb:{}", id.to_lowercase()))
}

/// The key of an artist's name: folded, so that case and marks do not matter.
pub fn artist_name_key(name: &str) -> String {
    hashed("name", [name])
}

/// Under which keys the release of a track is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleaseKeys {
    /// By MusicBrainz id and folder, where tagged.
    pub id: Option<String>,
    /// By title, owner and folder; or by being a track on its own.
    pub own: String,
    /// By title and folder alone, where that may decide.
    pub shared: Option<String>,
    /// Whether the owner is tagged. Else it is a guess: the artist of the track.
    pub is_owned: bool,
}

/// The keys of a track's release.
///
/// A release is a title, an album artist and a folder: copies in two folders are two releases,
/// even with one MusicBrainz id. Within a folder that id tells releases of one title apart, and
/// tracks without it join. Tracks without an album artist join the release of that title in
/// their folder: that of their own artist if there is one, else the first. A track without a
/// release title is a single.
pub fn release_keys(track: &ImportedTrack) -> ReleaseKeys {
    let folder = track.release_folder.as_str();
    let id = track.musicbrainz_release_id.as_deref().map(|id| hashed(IDENTIFIED, [id, folder]));
    let Some(title) = &track.release_title else {
        let own = hashed("single", [&track.title, &names(&track.artists), folder]);
        return ReleaseKeys { id, own, shared: None, is_owned: true };
    };
    let is_various = is_various(&track.album_artists);
    let is_owned = is_various || !track.album_artists.is_empty() || track.is_compilation;
    let owner = if is_various || (track.album_artists.is_empty() && track.is_compilation) {
        "\u{1}various".to_owned()
    } else if track.album_artists.is_empty() {
        names(&track.artists)
    } else {
        names(&track.album_artists)
    };
    ReleaseKeys {
        id,
        own: hashed(OWNED, [title, &owner, folder]),
        shared: Some(hashed("shared", [title, folder])),
        is_owned,
    }
}

/// Kind of the keys that name a MusicBrainz release.
pub const IDENTIFIED: &str = "mb";

/// Kind of the keys that name an owner.
pub const OWNED: &str = "release";

fn names(credits: &[CreditedArtist]) -> String {
    credits.iter().map(|credit| credit.name.as_str()).collect::<Vec<_>>().join("\u{2}")
}

/// One key of bounded length from texts of any length. Texts are folded and their blanks made
/// single; the separator cannot come from a tag that was trimmed of control characters.
fn hashed<const N: usize>(kind: &str, texts: [&str; N]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        for word in fold_name(text).split_whitespace() {
            hasher.update(word.as_bytes()).update(b" ");
        }
        hasher.update(b"\x1f");
    }
    format!("{kind}:{}", &hasher.finalize().to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::track;

    fn same(a: &ImportedTrack, b: &ImportedTrack) -> bool {
        release_keys(a).own == release_keys(b).own
    }

    #[test]
    fn names_match_whatever_their_case_marks_and_blanks() {
        assert_eq!(artist_name_key("Sigur Rós"), artist_name_key("sigur  ROS "));
        assert_ne!(artist_name_key("Sigur Rós"), artist_name_key("Sigur Rose"));
    }

    #[test]
    fn release_is_title_album_artist_and_folder() {
        let base = track("One").by(&["Ann"]).on("Blue").album_by(&["Ann"]).build();
        let other = track("Two").by(&["Ann", "Bo"]).on("BLUE").album_by(&["ann"]).build();
        assert!(same(&base, &other));
        let elsewhere =
            track("Two").by(&["Ann"]).on("Blue").album_by(&["Ann"]).in_folder("b").build();
        assert!(!same(&base, &elsewhere));
        let by_bo = track("Two").by(&["Bo"]).on("Blue").album_by(&["Bo"]).build();
        assert!(!same(&base, &by_bo));
    }

    #[test]
    fn names_differ_where_marks_are_sounds() {
        assert_ne!(artist_name_key("はと"), artist_name_key("ばと"));
        assert_ne!(artist_name_key("कि"), artist_name_key("के"));
    }

    #[test]
    fn without_album_artist_title_and_folder_are_shared() {
        let a = release_keys(&track("One").by(&["Ann"]).on("Blue").build());
        let b = release_keys(&track("Two").by(&["Bo"]).on("BLUE").build());
        assert_eq!(a.shared, b.shared);
        assert!(!a.is_owned && a.own != b.own);
        let tagged =
            release_keys(&track("Three").by(&["Cy"]).on("Blue").album_by(&["Ann"]).build());
        assert!(tagged.is_owned && tagged.own == a.own && tagged.shared == a.shared);
        let flagged = track("Four").by(&["Cy"]).on("Blue").with(|t| t.is_compilation = true);
        assert!(release_keys(&flagged.build()).is_owned);
    }

    #[test]
    fn untitled_releases_are_singles() {
        let a = track("One").by(&["Ann"]).build();
        assert!(same(&a, &track("one").by(&["Ann"]).build()));
        assert!(!same(&a, &track("Two").by(&["Ann"]).build()));
        assert!(!same(&a, &track("One").by(&["Ann"]).on("One").build()));
    }
}
