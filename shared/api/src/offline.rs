//! Offline devices: those of an account that keep music.

use domain::DeviceId;
use serde::{Deserialize, Serialize};

/// Answer of `offline_device_list`, `offline_device_use` and `offline_device_release`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfflineDevices {
    /// As many as the plan of the account allows at this time; 0 where it allows none.
    pub n_allowed: u32,
    /// The first one first. There are more than are allowed where the plan was a better one: they
    /// stay, and may keep nothing until it is so again.
    pub devices: Vec<OfflineDevice>,
}

/// A device that keeps music.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfflineDevice {
    pub device_id: DeviceId,
    /// Empty where the device gave no name.
    pub device_name: String,
    pub since_us: i64,
    /// Whether it is the one that asks.
    pub is_current: bool,
}
