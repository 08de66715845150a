//! Faults in words.

use ipc::{Fault, FaultKind, SecondStep};

fn fault(kind: FaultKind, message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { kind, message: message.into(), hint: hint.into(), request_id: None }
}

pub(crate) fn other(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    fault(FaultKind::Other, message, hint)
}

pub(crate) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    fault(FaultKind::Invalid, message, hint)
}

pub(crate) fn not_found(message: impl Into<String>) -> Fault {
    fault(FaultKind::NotFound, message, "")
}

pub(crate) fn closing() -> Fault {
    other("MelodyUD is closing.", "")
}

pub(crate) fn signed_out() -> Fault {
    fault(FaultKind::SignedOut, "Nobody is signed in.", "Sign in to go on.")
}

pub(crate) fn locked() -> Fault {
    fault(
        FaultKind::SecretsLocked,
        "The sign-in on this device is sealed by a passphrase.",
        "Give the passphrase, or sign in again.",
    )
}

pub(crate) fn offline(host: &str) -> Fault {
    fault(
        FaultKind::Offline,
        format!("{host} does not answer."),
        "Check the connection and whether the server runs; it is asked again by itself.",
    )
}

/// Something on this device does not work; the cause is logged here, once.
pub(crate) fn device(error: &(dyn std::error::Error + 'static)) -> Fault {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = chain, "the data on this device failed");
    other(format!("{error}."), "Check the space left on this device, then start MelodyUD again.")
}

/// A file of the listener's cannot be written.
pub(crate) fn not_written(error: &std::io::Error) -> Fault {
    tracing::warn!(%error, "a file of the listener's was not written");
    other(
        format!("The file cannot be saved: {error}."),
        "Check the space and the rights in your download folder, then try again.",
    )
}

/// From the server's envelope, whose words are made for people.
pub(crate) fn answered(error: api::error::Error) -> Fault {
    use api::error::Code;
    let kind = match error.code {
        Code::Unauthenticated => FaultKind::SignedOut,
        Code::WrongCredentials => FaultKind::WrongCredentials,
        Code::SecondFactorRequired => {
            FaultKind::SecondFactorRequired(second_step(error.second_factor))
        }
        Code::StepUpRequired => FaultKind::StepUpRequired,
        Code::InvalidRequest
        | Code::Conflict
        | Code::PreconditionFailed
        | Code::RangeNotSatisfiable => FaultKind::Invalid,
        Code::NotFound => FaultKind::NotFound,
        Code::Forbidden => FaultKind::Forbidden,
        Code::MethodNotAllowed | Code::RateLimited | Code::Internal | Code::Unavailable => {
            FaultKind::Other
        }
    };
    Fault { request_id: Some(error.request_id), ..fault(kind, error.message, error.hint) }
}

/// Servers of another time did not say, and took codes of an app alone.
fn second_step(methods: Option<api::mfa::Methods>) -> SecondStep {
    methods.map_or(SecondStep { takes_app: true, takes_passkey: false }, |methods| SecondStep {
        takes_app: methods.totp,
        takes_passkey: methods.passkey,
    })
}

/// What answered is no server of ours, or one of another time.
pub(crate) fn not_understood(host: &str) -> Fault {
    other(
        format!("{host} answers, but not as a MelodyUD server does."),
        "Check the address; if it is right, update this app or the server.",
    )
}
