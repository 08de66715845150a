//! Identity and sessions.
