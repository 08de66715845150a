//! What floats above the screens: menus, dialogs, toasts.

use ::ipc::{Fault, Notice, Severity};
use leptos::prelude::*;

use crate::icons::Glyph;

/// More than this many toasts hide each other; the oldest goes.
const TOASTS_MAX: usize = 4;

/// One line of a menu.
#[derive(Clone)]
pub struct MenuItem {
    pub label: String,
    pub icon: Glyph,
    /// Where it is one of a few choices: whether it is the chosen one.
    pub is_chosen: Option<bool>,
    pub run: Callback<()>,
}

impl MenuItem {
    pub fn new(
        label: impl Into<String>,
        icon: Glyph,
        run: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { label: label.into(), icon, is_chosen: None, run: Callback::new(move |()| run()) }
    }

    /// One of a few choices.
    pub fn choice(
        label: impl Into<String>,
        icon: Glyph,
        is_chosen: bool,
        run: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let icon = if is_chosen { Glyph::Check } else { icon };
        Self { is_chosen: Some(is_chosen), ..Self::new(label, icon, run) }
    }
}

/// An open menu and the point it grows from.
#[derive(Clone)]
pub struct Menu {
    pub x: i32,
    pub y: i32,
    pub items: Vec<MenuItem>,
}

/// A message; all but errors go by themselves.
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
    /// Who it is, once more; see `parts::step_up`.
    StepUp,
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

    /// Takes back what was offered last, where something is.
    pub fn undo(self) {
        let newest = self.toasts.with_untracked(|toasts| {
            toasts.iter().rev().find_map(|toast| Some((toast.id, toast.undo?)))
        });
        if let Some((id, undo)) = newest {
            self.dismiss(id);
            undo.run(());
        }
    }

    /// Offers no longer to take anything back.
    pub fn forget_undo(self) {
        if self.toasts.with_untracked(|toasts| toasts.iter().any(|toast| toast.undo.is_some())) {
            self.toasts.update(|toasts| toasts.retain(|toast| toast.undo.is_none()));
        }
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
