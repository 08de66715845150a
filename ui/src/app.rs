//! The root: what every part shares, and which of the three faces is shown.

use ::ipc::{SecretsState, SessionView};
use leptos::prelude::*;

use crate::{
    busy::Busy,
    focus::Modality,
    icons::{Glyph, Icon},
    keys,
    overlay::Overlays,
    pages::{library::Choices, search::LastQuery, sign_in::SignInPage},
    parts::{
        drag::{DragLayer, Drags},
        menu::MenuLayer,
        press,
        states::ErrorState,
        step_up::StepUps,
        toasts::Toasts,
    },
    recent::Recent,
    route::{Route, Router},
    shell::{Dialogs, Shell},
    state::State,
};

/// Waits for the shell, then shows the sign-in page or the app.
#[component]
pub fn App() -> impl IntoView {
    let overlays = Overlays::new();
    let router = Router::start();
    let busy = Busy::new();
    let state = State::new(overlays, busy);
    let (choices, last_query) = (Choices::new(), LastQuery(RwSignal::default()));
    provide_context(overlays);
    provide_context(router);
    provide_context(state);
    provide_context(busy);
    provide_context(StepUps::new(overlays));
    provide_context(Modality::start());
    provide_context(Drags::start(state));
    provide_context(Recent::start(state));
    provide_context(last_query);
    provide_context(choices);
    state.clock.run();
    state.start(router);
    keys::listen(state, overlays, router);
    follow_theme(state);
    follow_account(state, router, choices, last_query);
    keep_focus_on_click();
    press::listen();

    // Who waits for the passphrase is not in yet, though it is known who that is.
    let is_signed_in = Memo::new(move |_| {
        let is_in = |session: &SessionView| {
            session.account.is_some() && session.secrets != SecretsState::Locked
        };
        state.session.with(|session| session.as_ref().map(is_in))
    });
    let face = move || match (is_signed_in.get(), state.start_fault.get()) {
        (Some(true), _) => view! { <Shell/> }.into_any(),
        (Some(false), _) => view! { <SignInPage/> }.into_any(),
        (None, Some(fault)) => {
            let retry = Callback::new(move |()| state.start(router));
            view! { <main class="alone"><ErrorState fault=fault is_page=true on_retry=retry/></main> }.into_any()
        }
        (None, None) => view! { <Splash/> }.into_any(),
    };
    view! {
        {face}
        <Dialogs/>
        <DragLayer/>
        <MenuLayer/>
        <Toasts/>
    }
}

/// Before the first answer; usually too short to be seen.
#[component]
fn Splash() -> impl IntoView {
    view! {
        <main class="alone" aria-busy="true">
            <h1 class="unseen">"MelodyUD"</h1>
            <div class="splash"><Icon icon=Glyph::LoaderCircle/></div>
        </main>
    }
}

fn follow_theme(state: State) {
    let theme = Memo::new(move |_| state.settings.with(|view| view.settings.theme));
    Effect::new(move |_| {
        let Some(root) = document().document_element() else { return };
        // Setting and removing an attribute with a fixed name cannot fail.
        let _ = match theme.get() {
            ::ipc::Theme::System => root.remove_attribute("data-theme"),
            ::ipc::Theme::Dark => root.set_attribute("data-theme", "dark"),
            ::ipc::Theme::Light => root.set_attribute("data-theme", "light"),
        };
    });
}

/// What one listener looked for is nobody else's business.
fn follow_account(state: State, router: Router, choices: Choices, last_query: LastQuery) {
    Effect::new(move |last: Option<Option<String>>| {
        let last = last.flatten();
        let now = state.account.get();
        let is_another = last.is_some() && now.is_some() && last != now;
        if is_another {
            choices.reset();
            last_query.0.set(String::new());
            router.go(Route::Home);
        }
        now.or(last)
    });
}

/// A click on a button does not take the focus: the next Space still plays and pauses. The tab
/// key reaches every button all the same.
fn keep_focus_on_click() {
    use leptos::ev;
    use wasm_bindgen::JsCast;

    let handle = window_event_listener(ev::mousedown, move |event| {
        let button = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|target| target.closest("button").ok().flatten());
        if button.is_some() {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}
