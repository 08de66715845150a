//! What the listener waits for.

use leptos::prelude::*;

/// Counts what is on its way while something else is on screen; shown once it takes long.
#[derive(Clone, Copy)]
pub struct Busy(RwSignal<u32>);

impl Busy {
    pub fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// Counts until what it returns is dropped.
    pub fn begin(self) -> Ongoing {
        self.0.update(|n| *n += 1);
        Ongoing(self.0)
    }

    pub fn is_on(self) -> bool {
        self.0.get() > 0
    }
}

/// One thing that is on its way.
pub struct Ongoing(RwSignal<u32>);

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.0.try_update(|n| *n = n.saturating_sub(1));
    }
}
