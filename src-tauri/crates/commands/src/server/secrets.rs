//! Words for what can happen to the secret of this device.

use ipc::Fault;
use local_store::SecretsError;

use crate::fault;

pub(super) fn secrets_fault(error: &SecretsError) -> Fault {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "a secret was not kept or found");
    let message = format!("{}.", capitalised(&error.to_string()));
    match error {
        SecretsError::WrongPassphrase => {
            let hint = "Try again. If it is lost, sign out and in again, and choose another.";
            fault::invalid(message, hint)
        }
        SecretsError::ShortPassphrase | SecretsError::NothingToUnlock => {
            fault::invalid(message, "")
        }
        SecretsError::Locked => fault::locked(),
        SecretsError::Damaged(_) => {
            fault::other(message, "Sign out and in again; a new file is made then.")
        }
        SecretsError::Newer => fault::other(message, "Update MelodyUD."),
        SecretsError::KeyringSilent | SecretsError::Keyring(_) => fault::other(
            message,
            "The sign-in lasts until MelodyUD quits, unless you choose a passphrase for it.",
        ),
        SecretsError::File { .. } => {
            fault::other(message, "The sign-in lasts until MelodyUD quits.")
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
