//! Signing in with a code as well: turning it on with an authenticator app, and off again.

use ::ipc::{
    AppSecret, SecondFactor, SecondFactorConfirm, SecondFactorDisable, SecondFactorGet,
    SecondFactorStart,
};
use leptos::{ev, prelude::*};

use crate::{
    overlay::Overlays,
    parts::{
        form::{FormFault, Submit, TextField},
        states::row_skeletons,
        step_up::Sending,
    },
    remote::{Source, ask, show},
};

/// How far somebody has come.
#[derive(Clone, PartialEq, Debug)]
enum Step {
    /// What is set up is shown.
    Rest,
    /// The app is to be told.
    Tell(AppSecret),
    /// It is on; these are shown once.
    Keep(Vec<String>),
    /// A code is asked for, to turn it off.
    End,
}

/// The second factor of the account.
#[component]
pub fn SecondFactorSettings() -> impl IntoView {
    let source = ask(|| SecondFactorGet {});
    let step = RwSignal::new(Step::Rest);
    view! {
        <section class="settings-group" aria-labelledby="settings-second-factor">
            <h2 id="settings-second-factor">"Two-step sign-in"</h2>
            {show(source, || row_skeletons(1), move |factor| {
                view! {
                    {move || match step.get() {
                        Step::Rest => view! { <Rest factor=factor step=step/> }.into_any(),
                        Step::Tell(app) => view! { <Tell app=app step=step/> }.into_any(),
                        Step::Keep(codes) => {
                            view! { <Keep codes=codes step=step source=source/> }.into_any()
                        }
                        Step::End => view! { <End step=step source=source/> }.into_any(),
                    }}
                }
                .into_any()
            })}
        </section>
    }
}

#[component]
fn Rest(factor: SecondFactor, step: RwSignal<Step>) -> impl IntoView {
    let sending = Sending::new();
    let (name, about, label) = if factor.is_on {
        let left = match factor.n_recovery_codes {
            0 => "No recovery code is left: turn it off and on again for new ones.".to_owned(),
            1 => "1 recovery code is left.".to_owned(),
            n => format!("{n} recovery codes are left."),
        };
        ("On, with an authenticator app", left, "Turn off")
    } else {
        let about = "A code of an app on your phone, besides the password, when you sign in.";
        ("Off", about.to_owned(), "Turn on")
    };
    let go_on = move |_| {
        if factor.is_on {
            step.set(Step::End);
        } else {
            sending.send(SecondFactorStart {}, move |app| step.set(Step::Tell(app)));
        }
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">{name}</p>
                <p class="muted">{about}</p>
            </div>
            <button
                type="button"
                class="button"
                aria-busy=move || sending.is_busy.get().to_string()
                on:click=go_on
            >
                {move || if sending.is_busy.get() { "One moment…" } else { label }}
            </button>
        </div>
        <FormFault fault=sending.fault/>
    }
}

#[component]
fn Tell(app: AppSecret, step: RwSignal<Step>) -> impl IntoView {
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.code_is_there() {
            let call = SecondFactorConfirm { code: form.code.get_untracked() };
            form.sending.send(call, move |codes| step.set(Step::Keep(codes)));
        }
    };
    // Four modules of quiet around, as readers expect (ISO/IEC 18004).
    let view_box = format!("-4 -4 {0} {0}", app.qr_size + 8);
    view! {
        <form class="form" novalidate on:submit=submit>
            <p>"Scan this with your authenticator app, then enter the six digits that it shows."</p>
            <svg class="qr" viewBox=view_box role="img" aria-label="QR code for the app">
                <path d=app.qr_path></path>
            </svg>
            <p class="muted">"No camera? Type this secret into the app:"</p>
            <p class="secret-text">{in_groups(&app.secret)}</p>
            <TextField
                label="Code"
                name="second_factor_code"
                value=form.code
                trouble=form.code_trouble
                autocomplete="one-time-code"
                takes_focus=true
            />
            <FormFault fault=form.sending.fault/>
            <Actions label="Turn on" is_busy=form.sending.is_busy step=step/>
        </form>
    }
}

#[component]
fn Keep(codes: Vec<String>, step: RwSignal<Step>, source: Source<SecondFactor>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let codes = codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view();
    view! {
        <div class="form">
            <p role="status">
                "It is on. Keep these recovery codes where you find them without your phone: each \
                 lets you in once, and they are shown only now."
            </p>
            <ul class="recovery-codes">{codes}</ul>
            <div class="form-actions">
                <button
                    type="button"
                    class="button primary"
                    on:click=move |_| {
                        overlays.say("Two-step sign-in is on");
                        step.set(Step::Rest);
                        source.retry();
                    }
                >
                    "I have kept them"
                </button>
            </div>
        </div>
    }
}

#[component]
fn End(step: RwSignal<Step>, source: Source<SecondFactor>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.code_is_there() {
            let call = SecondFactorDisable { code: form.code.get_untracked() };
            form.sending.send(call, move |()| {
                overlays.say("Two-step sign-in is off");
                step.set(Step::Rest);
                source.retry();
            });
        }
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField
                label="Code of the app, or a recovery code"
                name="second_factor_code"
                value=form.code
                trouble=form.code_trouble
                autocomplete="one-time-code"
                takes_focus=true
            />
            <FormFault fault=form.sending.fault/>
            <Actions label="Turn off" is_busy=form.sending.is_busy step=step/>
        </form>
    }
}

#[component]
fn Actions(label: &'static str, is_busy: RwSignal<bool>, step: RwSignal<Step>) -> impl IntoView {
    view! {
        <div class="form-actions">
            <Submit label=label is_busy=is_busy/>
            <button type="button" class="button" on:click=move |_| step.set(Step::Rest)>
                "Not now"
            </button>
        </div>
    }
}

/// The code that is filled in, and what is wrong with it.
#[derive(Clone, Copy)]
struct Form {
    code: RwSignal<String>,
    code_trouble: RwSignal<Option<String>>,
    sending: Sending,
}

impl Form {
    fn new() -> Self {
        Self {
            code: RwSignal::new(String::new()),
            code_trouble: RwSignal::new(None),
            sending: Sending::new(),
        }
    }

    fn code_is_there(self) -> bool {
        let is_there = self.code.with_untracked(|code| !code.trim().is_empty());
        self.code_trouble.set((!is_there).then(|| "Enter the code.".to_owned()));
        is_there
    }
}

/// `ABCDEFGH` as `ABCD EFGH`, to be typed.
fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::in_groups;

    #[test]
    fn secrets_are_shown_in_groups() {
        assert_eq!(in_groups("ABCDEFGHI"), "ABCD EFGH I");
        assert_eq!(in_groups(""), "");
    }
}
