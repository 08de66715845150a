//! What a release is, given its tracks.

use std::{collections::HashMap, hash::Hash};

use crate::{ArtistId, BlockHistogram, Cover, Loudness, ReleaseKind};

/// A release carries at most this many genres, the most frequent ones.
const GENRES_MAX: usize = 8;

/// What one track says about its release.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub disc_number: u32,
    pub track_number: u32,
    pub duration_ms: u64,
    /// Title of the release as this track has it; its own title where it is on its own.
    pub album_title: String,
    /// Empty where untagged, or various.
    pub album_artists: Vec<ArtistId>,
    pub artists: Vec<ArtistId>,
    /// By its flag, or by an album artist that says so.
    pub is_compilation: bool,
    pub date: Option<String>,
    pub genres: Vec<String>,
    pub cover: Option<Cover>,
    pub loudness: Option<Loudness>,
    pub loudness_blocks: BlockHistogram,
    pub n_plays: u64,
    pub added_at_us: i64,
}

/// What follows for the release.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    pub title: String,
    /// `None`: by various artists.
    pub artists: Option<Vec<ArtistId>>,
    pub kind: ReleaseKind,
    pub date: Option<String>,
    pub genres: Vec<String>,
    pub cover: Option<Cover>,
    pub n_tracks: u32,
    pub duration_ms: u64,
    pub loudness: Option<Loudness>,
    pub n_plays: u64,
    /// When its first track came.
    pub added_at_us: i64,
}

/// Sums up the tracks of a release; `None` where there are none.
pub fn summarise(mut parts: Vec<Part>) -> Option<Facts> {
    parts.sort_by_key(|part| (part.disc_number, part.track_number));
    let title = most_frequent(parts.iter().map(|part| &part.album_title))?.clone();
    let artists = artists(&parts);
    let is_compilation = artists.is_none() || parts.iter().any(|part| part.is_compilation);
    let duration_ms = parts.iter().map(|part| part.duration_ms).sum();
    let longest_ms = parts.iter().map(|part| part.duration_ms).max()?;
    Some(Facts {
        title,
        artists,
        kind: ReleaseKind::infer(is_compilation, parts.len(), duration_ms, longest_ms),
        date: most_frequent(parts.iter().filter_map(|part| part.date.as_ref())).cloned(),
        genres: genres(&parts),
        cover: most_frequent(parts.iter().filter_map(|part| part.cover.as_ref().map(|c| &c.id)))
            .and_then(|id| {
                parts.iter().filter_map(|part| part.cover.clone()).find(|c| c.id == *id)
            }),
        n_tracks: u32::try_from(parts.len()).unwrap_or(u32::MAX),
        duration_ms,
        loudness: loudness(&parts),
        n_plays: parts.iter().map(|part| part.n_plays).sum(),
        added_at_us: parts.iter().map(|part| part.added_at_us).min()?,
    })
}

/// The album artist where tags name one. Without: the artists that all tracks have in common as
/// a whole, else the first name that all of them share (guests come after it).
fn artists(parts: &[Part]) -> Option<Vec<ArtistId>> {
    let tagged = parts.iter().map(|part| &part.album_artists).filter(|artists| !artists.is_empty());
    if let Some(artists) = most_frequent(tagged) {
        return Some(artists.clone());
    }
    if parts.iter().any(|part| part.is_compilation) {
        return None;
    }
    let credit = &parts.first()?.artists;
    if parts.iter().all(|part| part.artists == *credit) {
        return Some(credit.clone());
    }
    let first = credit.first()?;
    parts.iter().all(|part| part.artists.first() == Some(first)).then(|| vec![*first])
}

fn genres(parts: &[Part]) -> Vec<String> {
    let mut counts = Vec::<(&str, usize)>::new();
    for genre in parts.iter().flat_map(|part| &part.genres) {
        match counts.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(genre)) {
            Some((_, count)) => *count += 1,
            None => counts.push((genre, 1)),
        }
    }
    // Stable: genres of equal weight stay in the order of the tracks.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().take(GENRES_MAX).map(|(genre, _)| genre.to_owned()).collect()
}

