//! Ids, entities and rules of music that every part of MelodyUD shares.
//!
//! This crate is pure: no IO, no clock, no randomness; it compiles to wasm32.
//! It is not the HTTP contract (see `api`) nor the state of the player (see `player-core`).
//!
//! Start reading at [`music`]: what an artist, a release and a track are to a client.

pub mod access;
pub mod audit;
pub mod ids;
pub mod imported;
pub mod isrc;
pub mod loudness;
pub mod music;
pub mod plan;
pub mod queue;
pub mod release;
pub mod subject;
pub mod text;
pub mod transparency;

pub use access::{Denial, Permission, Role};
pub use ids::{
    AccountId, ActId, ArtistId, CaseId, CoverId, DeviceId, ErasureId, ExportId, ImportId,
    PasskeyId, PlayId, ReleaseId, SessionId, TrackId, UploadId,
};
pub use loudness::{BlockHistogram, Loudness, TrackLoudness};
pub use music::{
    Artist, ArtistRef, AudioFacts, Codec, Cover, Release, ReleaseKind, ReleaseRef, Track,
};
