//! The blob port: content-addressed bytes.
