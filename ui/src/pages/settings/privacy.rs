//! Privacy: what is held and why, what was agreed to, and having all of it, or having it gone.

use ::ipc::{PrivacyGet, PrivacyView};
use leptos::prelude::*;

use crate::{
    parts::states::row_skeletons,
    remote::{ask, show},
};

mod consents;
mod erasure;
mod export;
mod holdings;

pub use holdings::service_name;

/// The rights of who is signed in over their data.
#[component]
pub fn PrivacySettings() -> impl IntoView {
    let source = ask(|| PrivacyGet {});
    show(source, skeleton, move |view| {
        let PrivacyView { holdings, consents, is_restricted, export, erasure, cooling_off_days } =
            view;
        let refresh = Callback::new(move |()| source.retry());
        view! {
            <holdings::Holdings holdings=holdings/>
            <consents::Consents consents=consents is_restricted=is_restricted refresh=refresh/>
            <export::ExportSection export=export/>
            <erasure::ErasureSection erasure=erasure cooling_off_days=cooling_off_days/>
        }
        .into_any()
    })
}

fn skeleton() -> AnyView {
    view! {
        <section class="settings-group">
            <h2>"What is held about you"</h2>
            {row_skeletons(6)}
        </section>
    }
    .into_any()
}
