//! Where the account is signed in, signing out there, and which of these devices keep music.

use ::ipc::{
    DeviceList, DeviceRevoke, DeviceRevokeOthers, OfflineDeviceList, OfflineDeviceRelease,
    OfflineDeviceUse, OfflineDevices, SignedInDevice,
};
use domain::DeviceId;
use leptos::prelude::*;

use crate::{
    dates::{date, since},
    focus::rescue_focus,
    format::count,
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{confirm::ConfirmButton, states::row_skeletons},
    remote::{Remote, Source, ask, show},
    state::state,
};

mod offline;

use offline::Here;

/// All sign-ins of the account.
#[component]
pub fn Devices() -> impl IntoView {
    let (state, overlays) = (state(), expect_context::<Overlays>());
    let source = ask(|| DeviceList {});
    let offline = ask(|| OfflineDeviceList {});
    // The row or the button that had the focus may be gone.
    Effect::new(move |_| {
        source.answer.track();
        offline.answer.track();
        rescue_focus(None);
    });
    let learn = move |devices| drop(offline.answer.try_set(Remote::Ready(devices)));
    let use_here = Callback::new(move |()| {
        state.send_then(OfflineDeviceUse {}, move |devices| {
            overlays.say("Music can be kept on this device");
            learn(devices);
        });
    });
    let release = Callback::new(move |device: DeviceId| {
        state.send_then(OfflineDeviceRelease { device }, move |devices| {
            overlays.say("Released the device");
            learn(devices);
        });
    });
    let revoke = Callback::new(move |device: SignedInDevice| {
        state.send_then(DeviceRevoke { session: device.session }, move |()| {
            overlays.say(format!("Signed out on {}", name_of(&device)));
            source.retry();
            offline.retry();
        });
    });
    let revoke_others = Callback::new(move |()| {
        state.send_then(DeviceRevokeOthers {}, move |n_sessions| {
            overlays.say(format!("Signed out on {}", count(u64::from(n_sessions), "other device")));
            source.retry();
            offline.retry();
        });
    });
    view! {
        <section class="settings-group" aria-labelledby="settings-devices">
            <h2 id="settings-devices">"Devices"</h2>
            <p class="muted">
                "Where you are signed in. Sign out any device that you do not know."
            </p>
            {show(offline, || row_skeletons(1), move |offline| {
                view! { <Here offline=offline use_here=use_here release=release/> }.into_any()
            })}
            {show(source, || row_skeletons(3), move |devices| {
                let rows = Rows { offline, revoke, release };
                view! { <List devices=devices rows=rows revoke_others=revoke_others/> }.into_any()
            })}
        </section>
    }
}

/// What all rows share.
#[derive(Clone, Copy)]
struct Rows {
    offline: Source<OfflineDevices>,
    revoke: Callback<SignedInDevice>,
    release: Callback<DeviceId>,
}

impl Rows {
    fn keeps_music(self, device: DeviceId) -> bool {
        self.offline.answer.with(
            |answer| matches!(answer, Remote::Ready(offline) if offline.devices.contains(&device)),
        )
    }
}

#[component]
fn List(devices: Vec<SignedInDevice>, rows: Rows, revoke_others: Callback<()>) -> impl IntoView {
    let has_others = devices.iter().any(|device| !device.is_current);
    let rows =
        devices.into_iter().map(|device| view! { <Row device=device rows=rows/> }).collect_view();
    let others = if has_others {
        view! {
            <div class="setting">
                <div>
                    <p class="setting-name">"Everywhere else"</p>
                    <p class="muted">"Ends every sign-in but this one."</p>
                </div>
                <ConfirmButton
                    label="Sign out everywhere else"
                    name="Sign out everywhere else"
                    question="Sign out on all other devices?"
                    on_confirm=revoke_others
                />
            </div>
        }
        .into_any()
    } else {
        view! { <p class="setting muted">"You are signed in here and nowhere else."</p> }.into_any()
    };
    view! {
        <ul>{rows}</ul>
        {others}
    }
}

#[component]
fn Row(device: SignedInDevice, rows: Rows) -> impl IntoView {
    let name = name_of(&device);
    let is_current = device.is_current;
    let used =
        if is_current { "Active now".into() } else { format!("Used {}", since(device.used_at_us)) };
    let signed_in = format!("signed in on {}", date(device.signed_in_at_us));
    let facts = [Some(used), device.network.clone(), Some(signed_in)];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let id = device.device;
    let keeps_music = Memo::new(move |_| rows.keeps_music(id));
    let name_of_row = name.clone();
    let release = move || {
        let name = name_of_row.clone();
        keeps_music.get().then(move || {
            view! {
                <ConfirmButton
                    label="Release"
                    name=format!("Release {name}")
                    question=format!("Keep no more music on {name}?")
                    on_confirm=Callback::new(move |()| rows.release.run(id))
                />
            }
        })
    };
    let controls = (!is_current).then(|| {
        view! {
            <div class="device-controls">
                {release}
                <ConfirmButton
                    label="Sign out"
                    name=format!("Sign out on {name}")
                    question=format!("Sign out on {name}?")
                    on_confirm=Callback::new(move |()| rows.revoke.run(device.clone()))
                />
            </div>
        }
    });
    view! {
        <li class="setting">
            <div class="device">
                <Icon icon=Glyph::Monitor/>
                <div>
                    <p class="setting-name">
                        {name.clone()}
                        {is_current.then(|| view! { <span class="badge here">"This device"</span> })}
                        {move || {
                            keeps_music.get().then(|| view! { <span class="badge">"Keeps music"</span> })
                        }}
                    </p>
                    <p class="muted">{facts}</p>
                </div>
            </div>
            {controls}
        </li>
    }
}

fn name_of(device: &SignedInDevice) -> String {
    if device.name.is_empty() { "A device without a name".into() } else { device.name.clone() }
}
