//! The picture of a profile.

use ::ipc::{AvatarDelete, AvatarSet, Fault, FaultKind};
use leptos::{ev, html, prelude::*, task::spawn_local};

use crate::{
    overlay::Overlays,
    parts::{avatar::AvatarFace, form::FormFault, step_up::Sending},
    picture::shrunk,
    state::state,
};

/// What can be chosen.
const KINDS: &str = "image/png,image/jpeg,image/webp";

/// The picture, and choosing or removing it.
#[component]
pub fn Picture() -> impl IntoView {
    let (state, overlays) = (state(), expect_context::<Overlays>());
    let sending = Sending::new();
    let input = NodeRef::<html::Input>::new();
    let has_one = Memo::new(move |_| {
        state.session.with(|session| {
            let account = session.as_ref().and_then(|session| session.account.as_ref());
            account.is_some_and(|account| account.avatar.is_some())
        })
    });
    let chosen = move |_: ev::Event| {
        let Some(input) = input.get_untracked() else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same file may be chosen again.
        input.set_value("");
        spawn_local(async move {
            let image = shrunk(&file).await;
            // The page may be gone by now.
            if sending.fault.try_set(image.is_none().then(not_read)).is_some() {
                return;
            }
            if let Some(image) = image {
                sending.send(AvatarSet { image }, move |_| overlays.say("Picture saved"));
            }
        });
    };
    let remove = move |_| {
        sending.send(AvatarDelete {}, move |_| overlays.say("Picture removed"));
    };
    let choose = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let label = move || match (sending.is_busy.get(), has_one.get()) {
        (true, _) => "One moment…",
        (false, true) => "Change picture",
        (false, false) => "Choose a picture",
    };
    view! {
        <div class="setting">
            <div class="device">
                <div class="avatar large"><AvatarFace/></div>
                <div>
                    <p class="setting-name">"Picture"</p>
                    <p class="muted">"Whoever can see your profile sees it. PNG, JPEG or WebP."</p>
                </div>
            </div>
            <div class="setting-buttons">
                <input
                    node_ref=input
                    type="file"
                    name="avatar"
                    accept=KINDS
                    hidden
                    aria-label="Picture"
                    on:change=chosen
                />
                <button
                    type="button"
                    class="button"
                    aria-busy=move || sending.is_busy.get().to_string()
                    on:click=choose
                >
                    {label}
                </button>
                <Show when=move || has_one.get()>
                    <button
                        type="button"
                        class="button"
                        aria-label="Remove picture"
                        on:click=remove
                    >
                        "Remove"
                    </button>
                </Show>
            </div>
        </div>
        <FormFault fault=sending.fault/>
    }
}

fn not_read() -> Fault {
    Fault {
        kind: FaultKind::Invalid,
        message: "This file cannot be read as a picture.".into(),
        hint: "Choose a PNG, JPEG or WebP file.".into(),
        request_id: None,
    }
}
