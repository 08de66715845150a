//! Signing in and signing up.

use ::ipc::{
    Fault, FaultKind, PasswordReset, SecretsState, SessionView, SignIn, SignInPasskey, SignUp,
};
use leptos::{ev, html, prelude::*, task::spawn_local};

use crate::{
    icons::{Glyph, Icon},
    ipc::invoke,
    overlay::{Dialog, Overlays},
    parts::{
        browser::BrowserWait,
        second_step::{Asked, OtherStep, PasskeyNote, USE_PASSKEY},
        states::RequestId,
    },
    state::{State, state},
};

mod browser;
mod field;

use browser::OtherWays;
use field::{Field, PasswordField};

/// Where a server on the same machine listens.
const DEFAULT_SERVER: &str = "http://localhost:4600";
/// For whoever opens the app for the first time.
const WHAT_IT_IS: &str =
    "Music from a server of your own: your family's, your label's, or that of people you know.";

const WHERE_IT_IS: &str = "Whoever runs the server can tell you its address.";

/// As the server has it.
const PASSWORD_CHARS_MIN: usize = 8;

/// The field a message belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spot {
    Server,
    Name,
    Email,
    Password,
    Code,
    Form,
}

/// What is wrong, where.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub spot: Spot,
    pub message: String,
    pub request_id: Option<String>,
}

