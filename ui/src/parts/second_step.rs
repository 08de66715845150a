//! What is asked for after the password, where the account has a second factor.

use ::ipc::{Fault, FaultKind, SecondStep};
use leptos::prelude::*;

use crate::icons::{Glyph, Icon};

/// What to do in the browser.
pub const USE_PASSKEY: &str =
    "Use your passkey in the window that has opened. It brings you back here.";

/// What is asked for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Second {
    takes: SecondStep,
    pub is_by_passkey: bool,
}

impl Second {
    /// A code where the account takes those of an app: that needs no other window.
    const fn of(takes: SecondStep) -> Self {
        Self { takes, is_by_passkey: takes.takes_passkey && !takes.takes_app }
    }

    const fn label(self) -> &'static str {
        if self.takes.takes_app {
            "Code of your authenticator app, or a recovery code"
        } else {
            "Recovery code"
        }
    }

    const fn missing(self) -> &'static str {
        if self.takes.takes_app {
            "Enter the six digits that the app shows, or a recovery code."
        } else {
            "Enter one of your recovery codes."
        }
    }
}

/// What is asked for beside the password, once anything is.
#[derive(Clone, Copy)]
pub struct Asked(RwSignal<Option<Second>>);

impl Asked {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// Whether a refusal says no more than that a second step is missing; it is asked for then.
    pub fn takes_up(self, refused: &Fault) -> bool {
        let FaultKind::SecondFactorRequired(takes) = refused.kind else { return false };
        let is_new =
            self.0.with_untracked(|asked| asked.is_none_or(|second| second.takes != takes));
        if is_new {
            self.0.set(Some(Second::of(takes)));
        }
        is_new
    }

    /// Another account is meant.
    pub fn forget(self) {
        self.0.set(None);
    }

    /// For what is done, not shown.
    pub fn now(self) -> Option<Second> {
        self.0.get_untracked()
    }

    pub fn is_any(self) -> bool {
        self.0.with(Option::is_some)
    }

    pub fn is_code(self) -> bool {
        self.0.get().is_some_and(|second| !second.is_by_passkey)
    }

    pub fn is_passkey(self) -> bool {
        self.0.get().is_some_and(|second| second.is_by_passkey)
    }

    /// Of the field for codes.
    pub fn label(self) -> &'static str {
        self.0.get().map_or("", Second::label)
    }

    /// What to say where no code is given.
    pub fn missing(self) -> &'static str {
        self.now().map_or("", Second::missing)
    }

    fn by_code(self) {
        self.0.update(|asked| {
            if let Some(second) = asked {
                second.is_by_passkey = false;
            }
        });
    }
}

/// Says that it is about the passkey, where it is.
#[component]
pub fn PasskeyNote(asked: Asked) -> impl IntoView {
    let said = move || {
        if asked.is_passkey() { "This account asks for your passkey as well." } else { "" }
    };
    view! { <p class="second-step-note" role="status">{said}</p> }
}

/// The way beside the one that is asked for: a recovery code in the place of the passkey, or the
/// passkey in the place of a code.
#[component]
pub fn OtherStep(
    asked: Asked,
    /// Begins with the passkey.
    on_passkey: Callback<()>,
) -> impl IntoView {
    let has_both = move || asked.0.get().is_some_and(|second| second.takes.takes_passkey);
    view! {
        <Show when=move || asked.is_passkey()>
            <button type="button" class="text-button wide" on:click=move |_| asked.by_code()>
                "Use a recovery code instead"
            </button>
        </Show>
        <Show when=move || asked.is_code() && has_both()>
            <button
                type="button"
                class="text-button wide"
                on:click=move |_| on_passkey.run(())
            >
                <Icon icon=Glyph::Key/>
                "Use your passkey instead"
            </button>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_asked_for_where_there_is_an_app() {
        for (takes_app, takes_passkey, is_by_passkey) in
            [(true, false, false), (true, true, false), (false, true, true), (false, false, false)]
        {
            let second = Second::of(SecondStep { takes_app, takes_passkey });
            assert_eq!(second.is_by_passkey, is_by_passkey);
            assert_eq!(second.label().contains("app"), takes_app);
            assert_eq!(second.missing().contains("app"), takes_app);
        }
    }
}
