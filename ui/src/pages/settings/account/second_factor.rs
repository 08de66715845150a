//! What is asked for after the password: an authenticator app, a passkey, or either; and recovery
//! codes.

use ::ipc::{
    AppSecret, Passkey, SecondFactor, SecondFactorGet, SecondFactorPasskeyDisable,
    SecondFactorPasskeyEnable, SecondFactorRecoveryRenew,
};
use leptos::{html, prelude::*};

use crate::{
    overlay::Overlays,
    parts::{
        confirm::ConfirmButton,
        form::FormFault,
        states::{copy, row_skeletons},
        step_up::Sending,
    },
    remote::{Remote, Source, ask, show},
};

mod app;

use app::{App, End, Tell};

/// Recovery codes that are made at once; as the server has it.
const N_RECOVERY_CODES: u32 = 10;

/// How far somebody has come.
#[derive(Clone, PartialEq, Debug)]
enum Step {
    /// What is set up is shown.
    Rest,
    /// The app is to be told.
    Tell(AppSecret),
    /// Recovery codes are new; these are shown once.
    Keep(Vec<String>),
    /// A code is asked for, to turn the app off.
    End,
}

/// What has changed, and what is shown next.
#[derive(Clone, Copy)]
struct Course {
    step: RwSignal<Step>,
    source: Source<SecondFactor>,
    overlays: Overlays,
    /// Takes the focus from what goes, and gives it to a field that comes.
    heading: NodeRef<html::H2>,
}

impl Course {
    /// A method is on; recovery codes that are new are shown before anything else.
    fn turned_on(self, codes: Vec<String>) {
        if codes.is_empty() {
            self.rest("Two-step sign-in is on");
        } else {
            self.go(Step::Keep(codes));
        }
    }

    fn rest(self, news: &str) {
        self.overlays.say(news);
        self.go(Step::Rest);
        self.source.retry();
    }

    fn go(self, step: Step) {
        if let Some(heading) = self.heading.get_untracked() {
            let _ = heading.focus();
        }
        self.step.set(step);
    }
}

/// The second factor of the account.
#[component]
pub fn SecondFactorSettings(passkeys: Source<Vec<Passkey>>) -> impl IntoView {
    let source = ask(|| SecondFactorGet {});
    let step = RwSignal::new(Step::Rest);
    let heading = NodeRef::new();
    let course = Course { step, source, overlays: expect_context::<Overlays>(), heading };
    view! {
        <section class="settings-group" aria-labelledby="settings-second-factor">
            <h2 node_ref=heading id="settings-second-factor" tabindex="-1">"Two-step sign-in"</h2>
            {show(source, || row_skeletons(2), move |factor| {
                view! {
                    {move || match step.get() {
                        Step::Rest => {
                            view! { <Rest factor=factor passkeys=passkeys course=course/> }
                                .into_any()
                        }
                        Step::Tell(app) => view! { <Tell app=app course=course/> }.into_any(),
                        Step::Keep(codes) => view! { <Keep codes=codes course=course/> }.into_any(),
                        Step::End => view! { <End course=course/> }.into_any(),
                    }}
                }
                .into_any()
            })}
        </section>
    }
}

#[component]
fn Rest(factor: SecondFactor, passkeys: Source<Vec<Passkey>>, course: Course) -> impl IntoView {
    let codes = (factor.is_app_on || factor.is_passkey_on)
        .then(|| view! { <RecoveryCodes n_left=factor.n_recovery_codes course=course/> });
    view! {
        <App is_on=factor.is_app_on course=course/>
        <AskForPasskey is_on=factor.is_passkey_on passkeys=passkeys course=course/>
        {codes}
    }
}

#[component]
fn AskForPasskey(is_on: bool, passkeys: Source<Vec<Passkey>>, course: Course) -> impl IntoView {
    let sending = Sending::new();
    // Until it is known, nobody is sent away.
    let has_none = Memo::new(move |_| {
        passkeys.answer.with(|answer| matches!(answer, Remote::Ready(list) if list.is_empty()))
    });
    let about = move || match (is_on, has_none.get()) {
        (true, _) => "On: one of your passkeys is asked for after the password.",
        (false, false) => "One of your passkeys, after the password.",
        (false, true) => "One of your passkeys, after the password. Add a passkey above first.",
    };
    let turn_on = move |_| {
        sending.send(SecondFactorPasskeyEnable {}, move |codes| course.turned_on(codes));
    };
    let turn_off = Callback::new(move |()| {
        sending.send(SecondFactorPasskeyDisable {}, move |()| {
            course.rest("No passkey is asked for after the password any more");
        });
    });
    let control = move || {
        if is_on {
            view! {
                <ConfirmButton
                    label="Turn off"
                    name="Turn off the passkey after the password"
                    question="Sign in with the password and no passkey?"
                    on_confirm=turn_off
                />
            }
            .into_any()
        } else if has_none.get() {
            ().into_any()
        } else {
            view! {
                <button
                    type="button"
                    class="button"
                    aria-label="Turn on a passkey after the password"
                    aria-busy=move || sending.is_busy.get().to_string()
                    on:click=turn_on
                >
                    {move || if sending.is_busy.get() { "One moment…" } else { "Turn on" }}
                </button>
            }
            .into_any()
        }
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Passkey"</p>
                <p class="muted">{about}</p>
            </div>
            {control}
        </div>
        <FormFault fault=sending.fault/>
    }
}

/// How many are left, and the way to new ones.
#[component]
fn RecoveryCodes(n_left: u32, course: Course) -> impl IntoView {
    let sending = Sending::new();
    let renew = Callback::new(move |()| {
        sending.send(SecondFactorRecoveryRenew {}, move |codes| course.go(Step::Keep(codes)));
    });
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Recovery codes"</p>
                <p class="muted">{left(n_left)}</p>
            </div>
            <ConfirmButton
                label="New recovery codes"
                name="New recovery codes"
                question="Make new codes, and have the old ones open nothing any more?"
                on_confirm=renew
            />
        </div>
        <FormFault fault=sending.fault/>
    }
}

/// How many recovery codes are left, in words.
fn left(n_left: u32) -> String {
    match n_left {
        0 => "None left. Make new ones before you need one.".to_owned(),
        n => format!(
            "{n} of {N_RECOVERY_CODES} left. Each lets you in once without the app or the passkey."
        ),
    }
}

#[component]
fn Keep(codes: Vec<String>, course: Course) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let all = codes.join("\n");
    let codes = codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view();
    view! {
        <div class="form">
            <p role="status">
                "Two-step sign-in is on. Keep these recovery codes where you find them without \
                 your phone or passkey: each lets you in once, and they are shown only now."
            </p>
            <ul class="recovery-codes">{codes}</ul>
            <div class="form-actions">
                <button
                    type="button"
                    class="button primary"
                    on:click=move |_| course.rest("Two-step sign-in is on")
                >
                    "I have kept them"
                </button>
                <button type="button" class="button" on:click=move |_| copy(&all, is_copied)>
                    {move || if is_copied.get() { "Copied" } else { "Copy all" }}
                </button>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_is_left_of_the_codes_is_counted() {
        assert!(left(3).starts_with("3 of 10 left. "));
        assert!(left(0).starts_with("None left. "));
    }
}
