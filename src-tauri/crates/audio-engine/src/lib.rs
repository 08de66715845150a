//! Decode and play on an own thread.
