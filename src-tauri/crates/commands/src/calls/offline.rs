//! Devices of the account that keep music, as the server has them.

use api::offline as http;
use ipc::{Fault, OfflineDevices};

use crate::{Facade, server::Request};

impl Facade {
    pub async fn offline_device_list(
        &self,
        _call: ipc::OfflineDeviceList,
    ) -> Result<OfflineDevices, Fault> {
        self.offline_devices(Request::get("/offline-devices")).await
    }

    pub async fn offline_device_use(
        &self,
        _call: ipc::OfflineDeviceUse,
    ) -> Result<OfflineDevices, Fault> {
        self.offline_devices(Request::put_empty("/offline-devices/current")).await
    }

    pub async fn offline_device_release(
        &self,
        call: ipc::OfflineDeviceRelease,
    ) -> Result<OfflineDevices, Fault> {
        let path = format!("/offline-devices/{}", call.device);
        self.offline_devices(Request::delete(&path)).await
    }

    async fn offline_devices(&self, request: Request<'_>) -> Result<OfflineDevices, Fault> {
        let view: http::OfflineDevices = self.inner.server.json(request).await?;
        let here = view.devices.iter().find(|device| device.is_current);
        Ok(OfflineDevices {
            n_allowed: view.n_allowed,
            here: here.map(|device| device.device_id),
            devices: view.devices.iter().map(|device| device.device_id).collect(),
        })
    }
}
