//! The picture of who is signed in.

use leptos::prelude::*;

use crate::{ipc::avatar_url, state::state};

/// The picture, or the first letter of the name. Decoration: what is around it says who it is.
#[component]
pub fn AvatarFace() -> impl IntoView {
    let state = state();
    let broken = RwSignal::new(None::<String>);
    let face = Memo::new(move |_| {
        state.session.with(|session| {
            let account = session.as_ref().and_then(|session| session.account.as_ref());
            account.map(|account| (account.avatar.clone(), initial(&account.display_name)))
        })
    });
    move || {
        let (avatar, initial) = face.get().unwrap_or_default();
        match avatar.filter(|id| broken.with(|broken| broken.as_ref() != Some(id))) {
            Some(id) => {
                let url = avatar_url(&id);
                view! {
                    <img
                        src=url
                        alt=""
                        decoding="async"
                        draggable="false"
                        on:error=move |_| broken.set(Some(id.clone()))
                    />
                }
                .into_any()
            }
            None => view! { <span aria-hidden="true">{initial}</span> }.into_any(),
        }
    }
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default()
}
