//! What the user chose on this device.

use std::collections::BTreeMap;

use super::{Deserialize, LoudnessTarget, Normalisation, Serialize, calls};

/// Colours of the interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the operating system.
    #[default]
    System,
    Dark,
    Light,
}

/// All settings of this device.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub theme: Theme,
    pub normalisation: Normalisation,
    pub loudness_target: LoudnessTarget,
    /// Name of the output device; the system's default where absent.
    pub output_device: Option<String>,
    /// Action to key, such as `player_toggle` to `Space`; only what differs from the default.
    pub shortcuts: BTreeMap<String, String>,
    /// Whether the queue panel is open on wide windows.
    pub is_queue_open: bool,
}

/// Settings and what they can be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SettingsView {
    pub settings: Settings,
    /// Names of the output devices there are now.
    pub output_devices: Vec<String>,
    /// Version of the app.
    pub version: String,
}

calls! {
    "settings_view": SettingsGet {} -> SettingsView;
    "settings_update": SettingsUpdate { settings: Settings } -> SettingsView;
    /// The first page is there to be used.
    "interface_ready": InterfaceReady {} -> ();
}
