//! Having everything erased, and taking that back in time.

use ::ipc::{Erasure, ErasureCancel, SubjectErase};
use leptos::{ev, prelude::*};

use crate::{
    dates::date,
    focus::rescue_focus,
    format::count,
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{
        form::{FormFault, Submit, TextField},
        step_up::Sending,
    },
};

/// What is typed to show that it is meant.
const WORD: &str = "ERASE";

/// The erasure that waits, or the way to one.
#[component]
pub fn ErasureSection(erasure: Option<Erasure>, cooling_off_days: u32) -> impl IntoView {
    let erasure = RwSignal::new(erasure);
    // The button that had the focus may be gone.
    Effect::new(move |was: Option<()>| {
        erasure.track();
        if was.is_some() {
            rescue_focus(None);
        }
    });
    view! {
        <section class="settings-group" aria-labelledby="privacy-erasure">
            <h2 id="privacy-erasure">"Erase your account"</h2>
            {move || match erasure.get() {
                Some(waiting) => view! { <Waiting waiting=waiting erasure=erasure/> }.into_any(),
                None => {
                    view! { <Ask cooling_off_days=cooling_off_days erasure=erasure/> }.into_any()
                }
            }}
        </section>
    }
}

#[component]
fn Waiting(waiting: Erasure, erasure: RwSignal<Option<Erasure>>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    let keep = move |_| {
        sending.send(ErasureCancel {}, move |()| {
            overlays.say("Your account stays");
            erasure.set(None);
        });
    };
    let (title, about) = said(&waiting, date);
    view! {
        <div class="plan-card warned">
            <div class="device" role="status">
                <Icon icon=Glyph::TriangleAlert/>
                <div>
                    <p class="setting-name">{title}</p>
                    <p class="muted">{about}</p>
                </div>
            </div>
            <button
                type="button"
                class="button primary"
                aria-busy=move || sending.is_busy.get().to_string()
                on:click=keep
            >
                {move || if sending.is_busy.get() { "One moment…" } else { "Keep my account" }}
            </button>
        </div>
        <FormFault fault=sending.fault/>
    }
}

#[component]
fn Ask(cooling_off_days: u32, erasure: RwSignal<Option<Erasure>>) -> impl IntoView {
    let sending = Sending::new();
    let is_asking = RwSignal::new(false);
    let word = RwSignal::new(String::new());
    let trouble = RwSignal::new(None::<String>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let is_meant = word.with_untracked(|word| word.trim() == WORD);
        trouble.set((!is_meant).then(|| format!("Type {WORD}, in capital letters.")));
        if is_meant {
            sending.send(SubjectErase {}, move |begun| erasure.set(Some(begun)));
        }
    };
    view! {
        <div class="setting">
            <div>
                <p class="setting-name">"Erase everything about you"</p>
                <p class="muted">
                    {foretold(cooling_off_days)}
                </p>
            </div>
            <Show when=move || !is_asking.get()>
                <button type="button" class="button danger" on:click=move |_| is_asking.set(true)>
                    "Erase my account…"
                </button>
            </Show>
        </div>
        <Show when=move || is_asking.get()>
            <form class="form" novalidate on:submit=submit>
                <TextField
                    label="Type ERASE to confirm"
                    name="erase_word"
                    value=word
                    trouble=trouble
                    takes_focus=true
                    hint="Make an export first if you want to keep a copy."
                />
                <FormFault fault=sending.fault/>
                <div class="form-actions">
                    <Submit label="Erase my account" is_busy=sending.is_busy is_dangerous=true/>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| {
                            word.set(String::new());
                            is_asking.set(false);
                            rescue_focus(None);
                        }
                    >
                        "Keep my account"
                    </button>
                </div>
            </form>
        </Show>
    }
}

/// What an erasure would be.
fn foretold(cooling_off_days: u32) -> String {
    let when = match cooling_off_days {
        0 => "It is done at once.".to_owned(),
        days => format!(
            "It is done after {}. Until then you can sign in and take it back here.",
            count(u64::from(days), "day")
        ),
    };
    format!(
        "{when} After that nobody can bring it back: the keys to your data are destroyed. What \
         stays, and why, stands above."
    )
}

/// What will happen and when, in words.
fn said(erasure: &Erasure, date: impl Fn(i64) -> String) -> (String, String) {
    let due = date(erasure.due_at_us);
    if erasure.is_held {
        let about = format!(
            "You asked for it on {}. Your data must be kept for now, by law, and is erased once that ends.",
            date(erasure.asked_at_us)
        );
        return ("Your account waits to be erased".into(), about);
    }
    let about =
        format!("You asked on {}, and can take it back until {due}.", date(erasure.asked_at_us));
    (format!("Your account will be erased on {due}"), about)
}

#[cfg(test)]
mod tests {
    use domain::ids::ErasureId;

    use super::*;

    #[test]
    fn nobody_is_told_of_no_days() {
        assert!(foretold(7).starts_with("It is done after 7 days. Until then"));
        assert!(foretold(0).starts_with("It is done at once. After that"));
    }

    #[test]
    fn what_will_happen_is_said_with_its_date() {
        let erasure = Erasure {
            id: ErasureId::new(1, [0; 10]),
            asked_at_us: 1,
            due_at_us: 2,
            is_held: false,
        };
        let date = |at_us| format!("day {at_us}");
        assert_eq!(said(&erasure, date).0, "Your account will be erased on day 2");
        let (title, about) = said(&Erasure { is_held: true, ..erasure }, date);
        assert!(!title.contains("day 2") && about.contains("by law"), "{title} {about}");
    }
}
