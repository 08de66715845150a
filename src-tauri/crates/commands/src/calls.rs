//! One method per call of `ipc`, by subject.

mod library;
mod play_library;
mod player;
mod queue;
mod session;
mod settings;
