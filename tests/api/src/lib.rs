//! A real server over HTTP.
