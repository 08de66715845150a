//! Looking at the catalog.

use super::{
    Artist, ArtistId, Deserialize, PlayId, Release, ReleaseId, Serialize, Track, TrackId, calls,
};

/// One page of a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass it back for the next page; absent on the last.
    pub next_cursor: Option<String>,
    pub total: u64,
    /// Comes from this device because the server does not answer.
    pub is_stale: bool,
}

/// Sorts of the library lists; a list ignores what it does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Name,
    Artist,
    Release,
    Date,
    Added,
    Duration,
    Plays,
}

/// What a list shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ListQuery {
    pub sort: Sort,
    pub is_descending: bool,
    /// Only names that contain these words.
    pub filter: String,
    pub cursor: Option<String>,
    /// 1 to 200.
    pub limit: u32,
}

/// An artist's page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ArtistPage {
    pub artist: Artist,
    pub top_tracks: Vec<Track>,
    pub releases: Vec<Release>,
    pub appears_on: Vec<Release>,
}

/// A release's page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReleasePage {
    pub release: Release,
    pub tracks: Vec<Track>,
}

/// The home page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HomePage {
    /// Releases, newest in the catalog first.
    pub recently_added: Vec<Release>,
    /// Tracks this device played, latest first, each once.
    pub recently_played: Vec<Track>,
    /// Where listening was left off: releases played lately, most recent first.
    pub jump_back_in: Vec<Release>,
}

/// One entry of the play history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub id: PlayId,
    pub track: Track,
    pub started_at_us: i64,
    pub listened_ms: u64,
}

/// A piece of text that matched, or did not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span {
    pub text: String,
    pub is_match: bool,
}

/// Something found, with its title or name in spans.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Hit<T> {
    pub item: T,
    pub highlight: Vec<Span>,
}

/// Which group holds the best hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopKind {
    Track,
    Artist,
    Release,
}

/// What a search found, each group best first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SearchPage {
    pub query: String,
    pub top: Option<TopKind>,
    pub tracks: Vec<Hit<Track>>,
    pub artists: Vec<Hit<Artist>>,
    pub releases: Vec<Hit<Release>>,
}

calls! {
    "home_view": HomeGet {} -> HomePage;
    "search": Search { query: String, limit: u32 } -> SearchPage;
    "artist_list": ArtistList { query: ListQuery } -> Page<Artist>;
    "artist_view": ArtistGet { id: ArtistId } -> ArtistPage;
    "release_list": ReleaseList { query: ListQuery } -> Page<Release>;
    "release_view": ReleaseGet { id: ReleaseId } -> ReleasePage;
    "track_list": TrackList { query: ListQuery } -> Page<Track>;
    "track_view": TrackGet { id: TrackId } -> Track;
    "history_list": HistoryList { limit: u32 } -> Vec<HistoryEntry>;
}
