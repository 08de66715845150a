//! Where the music comes out.

use leptos::{ev, prelude::*};

use crate::{
    icons::{Glyph, Icon},
    overlay::{Menu, MenuItem, Overlays},
    parts::menu::point_of,
    state::{State, settings::devices_of, state},
};

/// A button that opens a menu of the output devices there are.
#[component]
pub fn DeviceButton() -> impl IntoView {
    let state = state();
    let overlays = expect_context::<Overlays>();
    let open = move |event: ev::MouseEvent| {
        let (x, y) = point_of(&event);
        // Devices come and go.
        state.refresh_devices(move || {
            overlays.menu.set(Some(Menu { x, y, items: items(state) }));
        });
    };
    view! {
        <button
            class="icon-button device-button"
            aria-haspopup="menu"
            aria-label="Output device"
            on:click=open
        >
            <Icon icon=Glyph::Speaker/>
        </button>
    }
}

fn items(state: State) -> Vec<MenuItem> {
    let view = state.settings.get_untracked();
    let chosen = view.settings.output_device.clone();
    let default = (None, "System default".to_owned());
    let named = devices_of(&view).into_iter().map(|name| (Some(name.clone()), name));
    std::iter::once(default)
        .chain(named)
        .map(|(device, label)| {
            let is_chosen = device == chosen;
            MenuItem::choice(label, Glyph::Speaker, is_chosen, move || {
                let device = device.clone();
                state.change_settings(|settings| settings.output_device = device);
            })
        })
        .collect()
}
