//! Faults in words.

use ipc::{Fault, FaultKind};

pub(crate) fn other(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { kind: FaultKind::Other, message: message.into(), hint: hint.into(), request_id: None }
}
