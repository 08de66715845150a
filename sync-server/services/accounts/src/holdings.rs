//! What is held about persons here.

use domain::subject::{Holding, Key, OnErasure};

const ACCOUNT: &[Key] = &[Key::Id("account_id")];

/// All tables of this service.
pub const HOLDINGS: &[Holding] =
    &[
        holding("account", "Your account: name, language, country, and when it was made")
            .without(&["password_hash", "email_field", "email_hash"]),
        holding("account_email", "A fingerprint of your address").without(&["email_hash"]),
        Holding {
            why: "To keep you signed in, and to show you where you are",
            kept: "Usually 90 days after they ended",
            ..holding("session", "Where you are signed in: device, network, and when")
        },
        Holding {
            why: "To notice when someone else uses your sign-in",
            kept: "As long as the sign-in",
            ..holding("session_token", "Fingerprints of what keeps you signed in")
                .without(&["token_hash"])
        },
        Holding {
            why: "To know that the address is yours",
            kept: "Until they are used; others expire within 2 days and usually go 2 days later",
            ..holding("link", "Fingerprints of links that were mailed to you")
                .without(&["token_hash"])
        },
        Holding {
            why: "To change it once both addresses have confirmed",
            kept: "Until then, or until you enter another one",
            ..holding("email_change", "A new address that waits for being confirmed")
                .without(&["email_field", "email_hash"])
        },
    ];

const fn holding(table: &'static str, what: &'static str) -> Holding {
    Holding {
        table,
        keys: ACCOUNT,
        what,
        why: "To be your account",
        kept: "As long as the account",
        secret: &[],
        on_erasure: OnErasure::Delete,
    }
}
