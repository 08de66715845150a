//! Where the account is signed in, and signing out there.

use ::ipc::{DeviceList, DeviceRevoke, DeviceRevokeOthers, SignedInDevice};
use leptos::prelude::*;

use crate::{
    dates::{date, since},
    focus::rescue_focus,
    format::count,
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{confirm::ConfirmButton, states::row_skeletons},
    remote::{ask, show},
    state::state,
};

/// All sign-ins of the account.
#[component]
pub fn Devices() -> impl IntoView {
    let (state, overlays) = (state(), expect_context::<Overlays>());
    let source = ask(|| DeviceList {});
    // The row that had the focus may be gone.
    Effect::new(move |_| {
        source.answer.track();
        rescue_focus(None);
    });
    let revoke = Callback::new(move |device: SignedInDevice| {
        state.send_then(DeviceRevoke { session: device.session }, move |()| {
            overlays.say(format!("Signed out on {}", name_of(&device)));
            source.retry();
        });
    });
    let revoke_others = Callback::new(move |()| {
        state.send_then(DeviceRevokeOthers {}, move |n_sessions| {
            overlays.say(format!("Signed out on {}", count(u64::from(n_sessions), "other device")));
            source.retry();
        });
    });
    view! {
        <section class="settings-group" aria-labelledby="settings-devices">
            <h2 id="settings-devices">"Devices"</h2>
            <p class="muted">
                "Where you are signed in. Sign out any device that you do not know."
            </p>
            {show(source, || row_skeletons(3), move |devices| {
                view! { <List devices=devices revoke=revoke revoke_others=revoke_others/> }
                    .into_any()
            })}
        </section>
    }
}

#[component]
fn List(
    devices: Vec<SignedInDevice>,
    revoke: Callback<SignedInDevice>,
    revoke_others: Callback<()>,
) -> impl IntoView {
    let has_others = devices.iter().any(|device| !device.is_current);
    let rows = devices
        .into_iter()
        .map(|device| view! { <Row device=device revoke=revoke/> })
        .collect_view();
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
fn Row(device: SignedInDevice, revoke: Callback<SignedInDevice>) -> impl IntoView {
    let name = name_of(&device);
    let is_current = device.is_current;
    let used =
        if is_current { "Active now".into() } else { format!("Used {}", since(device.used_at_us)) };
    let signed_in = format!("signed in on {}", date(device.signed_in_at_us));
    let facts = [Some(used), device.network.clone(), Some(signed_in)];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let control = (!is_current).then(|| {
        view! {
            <ConfirmButton
                label="Sign out"
                name=format!("Sign out on {name}")
                question=format!("Sign out on {name}?")
                on_confirm=Callback::new(move |()| revoke.run(device.clone()))
            />
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
                    </p>
                    <p class="muted">{facts}</p>
                </div>
            </div>
            {control}
        </li>
    }
}

fn name_of(device: &SignedInDevice) -> String {
    if device.name.is_empty() { "A device without a name".into() } else { device.name.clone() }
}