/// As one programme: the blocks of all tracks gated together, and the highest peak of any.
fn loudness(parts: &[Part]) -> Option<Loudness> {
    let integrated_lufs =
        BlockHistogram::integrated_lufs(parts.iter().map(|part| &part.loudness_blocks))?;
    let peaks = parts.iter().filter_map(|part| part.loudness).map(|l| l.true_peak_dbtp);
    let true_peak_dbtp = peaks.reduce(f64::max)?;
    Some(Loudness { integrated_lufs, true_peak_dbtp })
}

/// The value that comes most often; of equals, the one that comes first.
fn most_frequent<'a, T: Eq + Hash + 'a>(values: impl Iterator<Item = &'a T>) -> Option<&'a T> {
    let mut counts = HashMap::<&T, (usize, usize)>::new();
    for (idx, value) in values.enumerate() {
        counts.entry(value).or_insert((0, idx)).0 += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, (count, first_idx))| (*count, std::cmp::Reverse(*first_idx)))
        .map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artist(n: u8) -> ArtistId {
        ArtistId::new(1, [n; 10])
    }

    fn part(artists: &[u8]) -> Part {
        Part {
            disc_number: 1,
            track_number: 1,
            duration_ms: 200_000,
            album_title: "Blue".into(),
            album_artists: Vec::new(),
            artists: artists.iter().map(|n| artist(*n)).collect(),
            is_compilation: false,
            date: None,
            genres: Vec::new(),
            cover: None,
            loudness: None,
            loudness_blocks: BlockHistogram::default(),
            n_plays: 0,
            added_at_us: 5,
        }
    }

    fn by(parts: Vec<Part>) -> Option<Vec<ArtistId>> {
        summarise(parts).unwrap().artists
    }

    #[test]
    fn artists_are_what_the_tracks_share() {
        assert_eq!(by(vec![part(&[1, 2]), part(&[1, 2])]), Some(vec![artist(1), artist(2)]));
        assert_eq!(by(vec![part(&[1]), part(&[1, 3])]), Some(vec![artist(1)]));
        assert_eq!(by(vec![part(&[1]), part(&[2])]), None);
        let tagged = Part { album_artists: vec![artist(7)], ..part(&[1]) };
        assert_eq!(by(vec![tagged, part(&[2])]), Some(vec![artist(7)]));
        let flagged = Part { is_compilation: true, ..part(&[1]) };
        assert_eq!(by(vec![flagged]), None);
    }

    #[test]
    fn date_title_genres_and_cover_go_by_the_majority() {
        let cover =
            |n: u8| Cover { id: crate::CoverId::from_hash([n; 32]), colour: "#112233".into() };
        let with = |date: &str, genres: &[&str], cover_n: Option<u8>, number| Part {
            date: Some(date.into()),
            genres: genres.iter().map(|g| (*g).to_owned()).collect(),
            cover: cover_n.map(cover),
            track_number: number,
            ..part(&[1])
        };
        let facts = summarise(vec![
            with("2001", &["Pop"], Some(2), 3),
            with("1999", &["Rock", "Pop"], Some(1), 1),
            with("1999", &["pop"], Some(2), 2),
        ])
        .unwrap();
        assert_eq!(facts.date.as_deref(), Some("1999"));
        assert_eq!(facts.genres, ["Pop", "Rock"]);
        assert_eq!(facts.cover, Some(cover(2)));
        assert_eq!((facts.n_tracks, facts.duration_ms), (3, 600_000));
    }

    #[test]
    fn loudness_gates_all_tracks_together_and_keeps_the_highest_peak() {
        let measured = |lufs: f64, peak: f64| Part {
            loudness: Some(Loudness { integrated_lufs: lufs, true_peak_dbtp: peak }),
            loudness_blocks: BlockHistogram::from_blocks(vec![lufs; 100]),
            ..part(&[1])
        };
        let facts = summarise(vec![measured(-10.0, -0.5), measured(-40.0, -12.0)]).unwrap();
        let loudness = facts.loudness.unwrap();
        assert!((loudness.integrated_lufs + 10.0).abs() < 0.06, "{loudness:?}");
        assert!((loudness.true_peak_dbtp + 0.5).abs() < f64::EPSILON);
        assert_eq!(summarise(vec![part(&[1])]).unwrap().loudness, None);
    }

    #[test]
    fn nothing_is_no_release() {
        assert_eq!(summarise(Vec::new()), None);
    }
}
