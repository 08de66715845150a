//! What is held about people, and why.

use ::ipc::Holding;
use leptos::prelude::*;

use crate::format::count;

/// By service, each folded up until somebody wants to know.
#[component]
pub fn Holdings(holdings: Vec<Holding>) -> impl IntoView {
    let services = by_service(holdings)
        .into_iter()
        .map(|(service, holdings)| view! { <Service service=service holdings=holdings/> })
        .collect_view();
    view! {
        <section class="settings-group" aria-labelledby="privacy-holdings">
            <h2 id="privacy-holdings">"What is held about you"</h2>
            <p class="muted">
                "Everything that this server keeps about people, what it needs it for and how long it stays. An export has all of it. If you have your data kept and not used (below), all this is stored and nothing more: it does not grow by what you play, and it serves nothing but what you ask for, safety, and claims at law."
            </p>
            {services}
        </section>
    }
}

#[component]
fn Service(service: String, holdings: Vec<Holding>) -> impl IntoView {
    let n_kinds = count(holdings.len() as u64, "kind");
    let rows = holdings.into_iter().map(|holding| view! { <Row holding=holding/> }).collect_view();
    view! {
        <details class="fold">
            <summary>
                <span class="setting-name">{service_name(&service)}</span>
                <span class="muted">{format!("{n_kinds} of data")}</span>
            </summary>
            <ul>{rows}</ul>
        </details>
    }
}

#[component]
fn Row(holding: Holding) -> impl IntoView {
    let Holding { what, why, kept, stays, .. } = holding;
    let after =
        stays.map_or_else(|| "It goes".to_owned(), |why| format!("It stays: {}", phrase(&why)));
    view! {
        <li class="holding">
            <p class="setting-name">{what}</p>
            <dl class="facts">
                <dt>"Needed for"</dt>
                <dd>{phrase(&why)}</dd>
                <dt>"Kept"</dt>
                <dd>{phrase(&kept)}</dd>
                <dt>"When you erase your account"</dt>
                <dd>{after}</dd>
            </dl>
        </li>
    }
}

/// Services write phrases and sentences; in a list all of them are phrases.
fn phrase(text: &str) -> String {
    text.trim_end_matches('.').to_owned()
}

/// Services in the order in which they come, each with its holdings.
fn by_service(holdings: Vec<Holding>) -> Vec<(String, Vec<Holding>)> {
    let mut services: Vec<(String, Vec<Holding>)> = Vec::new();
    for holding in holdings {
        match services.iter_mut().find(|(service, _)| *service == holding.service) {
            Some((_, of_it)) => of_it.push(holding),
            None => services.push((holding.service.clone(), vec![holding])),
        }
    }
    services
}

/// What a service is to people. Officers read it of somebody else, so that it addresses nobody.
pub fn service_name(service: &str) -> String {
    match service {
        "accounts" => "Account".into(),
        "mfa" => "Two-step sign-in".into(),
        "signin" => "Ways to sign in".into(),
        "billing" => "Plan".into(),
        "privacy" => "Rights, and what was agreed to".into(),
        "catalog" => "Music and listening".into(),
        "ingest" => "Imports".into(),
        "discovery" => "Search".into(),
        "delivery" => "Streaming".into(),
        "uploads" => "Uploads".into(),
        "audit" => "Audit log".into(),
        "vault" => "Vault of personal data".into(),
        "roles" => "Roles".into(),
        "offline" => "Music kept on devices".into(),
        "mail" => "Mails".into(),
        "outbox" => "Mails on their way".into(),
        other => {
            let mut chars = other.chars();
            let first = chars.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + chars.as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdings_stand_with_their_service() {
        let holding = |service: &str, table: &str| Holding {
            service: service.into(),
            table: table.into(),
            what: String::new(),
            why: String::new(),
            kept: String::new(),
            stays: None,
        };
        let all = [("accounts", "a"), ("catalog", "b"), ("accounts", "c")];
        let services = by_service(all.map(|(service, table)| holding(service, table)).into());
        let tables = services.iter().map(|(service, of_it)| {
            (service.as_str(), of_it.iter().map(|h| h.table.as_str()).collect::<Vec<_>>())
        });
        assert_eq!(
            tables.collect::<Vec<_>>(),
            [("accounts", vec!["a", "c"]), ("catalog", vec!["b"])]
        );
    }

    #[test]
    fn a_service_of_tomorrow_has_a_name() {
        assert_eq!(service_name("social"), "Social");
        assert_eq!(service_name(""), "");
    }
}
