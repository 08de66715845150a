//! How cases, and what is done about them, are called.

use ::ipc::{CaseAction, CaseKind, CaseState};

pub const KINDS: [CaseKind; 3] = [CaseKind::Access, CaseKind::Erasure, CaseKind::Rectification];

pub const fn kind_name(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Access => "Access",
        CaseKind::Erasure => "Erasure",
        CaseKind::Rectification => "Rectification",
    }
}

pub const fn state_name(state: CaseState) -> &'static str {
    match state {
        CaseState::Open => "Open",
        CaseState::Done => "Done",
        CaseState::Refused => "Refused",
    }
}

/// What an action is called, and what it does.
pub const fn action_words(action: CaseAction) -> (&'static str, &'static str) {
    match action {
        CaseAction::Export => {
            ("Export", "Makes a copy of everything; the person finds it on their privacy page.")
        }
        CaseAction::Erase => {
            ("Erase", "Begins the erasure. The person can take it back until it is due.")
        }
        CaseAction::Rectify => ("Rectify", "Puts the display name right."),
        CaseAction::Hold => {
            ("Hold", "Keeps everything for now, whatever else is asked for (legal hold).")
        }
        CaseAction::LiftHold => {
            ("Lift the hold", "Ends the legal hold. An erasure that waited goes on.")
        }
        CaseAction::Extend => {
            ("Extend", "Two months more, once, where the request is complex. Tell the person why.")
        }
        CaseAction::Close => ("Close", "Everything that was asked for is done."),
        CaseAction::Refuse => ("Refuse", "Ends the case without it. Tell the person why."),
    }
}

/// Whether an action takes something away that does not come back by itself.
pub const fn is_dangerous(action: CaseAction) -> bool {
    matches!(action, CaseAction::Erase | CaseAction::Refuse)
}
