//! Search over tracks, artists and releases.

use domain::{Artist, Release, Track};
use serde::{Deserialize, Serialize};

/// Longest query that is looked at, in characters.
pub const QUERY_CHARS_MAX: usize = 200;

/// A piece of text that matched, or did not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    pub text: String,
    pub is_match: bool,
}

/// Something found. The spans of `highlight`, joined, are the item's title or name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit<T> {
    pub item: T,
    pub highlight: Vec<Span>,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
}

/// Which group holds the best hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    Track,
    Artist,
    Release,
}

/// Answer of `search`: each group best first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchAnswer {
    /// The query as it was understood.
    pub query: String,
    /// The group whose first hit is the top result; null where nothing was found.
    pub top: Option<SearchKind>,
    pub tracks: Vec<Hit<Track>>,
    pub artists: Vec<Hit<Artist>>,
    pub releases: Vec<Hit<Release>>,
}
