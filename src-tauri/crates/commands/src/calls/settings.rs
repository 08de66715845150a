//! What the listener chose on this device.

use std::sync::PoisonError;

use ipc::{Event, Fault, Settings, SettingsView};
use local_store::Key;

use crate::{Facade, clock::blocking, fault};

/// Most shortcuts, and longest name or key of one.
const SHORTCUTS_MAX: (usize, usize) = (100, 100);

impl Facade {
    pub async fn settings_view(&self, _call: ipc::SettingsGet) -> Result<SettingsView, Fault> {
        let settings = self.settings();
        Ok(SettingsView {
            settings,
            // Asks the sound system, which may take its time.
            output_devices: blocking(audio_engine::output_devices).await,
            version: self.inner.config.version.clone(),
        })
    }

    /// Tells the log, which tells how long a start takes.
    pub fn interface_ready(
        &self,
        _call: ipc::InterfaceReady,
    ) -> impl Future<Output = Result<(), Fault>> + use<> {
        tracing::info!("the interface is ready to use");
        self.inner.news.release();
        std::future::ready(Ok(()))
    }

    pub async fn settings_update(&self, call: ipc::SettingsUpdate) -> Result<SettingsView, Fault> {
        let settings = call.settings;
        let (n_max, len_max) = SHORTCUTS_MAX;
        let is_long = |text: &String| text.len() > len_max;
        if settings.shortcuts.len() > n_max
            || settings.shortcuts.iter().any(|(action, key)| is_long(action) || is_long(key))
        {
            return Err(fault::invalid("These are too many shortcuts.", "Remove some."));
        }
        let (store, kept) = (self.inner.store.clone(), settings.clone());
        blocking(move || store.set_value(Key::Settings, &kept))
            .await
            .map_err(|error| fault::device(&error))?;
        *self.inner.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        self.inner.player.settings(settings).await;
        let view = self.settings_view(ipc::SettingsGet {}).await?;
        self.inner.news.tell(Event::Settings(Box::new(view.clone())));
        Ok(view)
    }

    fn settings(&self) -> Settings {
        self.inner.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
