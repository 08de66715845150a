//! Devices of the account that keep music: as many as its plan allows.

use domain::DeviceId;

use super::{Deserialize, Serialize, calls};

/// Which devices keep music, and how many may.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfflineDevices {
    /// By the plan as it is now; 0 where it allows none.
    pub n_allowed: u32,
    /// The first one first. There are more than are allowed where the plan was a better one.
    pub devices: Vec<DeviceId>,
    /// This one, where it is among them.
    pub here: Option<DeviceId>,
}

calls! {
    "offline_device_list": OfflineDeviceList {} -> OfflineDevices;
    /// Lets this device keep music.
    "offline_device_use": OfflineDeviceUse {} -> OfflineDevices;
    "offline_device_release": OfflineDeviceRelease { device: DeviceId } -> OfflineDevices;
}
