//! Which records are shown.

use ::ipc::AuditFilter;
use domain::audit::{Token, Verb};
use leptos::{ev, prelude::*};

use crate::parts::form::TextField;

/// What is wrong with the form, by field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Troubles {
    verb: Option<&'static str>,
    actor: Option<&'static str>,
    object: Option<&'static str>,
}

/// Exact filters; the fields follow when something else sets one.
#[component]
pub fn FilterForm(filter: RwSignal<AuditFilter>) -> impl IntoView {
    let [verb, actor, object] = [(); 3].map(|()| RwSignal::new(String::new()));
    let troubles = RwSignal::new(Troubles::default());
    Effect::new(move |_| {
        filter.with(|filter| {
            verb.set(filter.verb.as_ref().map(Verb::to_string).unwrap_or_default());
            actor.set(filter.actor.as_ref().map(Token::to_string).unwrap_or_default());
            object.set(filter.object.as_ref().map(Token::to_string).unwrap_or_default());
        });
        troubles.set(Troubles::default());
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let [verb, actor, object] = [verb, actor, object].map(|text| text.get_untracked());
        match read(&verb, &actor, &object) {
            Ok(wanted) => {
                troubles.set(Troubles::default());
                if filter.with_untracked(|now| *now != wanted) {
                    filter.set(wanted);
                }
            }
            Err(found) => troubles.set(found),
        }
    };
    let is_on = Memo::new(move |_| filter.with(|filter| *filter != AuditFilter::default()));
    let trouble = move |of: fn(&Troubles) -> Option<&'static str>| {
        Signal::derive(move || troubles.with(of).map(str::to_owned))
    };
    view! {
        <form class="filters" role="search" aria-label="Filter records" novalidate on:submit=submit>
            <TextField label="Verb" name="verb" value=verb trouble=trouble(|t| t.verb)/>
            <TextField label="Actor" name="actor" value=actor trouble=trouble(|t| t.actor)/>
            <TextField label="Object" name="object" value=object trouble=trouble(|t| t.object)/>
            <div class="form-actions">
                <button type="submit" class="button">"Filter"</button>
                <Show when=move || is_on.get()>
                    <button
                        type="button"
                        class="text-button"
                        on:click=move |_| filter.set(AuditFilter::default())
                    >
                        "Show all"
                    </button>
                </Show>
            </div>
        </form>
    }
}

/// One trouble at a time, since each brings the focus to its field.
fn read(verb: &str, actor: &str, object: &str) -> Result<AuditFilter, Troubles> {
    const TOKEN: &str = "Enter a whole token, such as account:0190….";
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let verb = given(verb).map(Verb::new).transpose().map_err(|_| Troubles {
        verb: Some("Enter an operation, such as role_grant."),
        ..Troubles::default()
    })?;
    let actor = given(actor)
        .map(Token::new)
        .transpose()
        .map_err(|_| Troubles { actor: Some(TOKEN), ..Troubles::default() })?;
    let object = given(object)
        .map(Token::new)
        .transpose()
        .map_err(|_| Troubles { object: Some(TOKEN), ..Troubles::default() })?;
    Ok(AuditFilter { actor, object, verb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_whole_names() {
        assert_eq!(read(" ", "", ""), Ok(AuditFilter::default()));
        assert!(read("role_grant", "account:0190", "").is_ok());
        assert!(read("Role", "", "").is_err_and(|troubles| troubles.verb.is_some()));
        let twice = read("role_grant", "ann@example.org", "a b").unwrap_err();
        assert!(twice.actor.is_some() && twice.object.is_none());
    }
}
