//! The authenticator app: told, turned on with its first code, and off with another.

use ::ipc::{AppSecret, SecondFactorConfirm, SecondFactorDisable, SecondFactorStart};
use leptos::{ev, prelude::*};

use super::{Course, Step};
use crate::parts::{
    form::{FormFault, Submit, TextField, said_at_field},
    step_up::Sending,
};

/// Whether it is on, and the way to the other.
#[component]
pub fn App(is_on: bool, course: Course) -> impl IntoView {
    let sending = Sending::new();
    let (about, label, name) = if is_on {
        let about = "On: a code of your app is asked for after the password.";
        (about, "Turn off", "Turn off the authenticator app")
    } else {
        let about = "A code of an app on your phone, after the password.";
        (about, "Turn on", "Turn on an authenticator app")
    };
    let go_on = move |_| {
        if is_on {
            course.go(Step::End);
        } else {
            sending.send(SecondFactorStart {}, move |app| course.go(Step::Tell(app)));
        }
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Authenticator app"</p>
                <p class="muted">{about}</p>
            </div>
            <button
                type="button"
                class="button"
                aria-label=name
                aria-busy=move || sending.is_busy.get().to_string()
                on:click=go_on
            >
                {move || if sending.is_busy.get() { "One moment…" } else { label }}
            </button>
        </div>
        <FormFault fault=sending.fault/>
    }
}

/// What the app needs, and its first code.
#[component]
pub fn Tell(app: AppSecret, course: Course) -> impl IntoView {
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.code_is_there() {
            let call = SecondFactorConfirm { code: form.code.get_untracked() };
            form.sending.send(call, move |codes| course.turned_on(codes));
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
            <Actions label="Turn on" is_busy=form.sending.is_busy course=course/>
        </form>
    }
}

/// A code, to turn it off.
#[component]
pub fn End(course: Course) -> impl IntoView {
    let form = Form::new();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if form.code_is_there() {
            let call = SecondFactorDisable { code: form.code.get_untracked() };
            let off = "No code of an app is asked for any more";
            form.sending.send(call, move |()| course.rest(off));
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
            <Actions label="Turn off" is_busy=form.sending.is_busy course=course/>
        </form>
    }
}

#[component]
fn Actions(label: &'static str, is_busy: RwSignal<bool>, course: Course) -> impl IntoView {
    view! {
        <div class="form-actions">
            <Submit label=label is_busy=is_busy/>
            <button type="button" class="button" on:click=move |_| course.go(Step::Rest)>
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
        let form = Self {
            code: RwSignal::new(String::new()),
            code_trouble: RwSignal::new(None),
            sending: Sending::new(),
        };
        said_at_field(form.sending.fault, form.code_trouble);
        form
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
