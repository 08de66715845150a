//! A copy of everything: having it made, watching, saving it.

use std::time::Duration;

use ::ipc::{Export, ExportGet, ExportSave, ExportShow, ExportState, SavedFile, SubjectExport};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    dates::date,
    format::bytes,
    ipc::invoke,
    parts::{form::FormFault, step_up::Sending},
    state::state,
};

/// Between two looks at how far it is.
const LOOK_STEP: Duration = Duration::from_secs(1);

/// Making, watching and saving an export.
#[component]
pub fn ExportSection(export: Option<Export>) -> impl IntoView {
    let export = RwSignal::new(export);
    let sending = Sending::new();
    watch(export);
    let start = move |_| sending.send(SubjectExport {}, move |begun| export.set(Some(begun)));
    let is_running = Memo::new(move |_| is_in(export, ExportState::Running));
    let is_ready = Memo::new(move |_| is_in(export, ExportState::Ready));
    let label = move || match (sending.is_busy.get(), export.with(Option::is_some)) {
        (true, _) => "One moment…",
        (false, false) => "Make an export",
        (false, true) => "Make a new export",
    };
    view! {
        <section class="settings-group" aria-labelledby="privacy-export">
            <h2 id="privacy-export">"A copy of your data"</h2>
            <p class="muted">
                "A ZIP with everything that is held about you, for people and for programs to read, with a description of what is in it."
            </p>
            <div class="setting">
                <div role="status">
                    <p class="setting-name">{move || export.with(|export| title(export.as_ref()))}</p>
                    <p class="muted">{move || export.with(|export| about(export.as_ref(), date))}</p>
                </div>
                <Show when=move || !is_running.get()>
                    <button
                        type="button"
                        class="button"
                        class:primary=move || !is_ready.get()
                        aria-busy=move || sending.is_busy.get().to_string()
                        on:click=start
                    >
                        {label}
                    </button>
                </Show>
            </div>
            <Show when=move || is_running.get()>
                <Progress
                    label="Export"
                    done=Signal::derive(move || export.with(|e| e.as_ref().map_or(0, |e| u64::from(e.n_done))))
                    total=Signal::derive(move || export.with(|e| e.as_ref().map(|e| u64::from(e.n_total))))
                />
            </Show>
            <FormFault fault=sending.fault/>
            {move || is_ready.get().then(|| {
                export.get_untracked().map(|ready| view! { <Save export=ready/> })
            })}
        </section>
    }
}

/// Saving it on this device, and where it is then.
#[component]
fn Save(export: Export) -> impl IntoView {
    let state = state();
    let sending = Sending::new();
    let showing = Sending::new();
    let saved = RwSignal::new(None::<SavedFile>);
    let id = export.id;
    let save = move |_| {
        state.saving.set(None);
        sending.send(ExportSave { id }, move |file| saved.set(Some(file)));
    };
    let size_bytes = export.size_bytes;
    let done = Signal::derive(move || {
        state.saving.with(|saving| saving.filter(|s| s.export == id).map_or(0, |s| s.done_bytes))
    });
    let said = move || match saved.get() {
        Some(file) => format!("Saved as {}", file.path),
        None => "It goes to your download folder.".to_owned(),
    };
    view! {
        <div class="setting">
            <div role="status">
                <p class="setting-name">"On this device"</p>
                <p class="muted path">{said}</p>
            </div>
            <div class="setting-buttons">
                <Show when=move || saved.with(Option::is_some)>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| showing.send(ExportShow {}, |()| {})
                    >
                        "Show"
                    </button>
                </Show>
                <button
                    type="button"
                    class="button primary"
                    aria-busy=move || sending.is_busy.get().to_string()
                    on:click=save
                >
                    {move || match (sending.is_busy.get(), saved.with(Option::is_some)) {
                        (true, _) => "Saving…",
                        (false, false) => "Save",
                        (false, true) => "Save again",
                    }}
                </button>
            </div>
        </div>
        <Show when=move || sending.is_busy.get()>
            <Progress label="Saving" done=done total=Signal::derive(move || size_bytes)/>
        </Show>
        <FormFault fault=sending.fault/>
        <FormFault fault=showing.fault/>
    }
}

/// How much of something is done, as far as that is known.
#[component]
fn Progress(
    label: &'static str,
    #[prop(into)] done: Signal<u64>,
    #[prop(into)] total: Signal<Option<u64>>,
) -> impl IntoView {
    view! {
        <progress
            class="progress"
            aria-label=label
            max=move || total.get().filter(|total| *total > 0).unwrap_or(1).to_string()
            value=move || total.get().filter(|total| *total > 0).map(|total| done.get().min(total).to_string())
        ></progress>
    }
}

/// Looks again, step by step, for as long as the export is being made.
fn watch(export: RwSignal<Option<Export>>) {
    let n_looks = RwSignal::new(0_u32);
    Effect::new(move |_| {
        n_looks.track();
        let running = export.with(|export| {
            export.as_ref().filter(|e| e.state == ExportState::Running).map(|e| e.id)
        });
        let Some(id) = running else { return };
        let look = move || {
            spawn_local(async move {
                match invoke(ExportGet { id }).await {
                    Ok(seen) => drop(export.try_set(Some(seen))),
                    // The server may be away for a while; it goes on by itself.
                    Err(_) => drop(n_looks.try_update(|n| *n = n.wrapping_add(1))),
                }
            });
        };
        if let Ok(timer) = set_timeout_with_handle(look, LOOK_STEP) {
            on_cleanup(move || timer.clear());
        }
    });
}

fn is_in(export: RwSignal<Option<Export>>, state: ExportState) -> bool {
    export.with(|export| export.as_ref().is_some_and(|export| export.state == state))
}

fn title(export: Option<&Export>) -> &'static str {
    match export.map(|export| export.state) {
        None => "No export yet",
        Some(ExportState::Running) => "Your export is being made",
        Some(ExportState::Ready) => "Your export is ready",
        Some(ExportState::Failed) => "Your export could not be made",
        Some(ExportState::Expired) => "Your last export is gone",
    }
}

/// What else there is to know about it.
fn about(export: Option<&Export>, date: impl Fn(i64) -> String) -> String {
    let Some(export) = export else {
        return "It takes from seconds to minutes; you can leave this page meanwhile.".into();
    };
    match export.state {
        ExportState::Running => {
            format!("{} of {} kinds of data are in it.", export.n_done, export.n_total)
        }
        ExportState::Ready => {
            let size = export.size_bytes.map(bytes);
            let until =
                export.expires_at_us.map(|at_us| format!("it can be had until {}", date(at_us)));
            let facts: Vec<_> = size.into_iter().chain(until).collect();
            facts.join("; ")
        }
        ExportState::Failed => "Nothing of it was kept. Make another one.".into(),
        ExportState::Expired => "Files are kept for a few days only. Make another one.".into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::ExportId;

    use super::*;

    fn export(state: ExportState) -> Export {
        Export {
            id: ExportId::new(1, [0; 10]),
            asked_at_us: 0,
            state,
            n_done: 7,
            n_total: 23,
            size_bytes: Some(2_300_000),
            expires_at_us: Some(1),
        }
    }

    #[test]
    fn what_is_known_of_an_export_is_said() {
        let about = |state| about(Some(&export(state)), |_| "3 May 2027".into());
        assert_eq!(about(ExportState::Running), "7 of 23 kinds of data are in it.");
        assert_eq!(about(ExportState::Ready), "2.3 MB; it can be had until 3 May 2027");
        assert_eq!(title(None), "No export yet");
    }
}
