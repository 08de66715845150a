//! Plays, reported by players, possibly days later.

use domain::{PlayId, TrackId};
use serde::{Deserialize, Serialize};

/// A stream counts after this much listening.
pub const PLAY_COUNTS_AFTER_MS: u64 = 30_000;

/// Largest batch of `play_report`.
pub const PLAYS_PER_REPORT_MAX: usize = 500;

/// One play of one track.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// Made by the player; a play reported twice counts once.
    pub id: PlayId,
    pub track_id: TrackId,
    /// When it began, microseconds since 1970.
    pub started_at_us: i64,
    /// How much was heard, pauses left out.
    pub listened_ms: u64,
}

/// Body of `play_report`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlayReport {
    /// At most 500.
    #[cfg_attr(feature = "openapi", schema(max_items = 500))]
    pub plays: Vec<Play>,
}

/// Answer of `play_report`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlayReceipt {
    /// Taken now.
    pub n_accepted: u64,
    /// Known already, of an unknown track, older than 30 days, or of someone who has their data kept
    /// and not used: not to be sent again.
    pub n_ignored: u64,
}
