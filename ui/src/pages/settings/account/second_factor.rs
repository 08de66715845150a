//! Signing in with a code as well: turning it on with an authenticator app, and off again.

use ::ipc::{
    AppSecret, Fault, SecondFactor, SecondFactorConfirm, SecondFactorDisable, SecondFactorGet,
    SecondFactorStart,
};
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    ipc::invoke,
    overlay::Overlays,
    parts::{
        form::{FormFault, TextField},
        states::row_skeletons,
    },
    remote::{Source, ask, show},
};

/// How far somebody has come.
#[derive(Clone, PartialEq, Debug)]
enum Step {
    /// What is set up is shown.
    Rest,
    /// The password is asked for, to turn it on.
    Begin,
    /// The app is to be told.
    Tell(AppSecret),
    /// It is on; these are shown once.
    Keep(Vec<String>),
    /// Password and code are asked for, to turn it off.
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
                        Step::Begin => view! { <Begin step=step/> }.into_any(),
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
    let (name, about, label, next) = if factor.is_on {
        let left = match factor.n_recovery_codes {
            0 => "No recovery code is left: turn it off and on again for new ones.".to_owned(),
            1 => "1 recovery code is left.".to_owned(),
            n => format!("{n} recovery codes are left."),
        };
        ("On, with an authenticator app", left, "Turn off", Step::End)
    } else {
        let about = "A code of an app on your phone, besides the password, when you sign in.";
        ("Off", about.to_owned(), "Turn on", Step::Begin)
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">{name}</p>
                <p class="muted">{about}</p>
            </div>
            <button type="button" class="button" on:click=move |_| step.set(next.clone())>
                {label}
            </button>
        </div>
    }
}

#[component]
fn Begin(step: RwSignal<Step>) -> impl IntoView {
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.password_is_there() {
            let call = SecondFactorStart { password: form.password.get_untracked() };
            form.send(call, move |app| step.set(Step::Tell(app)));
        }
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField
                label="Your password"
                name="second_factor_password"
                kind="password"
                value=form.password
                trouble=form.password_trouble
                autocomplete="current-password"
            />
            <FormFault fault=form.fault/>
            <Actions label="Go on" is_busy=form.is_busy step=step/>
        </form>
    }
}

#[component]
fn Tell(app: AppSecret, step: RwSignal<Step>) -> impl IntoView {
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.code_is_there() {
            let call = SecondFactorConfirm { code: form.code.get_untracked() };
            form.send(call, move |codes| step.set(Step::Keep(codes)));
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
            />
            <FormFault fault=form.fault/>
            <Actions label="Turn on" is_busy=form.is_busy step=step/>
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
        if form.password_is_there() && form.code_is_there() {
            let call = SecondFactorDisable {
                password: form.password.get_untracked(),
                code: form.code.get_untracked(),
            };
            form.send(call, move |()| {
                overlays.say("Two-step sign-in is off");
                step.set(Step::Rest);
                source.retry();
            });
        }
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <TextField
                label="Your password"
                name="second_factor_password"
                kind="password"
                value=form.password
                trouble=form.password_trouble
                autocomplete="current-password"
            />
            <TextField
                label="Code of the app, or a recovery code"
                name="second_factor_code"
                value=form.code
                trouble=form.code_trouble
                autocomplete="one-time-code"
            />
            <FormFault fault=form.fault/>
            <Actions label="Turn off" is_busy=form.is_busy step=step/>
        </form>
    }
}

#[component]
fn Actions(label: &'static str, is_busy: RwSignal<bool>, step: RwSignal<Step>) -> impl IntoView {
    view! {
        <div class="form-actions">
            <button type="submit" class="button primary" aria-busy=move || is_busy.get().to_string()>
                {move || if is_busy.get() { "One moment…" } else { label }}
            </button>
            <button type="button" class="button" on:click=move |_| step.set(Step::Rest)>
                "Not now"
            </button>
        </div>
    }
}

/// What is filled in, and what is wrong with it.
#[derive(Clone, Copy)]
struct Form {
    password: RwSignal<String>,
    password_trouble: RwSignal<Option<String>>,
    code: RwSignal<String>,
    code_trouble: RwSignal<Option<String>>,
    fault: RwSignal<Option<Fault>>,
    is_busy: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        Self {
            password: RwSignal::new(String::new()),
            password_trouble: RwSignal::new(None),
            code: RwSignal::new(String::new()),
            code_trouble: RwSignal::new(None),
            fault: RwSignal::new(None),
            is_busy: RwSignal::new(false),
        }
    }

    fn password_is_there(self) -> bool {
        let is_there = self.password.with_untracked(|password| !password.is_empty());
        self.password_trouble.set((!is_there).then(|| "Enter your password.".to_owned()));
        is_there
    }

    fn code_is_there(self) -> bool {
        let is_there = self.code.with_untracked(|code| !code.trim().is_empty());
        self.code_trouble.set((!is_there).then(|| "Enter the code.".to_owned()));
        is_there
    }

    fn send<C>(self, call: C, then: impl FnOnce(C::Reply) + 'static)
    where
        C: ::ipc::Call + 'static,
    {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.fault.set(None);
        spawn_local(async move {
            match invoke(call).await {
                Ok(reply) => then(reply),
                Err(fault) => {
                    self.fault.try_set(Some(fault));
                }
            }
            self.is_busy.try_set(false);
        });
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
