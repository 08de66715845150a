//! What screens are made of.

pub mod cards;
pub mod cover;
pub mod credits;
pub mod menu;
pub mod slider;
pub mod states;
pub mod toasts;
pub mod tracks;
pub mod virtual_list;
