//! The player against an engine that obeys: stories of listeners, and what always holds.

mod properties;
mod rig;
mod stories;
