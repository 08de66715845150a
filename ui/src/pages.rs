//! The screens, one file for each route.

pub mod artist;
pub mod compliance;
pub mod home;
pub mod library;
pub mod playing;
pub mod queue;
pub mod release;
pub mod search;
pub mod settings;
pub mod sign_in;
pub mod unknown;
