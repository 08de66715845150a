//! What screens are made of.

pub mod cards;
pub mod cover;
pub mod credits;
pub mod drag;
pub mod menu;
pub mod press;
pub mod rows;
pub mod slider;
pub mod states;
pub mod toasts;
pub mod tracks;
pub mod virtual_list;
