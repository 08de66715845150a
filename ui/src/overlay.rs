//! What floats above the screens: menus, dialogs, toasts.

use ::ipc::{Fault, Notice, Severity};
use leptos::prelude::*;
use std::time::Duration;

use crate::icons::Glyph;

/// How long a toast stays; long enough to read and to undo.
const TOAST_TIME: Duration = Duration::from_secs(8);
/// More than this many toasts hide each other; the oldest goes.
const TOASTS_MAX: usize = 4;

/// One line of a menu.
#[derive(Clone)]
pub struct MenuItem {
    pub label: String,
    pub icon: Glyph,
    pub run: Callback<()>,
}

impl MenuItem {
    pub fn new(
        label: impl Into<String>,
        icon: Glyph,
        run: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { label: label.into(), icon, run: Callback::new(move |()| run()) }
    }
}

/// An open menu and the point it grows from.
#[derive(Clone)]
pub struct Menu {
    pub x: i32,
    pub y: i32,
    pub items: Vec<MenuItem>,
}

/// A message that goes by itself.
#[derive(Clone)]
pub struct Toast {
    pub id: u64,
    pub notice: Notice,
    pub undo: Option<Callback<()>>,
}

/// A dialog; one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialog {
    Search,
    Shortcuts,
    Passphrase,
}

/// All that floats.
#[derive(Clone, Copy)]
pub struct Overlays {
    pub menu: RwSignal<Option<Menu>>,
    pub dialog: RwSignal<Option<Dialog>>,
    pub toasts: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u64>,
}

impl Overlays {
    pub fn new() -> Self {
        Self {
            menu: RwSignal::new(None),
            dialog: RwSignal::new(None),
            toasts: RwSignal::default(),
            next_id: StoredValue::new(0),
        }
    }

    /// Says that something was done.
    pub fn say(self, message: impl Into<String>) {
        self.push(info(message), None);
    }

    /// Says that something was done, and offers to take it back.
    pub fn say_undoable(self, message: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.push(info(message), Some(Callback::new(move |()| undo())));
    }

    /// Tells why something did not work.
    pub fn fail(self, fault: Fault) {
        self.notify(Notice {
            severity: Severity::Error,
            message: fault.message,
            hint: fault.hint,
            request_id: fault.request_id,
        });
    }

    pub fn notify(self, notice: Notice) {
        // The same trouble twice is one trouble.
        let is_shown = self.toasts.with_untracked(|all| all.iter().any(|t| t.notice == notice));
        if !is_shown {
            self.push(notice, None);
        }
    }

    pub fn dismiss(self, id: u64) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    }

    fn push(self, notice: Notice, undo: Option<Callback<()>>) {
        let id = self.next_id.with_value(|id| id + 1);
        self.next_id.set_value(id);
        self.toasts.update(|toasts| {
            // Only the last change can be taken back.
            if undo.is_some() {
                toasts.retain(|toast| toast.undo.is_none());
            }
            if toasts.len() >= TOASTS_MAX {
                toasts.remove(0);
            }
            toasts.push(Toast { id, notice, undo });
        });
        set_timeout(move || self.dismiss(id), TOAST_TIME);
    }
}

fn info(message: impl Into<String>) -> Notice {
    Notice {
        severity: Severity::Info,
        message: message.into(),
        hint: String::new(),
        request_id: None,
    }
}
