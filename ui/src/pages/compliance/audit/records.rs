//! The records themselves.

use ::ipc::{AuditFilter, AuditList, AuditPage, AuditRecord};
use domain::audit::{Act, Token};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    dates::stamp,
    icons::Glyph,
    ipc::invoke,
    parts::{more::LoadMore, states::EmptyState},
    state::state,
};

/// As much of a token as tells it from others on the screen; ids begin alike, since they begin
/// with the time.
const TOKEN_TAIL_CHARS: usize = 8;

/// A table, newest first, that grows on demand.
#[component]
pub fn Records(page: AuditPage, filter: RwSignal<AuditFilter>) -> impl IntoView {
    let state = state();
    let is_empty = page.items.is_empty();
    let records = RwSignal::new(page.items);
    let next = RwSignal::new(page.next_cursor);
    let is_busy = RwSignal::new(false);
    let more = Callback::new(move |()| {
        let Some(cursor) = next.get_untracked().filter(|_| !is_busy.get_untracked()) else {
            return;
        };
        is_busy.set(true);
        let call = AuditList { filter: filter.get_untracked(), cursor: Some(cursor) };
        spawn_local(async move {
            match invoke(call).await {
                Ok(page) => {
                    // The filter may have changed by now, and with it the table.
                    records.try_update(|records| records.extend(page.items));
                    next.try_set(page.next_cursor);
                }
                Err(fault) => state.fail(fault),
            }
            is_busy.try_set(false);
        });
    });
    if is_empty {
        return view! {
            <EmptyState icon=Glyph::Search title="No such records">
                <p>"Filters match exactly; leave one empty to see more."</p>
            </EmptyState>
        }
        .into_any();
    }
    view! {
        <table class="records" role="table" aria-label="Records, newest first">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Time"</th>
                    <th role="columnheader" scope="col">"Verb"</th>
                    <th role="columnheader" scope="col">"Actor"</th>
                    <th role="columnheader" scope="col">"Object"</th>
                    <th role="columnheader" scope="col">"Reason"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For each=move || records.get() key=|record| record.seq let:record>
                    <Row record=record filter=filter/>
                </For>
            </tbody>
        </table>
        <Show when=move || next.with(Option::is_some)>
            <LoadMore is_busy=is_busy on_more=more/>
        </Show>
    }
    .into_any()
}

#[component]
fn Row(record: AuditRecord, filter: RwSignal<AuditFilter>) -> impl IntoView {
    let Some(act) = record.act else {
        return view! {
            <tr role="row">
                <td role="cell" colspan="5" class="muted">
                    {format!("Record {}: its time to be kept has passed; its hash stays.", record.seq)}
                </td>
            </tr>
        }
        .into_any();
    };
    let Act { at_us, actor, verb, object, reason, .. } = act;
    let by_verb = verb.clone();
    let verb_label = format!("Only {verb}");
    view! {
        <tr role="row">
            <td role="cell" class="stamp">{stamp(at_us)}</td>
            <td role="cell">
                <button
                    class="token"
                    aria-label=verb_label
                    on:click=move |_| filter.update(|filter| filter.verb = Some(by_verb.clone()))
                >
                    {verb.to_string()}
                </button>
            </td>
            <td role="cell" data-label="by">
                {match actor {
                    Some(actor) => view! {
                        <TokenButton
                            token=actor
                            choose=Callback::new(move |token| filter.update(|f| f.actor = Some(token)))
                        />
                    }.into_any(),
                    None => view! { <span class="muted">"No account"</span> }.into_any(),
                }}
            </td>
            <td role="cell" data-label="to">
                <TokenButton
                    token=object
                    choose=Callback::new(move |token| filter.update(|f| f.object = Some(token)))
                />
            </td>
            <td role="cell" class="reason">{reason.map(|reason| reason.to_string())}</td>
        </tr>
    }
    .into_any()
}

/// A token; choosing it shows what else there is about it.
#[component]
fn TokenButton(token: Token, choose: Callback<Token>) -> impl IntoView {
    let (short, whole) = (short(token.as_str()), token.to_string());
    view! {
        <button
            class="token"
            title=whole.clone()
            aria-label=format!("Only {whole}")
            on:click=move |_| choose.run(token.clone())
        >
            {short}
        </button>
    }
}

/// Kind and tail of a token.
pub fn short(token: &str) -> String {
    match token.split_once(':') {
        // Tokens are ASCII, so that bytes are characters.
        Some((kind, id)) if id.len() > TOKEN_TAIL_CHARS + 1 => {
            format!("{kind}:…{}", &id[id.len() - TOKEN_TAIL_CHARS..])
        }
        _ => token.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_what_tells_them_apart() {
        assert_eq!(short("account:0190a5f0-0000-7000-8000-0123456789ab"), "account:…456789ab");
        assert_eq!(short("role:owner"), "role:owner");
        assert_eq!(short("server"), "server");
    }
}
