//! Going on with a log that is not the one that was known: only a person can say why it is not.

use ::ipc::{AuditProof, AuditRestart};
use leptos::{ev, prelude::*};

use crate::{
    focus::rescue_focus,
    format::count,
    overlay::Overlays,
    parts::{
        form::{FormFault, Submit, TextField},
        step_up::Sending,
    },
};

/// What is typed to show that it is meant.
const WORD: &str = "START AGAIN";

/// The way on, behind a warning and a word to type.
#[component]
pub fn Restart(
    /// Whose history is broken, and whose signature is not.
    proof: AuditProof,
    /// It was taken: everything is looked at again.
    on_done: Callback<()>,
) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    let is_asking = RwSignal::new(false);
    let word = RwSignal::new(String::new());
    let trouble = RwSignal::new(None::<String>);
    let AuditProof { size, root, .. } = proof;
    let records = count(size, "record");
    let about = format!(
        "If you know why, such as a backup that was restored, this device can go on with the log of {records} that it sees now. From then on it compares with that one, and what was changed or lost before is no longer noticed here. The log itself says that you did so."
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let is_meant = word.with_untracked(|word| word.trim() == WORD);
        trouble.set((!is_meant).then(|| format!("Type {WORD}, in capital letters.")));
        if is_meant {
            sending.send(AuditRestart { size, root: root.clone() }, move |()| {
                overlays.say("This device goes on from this checkpoint");
                on_done.run(());
            });
        }
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Start again from this checkpoint"</p>
                <p class="muted">{about}</p>
            </div>
            <Show when=move || !is_asking.get()>
                <button type="button" class="button danger" on:click=move |_| is_asking.set(true)>
                    "Start again…"
                </button>
            </Show>
        </div>
        <Show when=move || is_asking.get()>
            <form class="form" novalidate aria-label="Start again from this checkpoint" on:submit=submit.clone()>
                <TextField
                    label="Type START AGAIN to confirm"
                    name="restart_word"
                    value=word
                    trouble=trouble
                    takes_focus=true
                    hint="Keep the signed note of before, and a copy of this log, where nobody can change them."
                />
                <FormFault fault=sending.fault/>
                <div class="form-actions">
                    <Submit label="Start again" is_busy=sending.is_busy is_dangerous=true/>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| {
                            word.set(String::new());
                            trouble.set(None);
                            is_asking.set(false);
                            rescue_focus(None);
                        }
                    >
                        "Not now"
                    </button>
                </div>
            </form>
        </Show>
    }
}
