//! Which device this is to each account: asked for at sign-in, so that signing out and in again
//! does not make another device of it.

use domain::DeviceId;
use local_store::Key;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Server;
use crate::{address, clock::blocking};

/// Accounts that are kept in mind; the one that signed in longest ago goes first.
const KNOWN_MAX: usize = 32;

/// This device to one account. It is known by its address, since nothing else is at sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    server_url: String,
    email: String,
    device: DeviceId,
}

impl Known {
    fn is_of(&self, server: &Url, email: &str) -> bool {
        self.server_url == address::text(server) && self.email == folded(email)
    }
}

/// Addresses are typed in many ways.
fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

impl Server {
    pub(super) async fn known_device(&self, server: &Url, email: &str) -> Option<DeviceId> {
        let known = self.known_devices().await;
        known.iter().find(|known| known.is_of(server, email)).map(|known| known.device)
    }

    /// Before it is known whose sign-in it will be. One of another account the server passes over.
    pub(super) async fn latest_device(&self, server: &Url) -> Option<DeviceId> {
        let server_url = address::text(server);
        let known = self.known_devices().await;
        known.iter().rfind(|known| known.server_url == server_url).map(|known| known.device)
    }

    /// The address of the account has changed; the device is the same.
    pub(super) async fn rename_device(&self, server: &Url, before: &str, email: &str) {
        if let Some(device) = self.known_device(server, before).await {
            self.remember_device(server, email, device).await;
        }
    }

    /// What cannot be kept makes a new device of this one next time, and no more than that.
    pub(super) async fn remember_device(&self, server: &Url, email: &str, device: DeviceId) {
        let mut known = self.known_devices().await;
        known.retain(|known| !known.is_of(server, email));
        known.push(Known { server_url: address::text(server), email: folded(email), device });
        known.drain(..known.len().saturating_sub(KNOWN_MAX));
        let store = self.store.clone();
        if let Err(error) = blocking(move || store.set_value(Key::Devices, &known)).await {
            tracing::warn!(%error, "the id of this device was not kept");
        }
    }

    async fn known_devices(&self) -> Vec<Known> {
        let store = self.store.clone();
        match blocking(move || store.value(Key::Devices)).await {
            Ok(known) => known.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "the id of this device was not read");
                Vec::new()
            }
        }
    }
}
