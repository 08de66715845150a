//! Fields with their message below.

use leptos::{html, prelude::*};

use super::{Spot, Trouble};
use crate::icons::{Glyph, Icon};

/// A labelled input; a message about it is read out with it.
#[component]
pub fn Field(
    input: NodeRef<html::Input>,
    spot: Spot,
    trouble: RwSignal<Option<Trouble>>,
    label: &'static str,
    /// The `type` attribute.
    kind: &'static str,
    name: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] value: String,
    /// What to know before filling it in.
    #[prop(optional)]
    hint: &'static str,
) -> impl IntoView {
    let message = message_at(trouble, spot);
    focus_on_trouble(input, message);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                node_ref=input
                id=name
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || message.with(Option::is_some).then_some("true")
                aria-describedby=format!("{name}-error {name}-hint")
            />
            <p class="field-error" id=format!("{name}-error")>{message}</p>
            <p class="field-hint" id=format!("{name}-hint")>{hint}</p>
        </div>
    }
}

/// The password, which can be shown.
#[component]
pub fn PasswordField(
    input: NodeRef<html::Input>,
    trouble: RwSignal<Option<Trouble>>,
    #[prop(into)] autocomplete: Signal<&'static str>,
) -> impl IntoView {
    let is_shown = RwSignal::new(false);
    let message = message_at(trouble, Spot::Password);
    focus_on_trouble(input, message);
    let label = move || if is_shown.get() { "Hide password" } else { "Show password" };
    view! {
        <div class="field">
            <label for="password">"Password"</label>
            <div class="field-box">
                <input
                    node_ref=input
                    id="password"
                    name="password"
                    type=move || if is_shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    maxlength="128"
                    aria-invalid=move || message.with(Option::is_some).then_some("true")
                    aria-describedby="password-error"
                />
                <button
                    type="button"
                    class="icon-button small"
                    aria-label=label
                    on:click=move |_| is_shown.update(|shown| *shown = !*shown)
                >
                    {move || {
                        let icon = if is_shown.get() { Glyph::EyeOff } else { Glyph::Eye };
                        view! { <Icon icon=icon/> }
                    }}
                </button>
            </div>
            <p class="field-error" id="password-error">{message}</p>
        </div>
    }
}

fn message_at(trouble: RwSignal<Option<Trouble>>, spot: Spot) -> Memo<Option<String>> {
    Memo::new(move |_| {
        trouble
            .with(|trouble| trouble.as_ref().filter(|t| t.spot == spot).map(|t| t.message.clone()))
    })
}

fn focus_on_trouble(input: NodeRef<html::Input>, message: Memo<Option<String>>) {
    Effect::new(move |_| {
        if message.with(Option::is_some)
            && let Some(input) = input.get_untracked()
        {
            let _ = input.focus();
        }
    });
}
