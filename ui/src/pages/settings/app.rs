//! Settings of this device.

use ::ipc::{SecretsState, Theme};
use domain::loudness::{LoudnessTarget, Normalisation};
use leptos::prelude::*;

use crate::{
    icons::{Glyph, Icon},
    overlay::{Dialog, Overlays},
    parts::segments::Segments,
    state::{settings::devices_of, state},
};

use super::shortcuts::Shortcuts;

/// What is chosen on this device.
#[component]
pub fn AppSettings() -> impl IntoView {
    let state = state();
    // Output devices come and go; ask again each time.
    state.refresh_devices(|| ());
    view! {
        <Appearance/>
        <Sound/>
        <Connection/>
        <Shortcuts/>
        <About/>
    }
}

#[component]
fn Connection() -> impl IntoView {
    let state = state();
    let overlays = expect_context::<Overlays>();
    let session = move || state.session.get();
    let keeping = move || {
        session().map(|session| match session.secrets {
            SecretsState::Keyring => "In the keyring of this computer",
            SecretsState::SealedFile => "In a file sealed by your passphrase",
            SecretsState::MemoryOnly | SecretsState::Locked => "Only until the app quits",
        })
    };
    let can_choose = Memo::new(move |_| {
        state.session.with(|session| {
            session.as_ref().is_some_and(|session| session.secrets == SecretsState::MemoryOnly)
        })
    });
    view! {
        <section class="settings-group" aria-labelledby="settings-connection">
            <h2 id="settings-connection">"Connection"</h2>
            <div class="setting">
                <div>
                    <p class="setting-name">"Server"</p>
                    <p class="muted">{move || session().and_then(|s| s.server_url)}</p>
                </div>
                <span class="status" class:good=move || state.is_online.get()>
                    {move || if state.is_online.get() { "Connected" } else { "Offline" }}
                </span>
            </div>
            <div class="setting">
                <div>
                    <p class="setting-name">"Sign-in is kept"</p>
                    <p class="muted">{keeping}</p>
                </div>
                <Show when=move || can_choose.get()>
                    <button
                        class="button"
                        on:click=move |_| overlays.dialog.set(Some(Dialog::Passphrase))
                    >
                        "Choose a passphrase"
                    </button>
                </Show>
            </div>
        </section>
    }
}

#[component]
fn Appearance() -> impl IntoView {
    let state = state();
    let options =
        [(Theme::System, "As the system"), (Theme::Dark, "Dark"), (Theme::Light, "Light")];
    view! {
        <section class="settings-group" aria-labelledby="settings-appearance">
            <h2 id="settings-appearance">"Appearance"</h2>
            <div class="setting">
                <p class="setting-name">"Theme"</p>
                <Segments
                    label="Theme"
                    name="theme"
                    options=options.to_vec()
                    value=Signal::derive(move || state.settings.with(|v| v.settings.theme))
                    on_change=Callback::new(move |theme| {
                        state.change_settings(|settings| settings.theme = theme);
                    })
                />
            </div>
        </section>
    }
}

#[component]
fn Sound() -> impl IntoView {
    let state = state();
    let normalisation = Memo::new(move |_| state.settings.with(|v| v.settings.normalisation));
    let kinds = vec![
        (Normalisation::Off, "Off"),
        (Normalisation::Track, "Track"),
        (Normalisation::Auto, "Auto"),
    ];
    let targets = vec![
        (LoudnessTarget::Quiet, "Quiet"),
        (LoudnessTarget::Normal, "Normal"),
        (LoudnessTarget::Loud, "Loud"),
    ];
    view! {
        <section class="settings-group" aria-labelledby="settings-sound">
            <h2 id="settings-sound">"Sound"</h2>
            <div class="setting">
                <label class="setting-name" for="output-device">"Output device"</label>
                <OutputDevice/>
            </div>
            <div class="setting">
                <div>
                    <p class="setting-name">"Even out loudness"</p>
                    <p class="muted">
                        "Auto keeps a release as it was mastered and evens out everything else."
                    </p>
                </div>
                <Segments
                    label="Even out loudness"
                    name="normalisation"
                    options=kinds
                    value=normalisation
                    on_change=Callback::new(move |value| {
                        state.change_settings(|settings| settings.normalisation = value);
                    })
                />
            </div>
            <Show when=move || normalisation.get() != Normalisation::Off>
                <div class="setting">
                    <div>
                        <p class="setting-name">"Target"</p>
                        <p class="muted">{move || {
                            let target = state.settings.with(|v| v.settings.loudness_target);
                            format!("{} LUFS; peaks are never clipped.", target.lufs())
                        }}</p>
                    </div>
                    <Segments
                        label="Loudness target"
                        name="loudness_target"
                        options=targets.clone()
                        value=Signal::derive(move || {
                            state.settings.with(|v| v.settings.loudness_target)
                        })
                        on_change=Callback::new(move |value| {
                            state.change_settings(|settings| settings.loudness_target = value);
                        })
                    />
                </div>
            </Show>
        </section>
    }
}

#[component]
fn OutputDevice() -> impl IntoView {
    let state = state();
    let chosen = Memo::new(move |_| state.settings.with(|v| v.settings.output_device.clone()));
    let devices = Memo::new(move |_| state.settings.with(devices_of));
    let choose = move |name: String| {
        let device = (!name.is_empty()).then_some(name);
        state.change_settings(|settings| settings.output_device = device);
    };
    view! {
        <label class="select">
            <select
                id="output-device"
                name="output_device"
                on:change:target=move |event| choose(event.target().value())
            >
                <option value="" selected=move || chosen.with(Option::is_none)>
                    "System default"
                </option>
                <For each=move || devices.get() key=Clone::clone let:device>
                    <option
                        value=device.clone()
                        selected={
                            let device = device.clone();
                            move || chosen.with(|chosen| chosen.as_ref() == Some(&device))
                        }
                    >
                        {device.clone()}
                    </option>
                </For>
            </select>
            <Icon icon=Glyph::ChevronDown/>
        </label>
    }
}

#[component]
fn About() -> impl IntoView {
    let state = state();
    view! {
        <section class="settings-group" aria-labelledby="settings-about">
            <h2 id="settings-about">"About"</h2>
            <div class="setting">
                <p class="setting-name">"MelodyUD"</p>
                <p class="muted">
                    {move || state.settings.with(|view| format!("Version {}", view.version))}
                </p>
            </div>
        </section>
    }
}
