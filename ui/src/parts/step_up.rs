//! What an open session is not enough for: asking again who it is, then going on.
//!
//! A page that may meet this makes its calls through [`Sending`] (a form or a button, with its
//! fault beside it) or [`StepUps::send`]; the dialog comes by itself.

use ::ipc::{Call, Fault, FaultKind};
use js_sys::{Function, Promise};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::{
    ipc::invoke,
    overlay::{Dialog, Overlays},
};

/// The dialog that asks, and who waits for it.
#[derive(Clone, Copy)]
pub struct StepUps {
    overlays: Overlays,
    /// Called with whether it was shown who it is.
    waiting: StoredValue<Vec<Function>, LocalStorage>,
}

impl StepUps {
    pub fn new(overlays: Overlays) -> Self {
        Self { overlays, waiting: StoredValue::new_local(Vec::new()) }
    }

    /// Makes a call; where the server wants to know again who it is, asks, and makes it once more.
    /// `None` where the person would rather not say.
    pub async fn send<C: Call + Clone + 'static>(self, call: C) -> Result<Option<C::Reply>, Fault> {
        match invoke(call.clone()).await {
            Err(fault) if fault.kind == FaultKind::StepUpRequired => {}
            answer => return answer.map(Some),
        }
        if self.ask().await { invoke(call).await.map(Some) } else { Ok(None) }
    }

    async fn ask(self) -> bool {
        let asked = Promise::new(&mut |resolve, _| {
            self.waiting.update_value(|waiting| waiting.push(resolve));
        });
        // Another call may be waiting for the same dialog.
        if self.overlays.dialog.get_untracked() != Some(Dialog::StepUp) {
            self.overlays.dialog.set(Some(Dialog::StepUp));
        }
        JsFuture::from(asked).await.is_ok_and(|is_shown| is_shown.is_truthy())
    }

    /// Lets go on who waits; to be called by the dialog.
    pub fn settle(self, is_shown: bool) {
        for resolve in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
            // A promise's own function takes anything.
            let _ = resolve.call1(&JsValue::NULL, &is_shown.into());
        }
    }
}

/// A call that is made by a form or a button: whether it is on its way, and why it was refused.
#[derive(Clone, Copy)]
pub struct Sending {
    pub is_busy: RwSignal<bool>,
    pub fault: RwSignal<Option<Fault>>,
    step_ups: StepUps,
}

impl Sending {
    /// To be made in a component.
    pub fn new() -> Self {
        Self {
            is_busy: RwSignal::new(false),
            fault: RwSignal::new(None),
            step_ups: expect_context(),
        }
    }

    /// Makes a call, unless one is on its way, and goes on with its answer. What came of it is lost
    /// where the page is gone by then.
    pub fn send<C>(self, call: C, then: impl FnOnce(C::Reply) + 'static)
    where
        C: Call + Clone + 'static,
    {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.fault.set(None);
        spawn_local(async move {
            let answer = self.step_ups.send(call).await;
            if self.is_busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(Some(reply)) => then(reply),
                Ok(None) => {}
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }
}
