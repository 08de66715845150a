//! Fields of a form, each with its message below.

use ::ipc::{Fault, FaultKind};
use leptos::{html, prelude::*};

use crate::{
    icons::{Glyph, Icon},
    parts::states::RequestId,
};

/// A labelled line of text. A message about it is read out with it, and brings the focus to it.
#[component]
pub fn TextField(
    label: &'static str,
    /// Of the field and, with what hangs on it, of its parts.
    name: &'static str,
    value: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    trouble: Signal<Option<String>>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    /// What to know before filling it in.
    #[prop(optional)]
    hint: &'static str,
    /// It appears where somebody is about to type.
    #[prop(optional)]
    takes_focus: bool,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    if takes_focus {
        Effect::new(move |_| {
            if let Some(input) = input.get() {
                // First: a form may be too long to be seen with its field.
                show_form_of(&input);
                let _ = input.focus();
            }
        });
    }
    Effect::new(move |_| {
        if trouble.with(Option::is_some)
            && let Some(input) = input.get_untracked()
        {
            let _ = input.focus();
        }
    });
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                node_ref=input
                id=name
                name=name
                type=kind
                prop:value=value
                autocomplete=autocomplete
                spellcheck="false"
                aria-invalid=move || trouble.with(Option::is_some).then_some("true")
                aria-describedby=format!("{name}-error {name}-hint")
                on:input:target=move |event| value.set(event.target().value())
            />
            <p class="field-error" id=format!("{name}-error")>{move || trouble.get()}</p>
            <p class="field-hint" id=format!("{name}-hint")>{hint}</p>
        </div>
    }
}

/// Scrolls as far as needed to see the buttons of the form, too.
fn show_form_of(input: &web_sys::HtmlInputElement) {
    if let Ok(Some(form)) = input.closest("form") {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        form.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// A labelled choice of many; the first option stands for none.
#[component]
pub fn SelectField(
    label: &'static str,
    name: &'static str,
    /// Value and text of each.
    options: Vec<(String, String)>,
    value: RwSignal<String>,
    #[prop(default = "off")] autocomplete: &'static str,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(option, text)| {
            let is_chosen = value.with_untracked(|value| *value == option);
            view! { <option value=option selected=is_chosen>{text}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <div class="select">
                <select
                    id=name
                    name=name
                    autocomplete=autocomplete
                    on:change:target=move |event| value.set(event.target().value())
                >
                    {options}
                </select>
                <Icon icon=Glyph::ChevronDown/>
            </div>
        </div>
    }
}

/// Longest reason of an act, in characters; as the server has it.
const REASON_CHARS_MAX: usize = 400;

/// What is wrong with the reason of an act that is written into the audit log.
pub fn reason_trouble(reason: &str) -> Option<String> {
    match reason.chars().count() {
        0 => Some("Say why, for whoever reads the log later.".into()),
        1..=REASON_CHARS_MAX => None,
        _ => Some(format!("Use at most {REASON_CHARS_MAX} characters.")),
    }
}

/// The button that sends a form, and says so while it is on its way.
#[component]
pub fn Submit(
    #[prop(into)] label: String,
    #[prop(into)] is_busy: Signal<bool>,
    /// What it does cannot be undone.
    #[prop(optional)]
    is_dangerous: bool,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="button"
            class:primary=!is_dangerous
            class:danger=is_dangerous
            aria-busy=move || is_busy.get().to_string()
        >
            {move || if is_busy.get() { "One moment…".to_owned() } else { label.clone() }}
        </button>
    }
}

/// In a form of one field, what the server cannot take is that field: it is said there.
pub fn said_at_field(fault: RwSignal<Option<Fault>>, trouble: RwSignal<Option<String>>) {
    Effect::new(move |_| {
        let Some(refused) = fault.get().filter(|fault| fault.kind == FaultKind::Invalid) else {
            return;
        };
        fault.set(None);
        trouble.set(Some(said(&refused)));
    });
}

/// What a refusal says, in one line.
pub fn said(fault: &Fault) -> String {
    format!("{} {}", fault.message, fault.hint).trim().to_owned()
}

/// Why a form was not taken, where that belongs to no single field.
#[component]
pub fn FormFault(fault: RwSignal<Option<Fault>>) -> impl IntoView {
    view! {
        <div class="form-error" role="alert">
            {move || fault.get().map(|fault| view! {
                <p>{said(&fault)}</p>
                {fault.request_id.map(|id| view! { <RequestId id=id/> })}
            })}
        </div>
    }
}