/// The first page: an address, who one is, and in.
#[component]
pub fn SignInPage() -> impl IntoView {
    let state = state();
    let overlays = expect_context::<Overlays>();
    let is_new = RwSignal::new(false);
    let is_busy = RwSignal::new(false);
    // Where the account has a second factor, once the password was right; and of which account.
    let asked = Asked::new();
    let asked_email = StoredValue::new(String::new());
    // A link to choose a new password was asked for, for this address.
    let mailed_to = RwSignal::new(None::<String>);
    let trouble = RwSignal::new(None::<Trouble>);
    // What to do in the browser, while it is open for somebody to sign in.
    let waiting = RwSignal::new(None::<String>);
    let known =
        state.session.with_untracked(|session| session.as_ref().and_then(|s| s.server_url.clone()));
    let is_first = known.is_none();
    let remembered = known.unwrap_or_else(|| DEFAULT_SERVER.into());
    let server_url = RwSignal::new(remembered.clone());
    let [server, name, email, password, code] = [(); 5].map(|()| NodeRef::<html::Input>::new());
    let is_locked = Memo::new(move |_| {
        state.session.with(|session| {
            session.as_ref().is_some_and(|session| session.secrets == SecretsState::Locked)
        })
    });
    Effect::new(move |_| {
        if is_locked.get() {
            overlays.dialog.set(Some(Dialog::Passphrase));
        }
    });

    // Password managers fill fields without typing, so they are read when they are needed.
    let read = move |field: NodeRef<html::Input>| {
        field.get_untracked().map(|field| field.value()).unwrap_or_default()
    };
    let form = move || Form {
        server_url: normalised(&read(server)),
        display_name: read(name).trim().to_owned(),
        email: read(email).trim().to_owned(),
        password: read(password),
        code: asked
            .now()
            .filter(|second| !second.is_by_passkey)
            .map(|_| read(code).trim().to_owned()),
        is_new: is_new.get_untracked(),
    };
    // Signs in with a passkey after the password.
    let by_passkey = move || {
        let form = Form { code: None, ..form() };
        trouble.set(form.trouble(""));
        if is_busy.get_untracked() || trouble.with_untracked(Option::is_some) {
            return;
        }
        waiting.set(Some(USE_PASSKEY.into()));
        let Form { server_url, email, password, .. } = form;
        spawn_local(async move {
            let answer = invoke(SignInPasskey { server_url, email, password }).await;
            // The page goes as soon as somebody is in.
            waiting.try_set(None);
            match answer {
                Ok(Some(session)) => enter(state, overlays, session),
                Ok(None) => {}
                Err(fault) => drop(trouble.try_set(Some(trouble_of_passkey(fault)))),
            }
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        if asked.now().is_some_and(|second| second.is_by_passkey) {
            by_passkey();
            return;
        }
        let form = form();
        if let Some(found) = form.trouble(asked.missing()) {
            trouble.set(Some(found));
            return;
        }
        trouble.set(None);
        is_busy.set(true);
        asked_email.set_value(form.email.clone());
        spawn_local(async move {
            match form.send().await {
                Ok(session) => enter(state, overlays, session),
                // Not wrong, only not all.
                Err(fault) if asked.takes_up(&fault) => {}
                Err(fault) => trouble.set(Some(trouble_of(fault))),
            }
            is_busy.set(false);
        });
    };
    let forget = move |_| {
        let form = form();
        if let Some(found) = form.trouble_of_address() {
            trouble.set(Some(found));
            return;
        }
        trouble.set(None);
        let Form { server_url, email, .. } = form;
        spawn_local(async move {
            match invoke(PasswordReset { server_url, email: email.clone() }).await {
                Ok(()) => mailed_to.set(Some(email)),
                Err(fault) => trouble.set(Some(trouble_of(fault))),
            }
        });
    };
    // The field appears where somebody is about to type.
    Effect::new(move |_| {
        if let Some(field) = code.get() {
            let _ = field.focus();
        }
    });
    // A field says so once it is left, or filled by a password manager.
    let changed = move |_: ev::Event| {
        let now = form();
        let address = if now.is_url() { now.server_url } else { String::new() };
        if server_url.with_untracked(|before| *before != address) {
            server_url.set(address);
        }
        if asked_email.with_value(|before| *before != now.email) {
            asked.forget();
        }
    };
    let heading = move || if is_new.get() { "Create your account" } else { "Sign in" };
    let other = move || if is_new.get() { "I have an account" } else { "Create an account" };
    let action = move || match (is_busy.get(), is_new.get(), asked.is_passkey()) {
        (true, _, _) => "One moment…",
        (false, true, _) => "Sign up",
        (false, false, true) => "Use your passkey",
        (false, false, false) => "Sign in",
    };
    let autocomplete =
        Signal::derive(move || if is_new.get() { "new-password" } else { "current-password" });
    view! {
        <main class="alone sign-in">
            <div class="sign-in-card">
                <div class="brand">
                    <span class="brand-mark" aria-hidden="true"></span>
                    <span class="brand-name">"MelodyUD"</span>
                </div>
                {is_first.then(|| view! { <p class="muted">{WHAT_IT_IS}</p> })}
                <h1>{heading}</h1>
                <form
                    novalidate
                    hidden=move || waiting.with(Option::is_some)
                    on:submit=submit
                    on:change=changed
                >
                    <Field
                        input=server
                        spot=Spot::Server
                        trouble=trouble
                        label="Server address"
                        kind="url"
                        name="server_url"
                        autocomplete="url"
                        value=remembered
                        hint=if is_first { WHERE_IT_IS } else { "" }
                    />
                    <Show when=move || is_new.get()>
                        <Field
                            input=name
                            spot=Spot::Name
                            trouble=trouble
                            label="Name"
                            kind="text"
                            name="display_name"
                            autocomplete="name"
                        />
                    </Show>
                    <Field
                        input=email
                        spot=Spot::Email
                        trouble=trouble
                        label="Email"
                        kind="email"
                        name="email"
                        autocomplete="username"
                    />
                    <PasswordField input=password trouble=trouble autocomplete=autocomplete/>
                    <Show when=move || asked.is_code()>
                        <Field
                            input=code
                            spot=Spot::Code
                            trouble=trouble
                            label=asked.label()
                            kind="text"
                            name="code"
                            autocomplete="one-time-code"
                        />
                    </Show>
                    <PasskeyNote asked=asked/>
                    <FormTrouble trouble=trouble/>
                    <button
                        type="submit"
                        class="button primary wide"
                        aria-busy=move || is_busy.get().to_string()
                    >
                        {action}
                    </button>
                    <OtherStep asked=asked on_passkey=Callback::new(move |()| by_passkey())/>
                    <div class="sign-in-links">
                        <button
                            type="button"
                            class="text-button"
                            on:click=move |_| {
                                trouble.set(None);
                                asked.forget();
                                is_new.update(|is_new| *is_new = !*is_new);
                            }
                        >
                            {other}
                        </button>
                        <Show when=move || !is_new.get()>
                            <button type="button" class="text-button" on:click=forget>
                                "Forgot your password?"
                            </button>
                        </Show>
                    </div>
                    <p class="sign-in-note" role="status">
                        {move || mailed_to.get().map(|email| format!(
                            "If {email} has an account here, a mail with a link is on its way."
                        ))}
                    </p>
                    <Show when=move || is_locked.get()>
                        <button
                            type="button"
                            class="text-button wide"
                            on:click=move |_| overlays.dialog.set(Some(Dialog::Passphrase))
                        >
                            <Icon icon=Glyph::Lock/>
                            "Unlock the saved sign-in"
                        </button>
                    </Show>
                </form>
                <OtherWays
                    server_url=server_url
                    is_new=is_new
                    is_hidden=Signal::derive(move || asked.is_any() || waiting.with(Option::is_some))
                    waiting=waiting
                />
                {move || waiting.get().map(|what| view! { <BrowserWait what=what/> })}
            </div>
        </main>
    }
}

/// Somebody is in; where nothing here would remember that, it is asked how it could.
fn enter(state: State, overlays: Overlays, session: SessionView) {
    if session.secrets == SecretsState::MemoryOnly {
        overlays.dialog.set(Some(Dialog::Passphrase));
    }
    state.on_session(session);
}

/// What belongs to no single field.
#[component]
fn FormTrouble(trouble: RwSignal<Option<Trouble>>) -> impl IntoView {
    view! {
        <div class="form-error" role="alert">
            {move || trouble.get().map(|trouble| view! {
                {(trouble.spot == Spot::Form).then(|| view! { <p>{trouble.message}</p> })}
                {trouble.request_id.map(|id| view! { <RequestId id=id/> })}
            })}
        </div>
    }
}

/// What was filled in.
struct Form {
    server_url: String,
    display_name: String,
    email: String,
    password: String,
    /// Where it was asked for.
    code: Option<String>,
    is_new: bool,
}

impl Form {
    /// The first thing that is plainly wrong; the server judges the rest.
    fn trouble(&self, without_code: &str) -> Option<Trouble> {
        if self.is_new && self.is_url() && self.display_name.is_empty() {
            return Some(at(Spot::Name, "Enter the name others will see."));
        }
        if let Some(found) = self.trouble_of_address() {
            return Some(found);
        }
        if self.password.is_empty() {
            Some(at(Spot::Password, "Enter your password."))
        } else if self.is_new && self.password.chars().count() < PASSWORD_CHARS_MIN {
            Some(at(Spot::Password, "Use at least 8 characters; a few words are easy to remember."))
        } else if self.code.as_ref().is_some_and(String::is_empty) {
            Some(at(Spot::Code, without_code))
        } else {
            None
        }
    }

    /// What is wrong about whom and where.
    fn trouble_of_address(&self) -> Option<Trouble> {
        if !self.is_url() {
            Some(at(
                Spot::Server,
                "Enter the address of your server, such as https://music.example.",
            ))
        } else if !self.email.contains('@') {
            Some(at(Spot::Email, "Enter an email address, such as ann@example.org."))
        } else {
            None
        }
    }

    fn is_url(&self) -> bool {
        let has_scheme =
            self.server_url.starts_with("http://") || self.server_url.starts_with("https://");
        has_scheme && !self.server_url.ends_with("//")
    }

    async fn send(self) -> Result<SessionView, Fault> {
        let Self { server_url, display_name, email, password, code, is_new } = self;
        if is_new {
            invoke(SignUp { server_url, display_name, email, password }).await
        } else {
            invoke(SignIn { server_url, email, password, code }).await
        }
    }
}

fn at(spot: Spot, message: &str) -> Trouble {
    Trouble { spot, message: message.into(), request_id: None }
}

/// `music.example` is `https://music.example`; on this machine plain HTTP does.
fn normalised(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    if address.is_empty() || address.contains("://") {
        address.to_owned()
    } else if address.starts_with("localhost") || address.starts_with("127.") {
        format!("http://{address}")
    } else {
        format!("https://{address}")
    }
}

fn trouble_of(fault: Fault) -> Trouble {
    let spot = match fault.kind {
        FaultKind::WrongCredentials => Spot::Password,
        FaultKind::SecondFactorRequired(_) => Spot::Code,
        FaultKind::Offline => Spot::Server,
        _ => Spot::Form,
    };
    let message = format!("{} {}", fault.message, fault.hint).trim().to_owned();
    Trouble { spot, message, request_id: fault.request_id }
}

/// The field for codes has no part in it.
fn trouble_of_passkey(fault: Fault) -> Trouble {
    let trouble = trouble_of(fault);
    match trouble.spot {
        Spot::Code => Trouble { spot: Spot::Form, ..trouble },
        _ => trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(server_url: &str, email: &str, password: &str) -> Form {
        Form {
            server_url: normalised(server_url),
            display_name: String::new(),
            email: email.into(),
            password: password.into(),
            code: None,
            is_new: false,
        }
    }

    #[test]
    fn address_gets_the_scheme_it_lacks() {
        assert_eq!(normalised(" music.example/ "), "https://music.example");
        assert_eq!(normalised("localhost:4600"), "http://localhost:4600");
        assert_eq!(normalised("http://10.0.0.2:4600"), "http://10.0.0.2:4600");
    }

    #[test]
    fn trouble_is_tied_to_its_field() {
        let spot = |form: Form| form.trouble("Enter it.").map(|trouble| trouble.spot);
        assert_eq!(spot(form("", "a@b", "x")), Some(Spot::Server));
        assert_eq!(spot(form("ftp://x", "a@b", "x")), Some(Spot::Server));
        assert_eq!(spot(form("music.example", "ann", "x")), Some(Spot::Email));
        assert_eq!(spot(form("music.example", "a@b", "")), Some(Spot::Password));
        assert_eq!(spot(form("music.example", "a@b", "secret")), None);
        let wanted = Form { code: Some(String::new()), ..form("x", "a@b", "secret") };
        assert_eq!(spot(wanted), Some(Spot::Code));
        let new = Form { is_new: true, display_name: "Ann".into(), ..form("x", "a@b", "short") };
        assert_eq!(spot(new), Some(Spot::Password));
    }
}
