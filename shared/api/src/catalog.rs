//! Artists, releases, tracks, covers and streams.

use domain::{Artist, Release, Track};
use serde::{Deserialize, Serialize};

/// One page of a list. Pass `next_cursor` as `cursor` for the next; it is null on the last.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
    /// How many there are in all, under the same filters.
    pub total: u64,
}

/// Direction of a sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    #[default]
    Asc,
    Desc,
}

/// What `artist_list` sorts by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArtistSort {
    #[default]
    Name,
    Added,
}

/// What `release_list` sorts by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseSort {
    #[default]
    Title,
    Artist,
    Date,
    Added,
}

/// What `track_list` sorts by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrackSort {
    #[default]
    Title,
    Artist,
    Release,
    Duration,
    Added,
    Plays,
}

/// Answer of `artist_view`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtistView {
    pub artist: Artist,
    /// The most played, at most ten.
    pub top_tracks: Vec<Track>,
    /// The artist's own, newest first.
    pub releases: Vec<Release>,
    /// By others or various, with tracks of this artist, newest first.
    pub appears_on: Vec<Release>,
}

/// Answer of `release_view`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    pub release: Release,
    /// By disc, then number.
    pub tracks: Vec<Track>,
}

/// Answer of `stream_url_create`: for players that cannot send headers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamUrl {
    /// Path and query, relative to the server.
    pub url: String,
    /// Microseconds since 1970.
    pub expires_at_us: i64,
}
