//! What this device made sure of about the log, without taking the server's word for it.

use ::ipc::{AuditPage, AuditProof, AuditVerify, HistoryBreak, HistoryProof, RecordProof};
use leptos::prelude::*;

use crate::{
    dates::date,
    format::{count, thousands},
    icons::{Glyph, Icon},
    parts::states::row_skeletons,
    remote::{Remote, Source, ask_if, show},
};

/// Proves the newest record that is shown, and that the log goes on from what was seen before.
#[component]
pub fn ProofState(
    /// The records that are shown.
    source: Source<AuditPage>,
) -> impl IntoView {
    let proof = ask_if(move || {
        source.answer.with(|answer| match answer {
            Remote::Ready(page) => Some(AuditVerify { record: page.items.first().cloned() }),
            _ => None,
        })
    });
    view! {
        <section class="settings-group" aria-labelledby="audit-proof">
            <h2 id="audit-proof">"Proof"</h2>
            {show(proof, || row_skeletons(1), |proof| view! { <Verdict proof=proof/> }.into_any())}
        </section>
    }
}

#[component]
fn Verdict(proof: AuditProof) -> impl IntoView {
    let is_good = is_good(&proof);
    let (role, title, icon) = if is_good {
        ("status", "The log is whole, as far as it was checked here", Glyph::ShieldCheck)
    } else {
        ("alert", "The log is not what it was", Glyph::ShieldAlert)
    };
    view! {
        <div class="proof" class:broken=!is_good role=role>
            <Icon icon=icon/>
            <div>
                <p class="setting-name">{title}</p>
                <ul>
                    <li>{record_said(&proof)}</li>
                    <li>{history_said(&proof.history, date)}</li>
                </ul>
                {(!is_good).then(|| view! {
                    <p>"Keep the signed note below, take the log as a file, and compare it with copies kept elsewhere before anything else is done."</p>
                })}
            </div>
        </div>
    }
}

fn is_good(proof: &AuditProof) -> bool {
    let is_record_broken = matches!(proof.record, RecordProof::Broken { .. });
    !is_record_broken && !matches!(proof.history, HistoryProof::Broken { .. })
}

fn record_said(proof: &AuditProof) -> String {
    let records = count(proof.size, "record");
    match proof.record {
        RecordProof::Absent => format!("The latest checkpoint covers {records}; none is shown."),
        RecordProof::Included { seq } => format!(
            "The newest record shown, number {}, is in the checkpoint of {records}, word for word.",
            thousands(seq)
        ),
        RecordProof::HashIncluded { seq } => format!(
            "The hash of the newest record shown, number {}, is in the checkpoint of {records}; its content was dropped.",
            thousands(seq)
        ),
        RecordProof::Broken { seq } => format!(
            "The newest record shown, number {}, is not in the checkpoint of {records} as it is shown.",
            thousands(seq)
        ),
    }
}

fn history_said(history: &HistoryProof, date: impl Fn(i64) -> String) -> String {
    match history {
        HistoryProof::First => {
            "This device sees the log for the first time; the next time it can tell whether anything was changed.".into()
        }
        HistoryProof::Continues { size, seen_at_us } => format!(
            "It continues the log of {} that this device saw on {}: nothing of that was changed.",
            count(*size, "record"),
            date(*seen_at_us)
        ),
        HistoryProof::Broken { size, seen_at_us, why } => {
            let seen =
                format!("the log of {} that this device saw on {}", count(*size, "record"), date(*seen_at_us));
            match why {
                HistoryBreak::OtherKey => format!("It is signed by another key than {seen}."),
                HistoryBreak::Shorter => format!("It has fewer records than {seen}."),
                HistoryBreak::Changed => format!("It has other records than {seen}."),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_broken_breaks_the_proof() {
        let good = AuditProof {
            size: 1_240,
            record: RecordProof::Included { seq: 1_239 },
            history: HistoryProof::First,
        };
        assert!(is_good(&good) && record_said(&good).contains("1,240 records"));
        let record = RecordProof::Broken { seq: 1_239 };
        assert!(!is_good(&AuditProof { record, ..good.clone() }));
        let history = HistoryProof::Broken { size: 7, seen_at_us: 1, why: HistoryBreak::Shorter };
        let said = history_said(&history, |at_us| format!("day {at_us}"));
        assert_eq!(
            said,
            "It has fewer records than the log of 7 records that this device saw on day 1."
        );
        assert!(!is_good(&AuditProof { history, ..good }));
    }
}
