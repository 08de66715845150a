//! Which artist a credit means, and which release a track belongs to. Pure: no database, no
//! clock. What a release is, given its tracks, is in `domain::release`.

mod credit;
mod identity;
mod sorting;

pub use credit::{VARIOUS_ARTISTS, is_various, track_credit};
pub use identity::{
    IDENTIFIED, OWNED, ReleaseKeys, artist_mbid_key, artist_name_key, release_keys,
};
pub use sorting::{credit_sort_key, sort_key};

/// Counts into the fingerprint of a track: raised when a rule changes, so that tracks put again as
/// they were are sorted anew. The import puts known files again when its own number is raised.
pub const VERSION: u32 = 2;
