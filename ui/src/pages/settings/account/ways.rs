//! Ways to sign in: the password, providers and passkeys.

use ::ipc::{Identity, IdentityLink, IdentityList, IdentityUnlink, Passkey, PasswordReset};
use leptos::prelude::*;

use crate::{
    dates::date,
    focus::rescue_focus,
    overlay::Overlays,
    parts::{
        browser::BrowserWait, confirm::ConfirmButton, form::FormFault, states::row_skeletons,
        step_up::Sending,
    },
    remote::{Source, ask, show},
    state::state,
};

use super::passkeys::Passkeys;

/// All of them.
#[component]
pub fn WaysToSignIn(passkeys: Source<Vec<Passkey>>) -> impl IntoView {
    let source = ask(|| IdentityList {}).settled();
    // The row that had the focus may be gone.
    Effect::new(move |was: Option<()>| {
        source.answer.track();
        if was.is_some() {
            rescue_focus(None);
        }
    });
    view! {
        <section class="settings-group" aria-labelledby="settings-ways">
            <h2 id="settings-ways">"Ways to sign in"</h2>
            <Password/>
            {show(source, || row_skeletons(1), move |identities| {
                view! { <Providers identities=identities source=source/> }.into_any()
            })}
            <Passkeys source=passkeys/>
        </section>
    }
}

/// A password is chosen behind a link in a mail, by whoever has one as by whoever has none yet.
#[component]
fn Password() -> impl IntoView {
    let state = state();
    let sending = Sending::new();
    let mailed_to = RwSignal::new(None::<String>);
    let mail = move |_| {
        let known = state.session.with_untracked(|session| {
            let session = session.as_ref()?;
            Some((session.server_url.clone()?, session.account.as_ref()?.email.clone()))
        });
        if let Some((server_url, email)) = known {
            let call = PasswordReset { server_url, email: email.clone() };
            sending.send(call, move |()| mailed_to.set(Some(email)));
        }
    };
    let about = move || match mailed_to.get() {
        Some(email) => format!("A mail with a link is on its way to {email}."),
        None => "A link to choose a new one comes by mail. It signs you out everywhere.".into(),
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Password"</p>
                <p class="muted" role="status">{about}</p>
            </div>
            <button
                type="button"
                class="button"
                aria-label="Mail me a link to choose a password"
                aria-busy=move || sending.is_busy.get().to_string()
                on:click=mail
            >
                {move || if sending.is_busy.get() { "One moment…" } else { "Mail me a link" }}
            </button>
        </div>
        <FormFault fault=sending.fault/>
    }
}

#[component]
fn Providers(identities: Vec<Identity>, source: Source<Vec<Identity>>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    // Which one is being linked in the browser.
    let linking = RwSignal::new(None::<String>);
    let link = Callback::new(move |identity: Identity| {
        linking.set(Some(identity.name.clone()));
        sending.send(IdentityLink { provider: identity.provider }, move |is_done| {
            if is_done {
                overlays.say(format!("{} is linked", identity.name));
                source.retry();
            }
        });
    });
    let unlink = Callback::new(move |identity: Identity| {
        linking.set(None);
        sending.send(IdentityUnlink { provider: identity.provider }, move |()| {
            overlays.say(format!("{} is not linked any more", identity.name));
            source.retry();
        });
    });
    let rows = identities
        .into_iter()
        .map(|identity| view! { <Row identity=identity link=link unlink=unlink/> })
        .collect_view();
    let waiting = move || linking.get().filter(|_| sending.is_busy.get());
    view! {
        <ul>{rows}</ul>
        {move || waiting().map(|name| {
            let what = format!("Sign in at {name} in the window that has opened.");
            view! { <BrowserWait what=what/> }
        })}
        <FormFault fault=sending.fault/>
    }
}

#[component]
fn Row(identity: Identity, link: Callback<Identity>, unlink: Callback<Identity>) -> impl IntoView {
    let name = identity.name.clone();
    let (about, control) = if let Some(since_us) = identity.linked_at_us {
        let control = view! {
            <ConfirmButton
                label="Unlink"
                name=format!("Unlink {name}")
                question=format!("Sign in with {name} no longer?")
                on_confirm=Callback::new(move |()| unlink.run(identity.clone()))
            />
        };
        (format!("Linked on {}", date(since_us)), control.into_any())
    } else {
        let control = view! {
            <button
                type="button"
                class="button"
                aria-label=format!("Link {name}")
                on:click=move |_| link.run(identity.clone())
            >
                "Link"
            </button>
        };
        ("Not linked".to_owned(), control.into_any())
    };
    view! {
        <li class="setting">
            <div>
                <p class="setting-name">{name}</p>
                <p class="muted">{about}</p>
            </div>
            {control}
        </li>
    }
}
