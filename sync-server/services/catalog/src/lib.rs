//! Artists, releases and tracks.
