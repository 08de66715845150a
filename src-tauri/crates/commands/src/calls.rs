//! One method per call of `ipc`, by subject.

mod account;
mod audit;
mod compliance;
mod library;
mod offline;
mod play_library;
mod player;
mod privacy;
mod queue;
mod roles;
mod second_factor;
mod session;
mod settings;
mod sign_in;
