//! What can be done about a case. Each asks for a reason, which stands in the audit log.

use ::ipc::{Case, CaseAction, CaseKind, CaseUpdate};
use leptos::{ev, prelude::*};

use crate::{
    focus::rescue_focus,
    overlay::Overlays,
    pages::compliance::words::{action_words, is_dangerous},
    parts::{
        form::{FormFault, Submit, TextField, reason_trouble},
        step_up::Sending,
    },
};

/// As the server has it.
const NAME_CHARS_MAX: usize = 80;

/// A row for each action that fits; one is open at a time.
#[component]
pub fn Actions(case: RwSignal<Case>) -> impl IntoView {
    let opened = RwSignal::new(None::<CaseAction>);
    // The form that had the focus is gone once it is done.
    Effect::new(move |_| {
        case.track();
        rescue_focus(None);
    });
    let fitting = Memo::new(move |_| case.with(fitting));
    view! {
        <section class="settings-group" aria-labelledby="case-actions">
            <h2 id="case-actions">"What to do"</h2>
            <ul>
                <For each=move || fitting.get() key=|action| *action as u8 let:action>
                    <Action action=action case=case opened=opened/>
                </For>
            </ul>
        </section>
    }
}

/// First what the person asked for, then everything else that is possible now.
fn fitting(case: &Case) -> Vec<CaseAction> {
    let wanted = match case.kind {
        CaseKind::Access => CaseAction::Export,
        CaseKind::Erasure => CaseAction::Erase,
        CaseKind::Rectification => CaseAction::Rectify,
    };
    let others = [
        CaseAction::Export,
        CaseAction::Rectify,
        CaseAction::Erase,
        if case.is_held { CaseAction::LiftHold } else { CaseAction::Hold },
        CaseAction::Extend,
        CaseAction::Close,
        CaseAction::Refuse,
    ];
    let is_possible = |action: &CaseAction| match action {
        CaseAction::Erase => case.erasure.is_none(),
        CaseAction::Extend => !case.is_extended,
        _ => true,
    };
    let others = others.into_iter().filter(|action| *action != wanted);
    std::iter::once(wanted).chain(others).filter(is_possible).collect()
}

#[component]
fn Action(
    action: CaseAction,
    case: RwSignal<Case>,
    opened: RwSignal<Option<CaseAction>>,
) -> impl IntoView {
    let (name, about) = action_words(action);
    let is_open = Memo::new(move |_| opened.get() == Some(action));
    view! {
        <li>
            <div class="setting">
                <div>
                    <p class="setting-name">{name}</p>
                    <p class="muted">{about}</p>
                </div>
                <button
                    type="button"
                    class="button"
                    class:danger=is_dangerous(action)
                    aria-expanded=move || is_open.get().to_string()
                    on:click=move |_| opened.set((!is_open.get_untracked()).then_some(action))
                >
                    {move || if is_open.get() { "Not now".to_owned() } else { format!("{name}…") }}
                </button>
            </div>
            <Show when=move || is_open.get()>
                <ReasonForm action=action case=case opened=opened/>
            </Show>
        </li>
    }
}

/// What is wrong with the form; one message at a time, since each brings the focus to its field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Troubles {
    name: Option<String>,
    reason: Option<String>,
}

impl Troubles {
    fn of(name: Option<&str>, reason: &str) -> Self {
        let name = name.and_then(|name| match name.chars().count() {
            0 => Some("Enter the name as it shall be.".to_owned()),
            1..=NAME_CHARS_MAX => None,
            _ => Some(format!("Use at most {NAME_CHARS_MAX} characters.")),
        });
        Self { reason: reason_trouble(reason).filter(|_| name.is_none()), name }
    }
}

#[component]
fn ReasonForm(
    action: CaseAction,
    case: RwSignal<Case>,
    opened: RwSignal<Option<CaseAction>>,
) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    let [name, reason] = [(); 2].map(|()| RwSignal::new(String::new()));
    let troubles = RwSignal::new(Troubles::default());
    let is_rectifying = action == CaseAction::Rectify;
    let (label, _) = action_words(action);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let [name, reason] = [name, reason].map(|text| text.get_untracked().trim().to_owned());
        let display_name = is_rectifying.then_some(name);
        let found = Troubles::of(display_name.as_deref(), &reason);
        troubles.set(found.clone());
        if found != Troubles::default() {
            return;
        }
        let id = case.with_untracked(|case| case.id);
        sending.send(CaseUpdate { id, action, reason, display_name }, move |updated| {
            overlays.say(format!("Recorded: {label}"));
            opened.set(None);
            case.set(updated);
        });
    };
    view! {
        <form class="form case-form" novalidate aria-label=label on:submit=submit>
            {is_rectifying.then(|| view! {
                <TextField
                    label="Display name, as it shall be"
                    name="case_display_name"
                    value=name
                    trouble=Signal::derive(move || troubles.with(|t| t.name.clone()))
                    takes_focus=true
                />
            })}
            <TextField
                label="Reason"
                name="case_action_reason"
                value=reason
                trouble=Signal::derive(move || troubles.with(|t| t.reason.clone()))
                hint="It stays in the audit log for good: no names or addresses."
                takes_focus=!is_rectifying
            />
            <FormFault fault=sending.fault/>
            <div class="form-actions">
                <Submit label=label is_busy=sending.is_busy is_dangerous=is_dangerous(action)/>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use ::ipc::CaseState;
    use domain::{AccountId, ids::CaseId};

    use super::*;

    fn case(kind: CaseKind) -> Case {
        Case {
            id: CaseId::new(1, [0; 10]),
            kind,
            state: CaseState::Open,
            subject: AccountId::new(1, [0; 10]),
            opened_at_us: 0,
            due_at_us: 0,
            is_extended: false,
            closed_at_us: None,
            is_held: false,
            is_restricted: false,
            export: None,
            erasure: None,
        }
    }

    #[test]
    fn what_was_asked_for_comes_first_and_nothing_twice() {
        let actions = fitting(&case(CaseKind::Erasure));
        assert_eq!(actions[0], CaseAction::Erase);
        assert_eq!(actions.iter().filter(|action| **action == CaseAction::Erase).count(), 1);
        assert!(actions.contains(&CaseAction::Hold) && !actions.contains(&CaseAction::LiftHold));
        let held = Case { is_held: true, is_extended: true, ..case(CaseKind::Access) };
        let actions = fitting(&held);
        assert!(actions.contains(&CaseAction::LiftHold) && !actions.contains(&CaseAction::Extend));
    }

    #[test]
    fn a_name_is_asked_for_where_it_is_put_right() {
        assert!(Troubles::of(Some(""), "why").name.is_some());
        assert!(Troubles::of(Some("Ann"), "").reason.is_some());
        assert_eq!(Troubles::of(None, "why"), Troubles::default());
    }
}
