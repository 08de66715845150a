//! Which devices keep music, and how many may.

use ::ipc::OfflineDevices;
use domain::{DeviceId, plan::Tier};
use leptos::prelude::*;

use crate::format::count;

/// Whether this device keeps music, and how many do.
#[component]
pub fn Here(
    offline: OfflineDevices,
    use_here: Callback<()>,
    release: Callback<DeviceId>,
) -> impl IntoView {
    let words = words(&offline);
    let OfflineDevices { n_allowed, devices, here } = offline;
    let control = match here {
        Some(device) => Some(
            view! {
                <button
                    type="button"
                    class="button"
                    aria-label="Release this device"
                    on:click=move |_| release.run(device)
                >
                    "Release"
                </button>
            }
            .into_any(),
        ),
        None if devices.len() < n_allowed as usize => Some(
            view! {
                <button type="button" class="button" on:click=move |_| use_here.run(())>
                    "Use this device"
                </button>
            }
            .into_any(),
        ),
        None => None,
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Music on this device"</p>
                <p class="muted">{words}</p>
            </div>
            {control}
        </div>
    }
}

fn words(offline: &OfflineDevices) -> String {
    let OfflineDevices { n_allowed, devices, here } = offline;
    match (*n_allowed, devices.len()) {
        (0, 0) => {
            let n_devices = u64::from(Tier::Premium.entitlements().n_offline_devices);
            let devices = count(n_devices, "device");
            format!("Your plan keeps no music on devices. Premium keeps it on up to {devices}.")
        }
        (0, n) => format!(
            "{} of yours kept music. Your plan does not allow it at the moment.",
            count(n as u64, "device")
        ),
        (n_allowed, n) if here.is_none() && n >= n_allowed as usize => {
            format!("{n} of {n_allowed} devices keep music. Release one of them to use this one.")
        }
        (n_allowed, n) => {
            let verb = if n == 1 { "keeps" } else { "keep" };
            format!("{n} of {} {verb} music.", count(u64::from(n_allowed), "device"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_there_is_and_what_to_do() {
        let devices: Vec<DeviceId> = (0..5).map(|n| DeviceId::new(n, [1; 10])).collect();
        let said = |n_allowed, n: usize, is_here: bool| {
            let here = is_here.then(|| devices[0]);
            words(&OfflineDevices { n_allowed, devices: devices[..n].to_vec(), here })
        };
        let none = said(0, 0, false);
        assert!(none.contains("Premium") && none.contains("5 devices"), "{none}");
        assert_eq!(said(5, 2, true), "2 of 5 devices keep music.");
        assert_eq!(said(5, 1, false), "1 of 5 devices keeps music.");
        assert!(said(5, 5, false).contains("Release one"));
        assert_eq!(said(5, 5, true), "5 of 5 devices keep music.");
        assert!(said(0, 3, true).starts_with("3 devices of yours"));
    }
}
