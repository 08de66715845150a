//! Who it is, once more: for what an open session is not enough.

use ::ipc::{Fault, FaultKind, StepUp, StepUpPasskey};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{dialog::DialogBox, step_up_browser::StepUpWays};
use crate::{
    ipc::invoke,
    overlay::Overlays,
    parts::{
        form::{FormFault, TextField, said},
        second_step::{Asked, OtherStep, PasskeyNote, USE_PASSKEY},
        step_up::StepUps,
    },
    state::state,
};

/// Asks for the password and, where the account wants a second factor, for a code or a passkey.
#[component]
pub fn StepUpDialog() -> impl IntoView {
    let (overlays, step_ups) = (expect_context::<Overlays>(), expect_context::<StepUps>());
    let email = state().session.with_untracked(|session| {
        let account = session.as_ref().and_then(|session| session.account.as_ref());
        account.map(|account| account.email.clone()).unwrap_or_default()
    });
    // However it is closed, nobody waits any longer.
    on_cleanup(move || step_ups.settle(false));
    let [password, code] = [(); 2].map(|()| RwSignal::new(String::new()));
    let asked = Asked::new();
    let trouble = RwSignal::new(None::<(Spot, String)>);
    let fault = RwSignal::new(None::<Fault>);
    let is_busy = RwSignal::new(false);
    // What to do in the browser, while it is open for that.
    let waiting = RwSignal::new(None::<String>);
    let shown = move || {
        step_ups.settle(true);
        overlays.dialog.set(None);
    };
    let by_passkey = move || {
        let call = StepUpPasskey { password: password.get_untracked() };
        fault.set(None);
        trouble.set(call.password.is_empty().then(no_password));
        if is_busy.get_untracked() || trouble.with_untracked(Option::is_some) {
            return;
        }
        waiting.set(Some(USE_PASSKEY.into()));
        spawn_local(async move {
            let answer = invoke(call).await;
            if waiting.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(true) => shown(),
                Ok(false) => {}
                Err(why) if why.kind == FaultKind::WrongCredentials => {
                    trouble.set(Some((Spot::Password, said(&why))));
                }
                Err(why) => fault.set(Some(why)),
            }
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let second = asked.now();
        if second.is_some_and(|second| second.is_by_passkey) {
            by_passkey();
            return;
        }
        let call = StepUp {
            password: password.get_untracked(),
            code: second.map(|_| code.get_untracked().trim().to_owned()),
        };
        fault.set(None);
        trouble.set(missing(&call, asked.missing()));
        if trouble.with_untracked(Option::is_some) {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let answer = invoke(call).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(()) => shown(),
                // Not wrong, only not all.
                Err(why) if asked.takes_up(&why) => {}
                Err(why) => match spot_of(why.kind) {
                    Some(spot) => trouble.set(Some((spot, said(&why)))),
                    None => fault.set(Some(why)),
                },
            }
        });
    };
    let at = move |spot: Spot| {
        Signal::derive(move || {
            trouble.with(|trouble| {
                trouble.as_ref().filter(|(at, _)| *at == spot).map(|(_, said)| said.clone())
            })
        })
    };
    view! {
        <DialogBox label="Confirm that it is you">
            <form novalidate hidden=move || waiting.with(Option::is_some) on:submit=submit>
                <h2>"Confirm that it is you"</h2>
                <p class="muted">
                    "This reaches far, so enter your password again; that counts for ten minutes."
                </p>
                // Tells password managers whose password it is.
                <input
                    type="text"
                    name="step_up_username"
                    autocomplete="username"
                    readonly
                    hidden
                    value=email
                />
                <TextField
                    label="Password"
                    name="step_up_password"
                    kind="password"
                    value=password
                    trouble=at(Spot::Password)
                    autocomplete="current-password"
                    takes_focus=true
                />
                <Show when=move || asked.is_code()>
                    <TextField
                        label=asked.label()
                        name="step_up_code"
                        value=code
                        trouble=at(Spot::Code)
                        autocomplete="one-time-code"
                        takes_focus=true
                    />
                </Show>
                <PasskeyNote asked=asked/>
                <FormFault fault=fault/>
                <OtherStep asked=asked on_passkey=Callback::new(move |()| by_passkey())/>
                <div class="dialog-actions">
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| overlays.dialog.set(None)
                    >
                        "Not now"
                    </button>
                    <button
                        type="submit"
                        class="button primary"
                        aria-busy=move || is_busy.get().to_string()
                    >
                        {move || match (is_busy.get(), asked.is_passkey()) {
                            (true, _) => "One moment…",
                            (false, true) => "Use your passkey",
                            (false, false) => "Go on",
                        }}
                    </button>
                </div>
            </form>
            <StepUpWays
                is_hidden=Signal::derive(move || asked.is_any() || waiting.with(Option::is_some))
                waiting=waiting
                on_shown=Callback::new(move |()| shown())
            />
        </DialogBox>
    }
}

/// The field a message belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spot {
    Password,
    Code,
}

fn missing(call: &StepUp, without_code: &str) -> Option<(Spot, String)> {
    if call.password.is_empty() {
        Some(no_password())
    } else if call.code.as_ref().is_some_and(String::is_empty) {
        Some((Spot::Code, without_code.into()))
    } else {
        None
    }
}

fn no_password() -> (Spot, String) {
    (Spot::Password, "Enter your password.".into())
}

const fn spot_of(kind: FaultKind) -> Option<Spot> {
    match kind {
        FaultKind::WrongCredentials => Some(Spot::Password),
        FaultKind::SecondFactorRequired(_) => Some(Spot::Code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_at_its_field() {
        let spot = |password: &str, code: Option<&str>| {
            let call = StepUp { password: password.into(), code: code.map(str::to_owned) };
            missing(&call, "Enter it.").map(|(spot, _)| spot)
        };
        assert_eq!(spot("", None), Some(Spot::Password));
        assert_eq!(spot("", Some("")), Some(Spot::Password));
        assert_eq!(spot("secret", Some("")), Some(Spot::Code));
        assert_eq!(spot("secret", None), None);
        assert_eq!(spot("secret", Some("123456")), None);
    }
}
