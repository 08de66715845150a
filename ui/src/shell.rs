//! What stands around the screens.

pub mod account_menu;
pub mod passphrase;
pub mod player_bar;
pub mod queue_list;
pub mod queue_panel;
pub mod rail;
pub mod search_dialog;
pub mod shortcuts_dialog;
pub mod topbar;
pub mod transport;
