//! The audit log: who did what to what, and why. For compliance officers.

use ::ipc::{AuditCheckpoint, AuditCheckpointGet, AuditFilter, AuditList, SignatureProof};
use leptos::prelude::*;

use crate::{
    format::count,
    parts::states::row_skeletons,
    remote::{ask, show},
};

mod filter;
mod proof;
mod records;
mod restart;

use filter::FilterForm;
use proof::ProofState;
use records::Records;
pub use records::short;

/// Checkpoint, filters and records.
#[component]
pub fn AuditLog() -> impl IntoView {
    let checkpoint = ask(|| AuditCheckpointGet {});
    let filter = RwSignal::new(AuditFilter::default());
    let source = ask(move || AuditList { filter: filter.get(), cursor: None });
    view! {
        <ProofState source=source/>
        <section class="settings-group" aria-labelledby="audit-checkpoint">
            <h2 id="audit-checkpoint">"Latest checkpoint"</h2>
            {show(checkpoint, || row_skeletons(1), |checkpoint| {
                view! { <Checkpoint checkpoint=checkpoint/> }.into_any()
            })}
        </section>
        <section class="settings-group" aria-labelledby="audit-records">
            <h2 id="audit-records">"Records"</h2>
            <FilterForm filter=filter/>
            {show(source, || row_skeletons(8), move |page| {
                view! { <Records page=page filter=filter/> }.into_any()
            })}
        </section>
    }
}

/// What the server has signed, to be kept elsewhere and compared later.
#[component]
fn Checkpoint(checkpoint: AuditCheckpoint) -> impl IntoView {
    let AuditCheckpoint { size, root, note, key, signature } = checkpoint;
    let signed = match signature {
        SignatureProof::Good => "By this key",
        SignatureProof::HandedOver { .. } => "By this key, which took over from the one known here",
        SignatureProof::Wrong => "Wrong: not made with this key",
    };
    view! {
        <dl class="facts">
            <dt>"Covers"</dt>
            <dd>{count(size, "record")}</dd>
            <dt>"Root hash"</dt>
            <dd><code>{root}</code></dd>
            <dt>"Key"</dt>
            <dd><code>{key}</code></dd>
            <dt>"Signature"</dt>
            <dd>{signed}</dd>
        </dl>
        <details class="note">
            <summary>"Signed note"</summary>
            <p class="muted">
                "Keep a copy elsewhere: with it you can show later that nothing it covers was changed."
            </p>
            <pre class="command">{note}</pre>
        </details>
    }
}
