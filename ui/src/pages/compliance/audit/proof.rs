//! What this device made sure of about the log, without taking the server's word for it.

use ::ipc::{
    AuditPage, AuditProof, AuditRestarted, AuditVerify, HistoryBreak, HistoryProof, RecordProof,
    SignatureProof,
};
use leptos::prelude::*;

use super::restart::Restart;
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
            {show(proof, || row_skeletons(1), move |found| {
                let look_again = Callback::new(move |()| proof.retry());
                view! { <Verdict proof=found look_again=look_again/> }.into_any()
            })}
        </section>
    }
}

#[component]
fn Verdict(proof: AuditProof, look_again: Callback<()>) -> impl IntoView {
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
                    <li>{signature_said(&proof.signature)}</li>
                    <li>{record_said(&proof)}</li>
                    <li>{history_said(&proof.history, date)}</li>
                    {proof.restarted.map(|restarted| view! { <li>{restarted_said(restarted, date)}</li> })}
                </ul>
                {(!is_good).then(|| view! {
                    <p>"Keep the signed note below, take the log as a file, and compare it with copies kept elsewhere before anything else is done."</p>
                })}
            </div>
        </div>
        {may_restart(&proof).then(|| view! { <Restart proof=proof on_done=look_again/> })}
    }
}

/// A history that is broken can be known to be; a signature that is wrong is nobody's to excuse.
fn may_restart(proof: &AuditProof) -> bool {
    proof.signature != SignatureProof::Wrong
        && !matches!(proof.record, RecordProof::Broken { .. })
        && matches!(proof.history, HistoryProof::Broken { .. })
}

fn is_good(proof: &AuditProof) -> bool {
    proof.signature != SignatureProof::Wrong
        && !matches!(proof.record, RecordProof::Broken { .. })
        && !matches!(proof.history, HistoryProof::Broken { .. })
}

fn signature_said(signature: &SignatureProof) -> String {
    match signature {
        SignatureProof::Good => "The latest checkpoint is signed by its key.".into(),
        SignatureProof::HandedOver { size } => format!(
            "The latest checkpoint is signed by a new key, to which the one that this device knew handed over in the checkpoint of {}; both signed that.",
            count(*size, "record")
        ),
        SignatureProof::Wrong => {
            "The signature of the latest checkpoint is wrong: whoever made it does not have the key of the log. Believe nothing of what is shown here.".into()
        }
    }
}

fn restarted_said(restarted: AuditRestarted, date: impl Fn(i64) -> String) -> String {
    let AuditRestarted { at_us, size, known_size, known_at_us } = restarted;
    format!(
        "On {} somebody at this device started again from the log of {}; the one of {} that was seen on {} is not its beginning.",
        date(at_us),
        count(size, "record"),
        count(known_size, "record"),
        date(known_at_us)
    )
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
            root: String::new(),
            signature: SignatureProof::Good,
            restarted: None,
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
        let broken = AuditProof { history, ..good.clone() };
        assert!(!is_good(&broken) && may_restart(&broken) && !may_restart(&good));
        let forged = AuditProof { signature: SignatureProof::Wrong, ..good };
        assert!(!is_good(&forged) && !may_restart(&forged));
        let both = AuditProof { signature: SignatureProof::Wrong, ..broken };
        assert!(!may_restart(&both), "nobody excuses a forged signature");
    }

    #[test]
    fn a_new_beginning_is_told_with_its_date() {
        let restarted = AuditRestarted { at_us: 9, size: 80, known_size: 120, known_at_us: 7 };
        let said = restarted_said(restarted, |at_us| format!("day {at_us}"));
        assert!(said.contains("day 9") && said.contains("80 records"), "{said}");
        assert!(said.contains("120 records that was seen on day 7"), "{said}");
    }
}
