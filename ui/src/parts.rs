//! What screens are made of.

pub mod avatar;
pub mod browser;
pub mod cards;
pub mod confirm;
pub mod cover;
pub mod credits;
pub mod drag;
pub mod form;
pub mod menu;
pub mod more;
pub mod press;
pub mod rows;
pub mod second_step;
pub mod segments;
pub mod slider;
pub mod states;
pub mod step_up;
pub mod switch;
pub mod toasts;
pub mod tracks;
pub mod virtual_list;
