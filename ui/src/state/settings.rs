//! Changing the settings.

use ::ipc::{Settings, SettingsGet, SettingsUpdate, SettingsView};
use leptos::{prelude::*, task::spawn_local};

use super::State;
use crate::{
    ipc::invoke,
    route::{Route, Router},
};

/// How far the shell has followed.
#[derive(Clone, Default)]
pub struct Following {
    /// What the shell last confirmed.
    confirmed: Settings,
    /// Rises with each change made here.
    n_changes: u64,
    is_sending: bool,
}

impl State {
    /// Changes the settings at once and lets the shell follow.
    pub fn change_settings(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(|view| change(&mut view.settings));
        let was_sending = self.with_following(|following| {
            following.n_changes += 1;
            std::mem::replace(&mut following.is_sending, true)
        });
        if !was_sending {
            spawn_local(self.send_settings());
        }
    }

    /// One update after the other, so that the shell keeps the last choice; what it answers to an
    /// older one counts for nothing.
    async fn send_settings(self) {
        loop {
            let settings = self.settings.with_untracked(|view| view.settings.clone());
            let n_changes = self.with_following(|following| following.n_changes);
            let reply = invoke(SettingsUpdate { settings }).await;
            if let Ok(view) = &reply {
                self.with_following(|f| f.confirmed = view.settings.clone());
            }
            if self.with_following(|following| following.n_changes) != n_changes {
                continue;
            }
            self.with_following(|following| following.is_sending = false);
            match reply {
                Ok(view) => self.settings.set(view),
                Err(fault) => {
                    let confirmed = self.with_following(|f| f.confirmed.clone());
                    self.settings.update(|view| view.settings = confirmed);
                    self.fail(fault);
                }
            }
            return;
        }
    }

    fn with_following<T>(self, go: impl FnOnce(&mut Following) -> T) -> T {
        self.aside.try_update_value(|aside| go(&mut aside.following)).expect("lives with the app")
    }

    /// Takes the settings as the shell has them, unless newer choices are on their way there.
    pub(super) fn on_settings(self, view: SettingsView) {
        if self.with_following(|following| following.is_sending) {
            self.take_surroundings(view);
            return;
        }
        self.with_following(|following| following.confirmed = view.settings.clone());
        self.settings.set(view);
    }

    /// Asks which output devices there are now, then goes on.
    pub fn refresh_devices(self, then: impl FnOnce() + 'static) {
        self.send_then(SettingsGet {}, move |view| {
            self.take_surroundings(view);
            then();
        });
    }

    fn take_surroundings(self, view: SettingsView) {
        self.settings.update(|now| {
            now.output_devices = view.output_devices;
            now.version = view.version;
        });
    }

    /// Shows or hides the queue: beside the main column, or as a screen where that is too narrow.
    pub fn toggle_queue(self, router: Router) {
        let is_narrow = window()
            .match_media("(max-width: 899px)")
            .is_ok_and(|query| query.is_some_and(|query| query.matches()));
        if !is_narrow {
            self.change_settings(|settings| settings.is_queue_open = !settings.is_queue_open);
        } else if router.route.with_untracked(|route| *route == Route::Queue) {
            router.back();
        } else {
            router.go(Route::Queue);
        }
    }
}

/// The output devices to choose from. A chosen one that is unplugged stays chosen.
pub fn devices_of(view: &SettingsView) -> Vec<String> {
    let mut devices = view.output_devices.clone();
    if let Some(chosen) = &view.settings.output_device
        && !devices.contains(chosen)
    {
        devices.push(chosen.clone());
    }
    devices
}
