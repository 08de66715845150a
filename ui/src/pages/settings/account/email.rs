//! The address of the account: whether it is confirmed, and changing it.

use ::ipc::{EmailChange, EmailVerify};
use leptos::{ev, prelude::*};

use crate::{
    focus::rescue_focus,
    overlay::Overlays,
    parts::{
        form::{FormFault, Submit, TextField, said_at_field},
        step_up::Sending,
    },
};

/// The address as it is, and the way to another.
#[component]
pub fn EmailSection(email: String, is_verified: bool) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let verifying = Sending::new();
    let is_changing = RwSignal::new(false);
    // Links went to the old address and to this one.
    let sent_to = RwSignal::new(None::<String>);
    let verify = move |_| {
        verifying.send(EmailVerify {}, move |()| overlays.say("The mail is on its way"));
    };
    let state = if is_verified {
        "Confirmed. Mails about your account go there."
    } else {
        "Not confirmed yet: open the link in the mail that was sent there."
    };
    let now = email.clone();
    view! {
        <section class="settings-group" aria-labelledby="settings-email">
            <h2 id="settings-email">"Email address"</h2>
            <div class="setting">
                <div>
                    <p class="setting-name path">{email}</p>
                    <p class="muted">{state}</p>
                </div>
                <div class="setting-buttons">
                    {(!is_verified).then(|| view! {
                        <button
                            type="button"
                            class="button"
                            aria-busy=move || verifying.is_busy.get().to_string()
                            on:click=verify
                        >
                            "Send the mail again"
                        </button>
                    })}
                    <Show when=move || !is_changing.get()>
                        <button
                            type="button"
                            class="button"
                            aria-label="Change email address"
                            on:click=move |_| {
                                sent_to.set(None);
                                is_changing.set(true);
                            }
                        >
                            "Change"
                        </button>
                    </Show>
                </div>
            </div>
            <FormFault fault=verifying.fault/>
            <Show when=move || is_changing.get()>
                <ChangeForm now=now.clone() is_changing=is_changing sent_to=sent_to/>
            </Show>
            <p role="status" class="after-setting">
                {move || sent_to.get().map(|to| format!(
                    "Mails are on their way to {to} and to the address you have now. Open the links in both; until then nothing changes."
                ))}
            </p>
        </section>
    }
}

#[component]
fn ChangeForm(
    now: String,
    is_changing: RwSignal<bool>,
    sent_to: RwSignal<Option<String>>,
) -> impl IntoView {
    let sending = Sending::new();
    let email = RwSignal::new(String::new());
    let trouble = RwSignal::new(None::<String>);
    said_at_field(sending.fault, trouble);
    let close = move || {
        is_changing.set(false);
        rescue_focus(None);
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked().trim().to_owned();
        let found = trouble_with(&typed, &now);
        trouble.set(found.map(str::to_owned));
        if found.is_some() {
            return;
        }
        sending.send(EmailChange { email: typed.clone() }, move |()| {
            sent_to.set(Some(typed));
            close();
        });
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField
                label="New email address"
                name="new_email"
                kind="email"
                value=email
                trouble=trouble
                autocomplete="email"
                takes_focus=true
                hint="A mail with a link goes there, and one to the address you have now."
            />
            <FormFault fault=sending.fault/>
            <div class="form-actions">
                <Submit label="Send the mails" is_busy=sending.is_busy/>
                <button type="button" class="button" on:click=move |_| close()>"Not now"</button>
            </div>
        </form>
    }
}

fn trouble_with(typed: &str, now: &str) -> Option<&'static str> {
    if !typed.contains('@') {
        Some("Enter an email address, such as ann@example.org.")
    } else if typed == now {
        Some("This is the address you have now.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::trouble_with;

    #[test]
    fn another_address_is_wanted() {
        assert!(trouble_with("ann", "ann@example.org").is_some());
        assert!(trouble_with("ann@example.org", "ann@example.org").is_some());
        assert!(trouble_with("ann@example.net", "ann@example.org").is_none());
    }
}
