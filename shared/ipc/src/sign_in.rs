//! Signing in by the system browser, and the ways to sign in that an account has.

use domain::ids::PasskeyId;

use super::{Deserialize, Serialize, SessionView, calls};

/// What a server takes beside a password: a passkey always, and whoever vouches for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignInOptions {
    /// In the order in which they are shown.
    pub providers: Vec<Provider>,
}

/// Someone who vouches for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provider {
    pub id: String,
    /// For people.
    pub name: String,
}

/// A provider that could vouch for who is signed in, or does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub provider: String,
    pub name: String,
    /// Absent where it is not linked.
    pub linked_at_us: Option<i64>,
}

/// A passkey of who is signed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    pub created_at_us: i64,
    /// Absent where it was never used.
    pub used_at_us: Option<i64>,
}

// Calls that open the browser answer once it has come back. Each calls off the one before.
calls! {
    /// Of the server at this address.
    "sign_in_options": SignInOptionsGet { server_url: String } -> SignInOptions;
    /// Signs in at a provider; without one, with a passkey. `None` where it was called off.
    "sign_in_browser": SignInBrowser {
        server_url: String, provider: Option<String>,
    } -> Option<SessionView>;
    /// Calls off whatever waits for the browser.
    "sign_in_browser_cancel": SignInBrowserCancel {} -> ();
    /// As `StepUp`, in the browser. `false` where it was called off.
    "session_step_up_browser": StepUpBrowser { provider: Option<String> } -> bool;
    "identity_list": IdentityList {} -> Vec<Identity>;
    /// `false` where it was called off. May answer `StepUpRequired`.
    "identity_link": IdentityLink { provider: String } -> bool;
    /// May answer `StepUpRequired`.
    "identity_unlink": IdentityUnlink { provider: String } -> ();
    "passkey_list": PasskeyList {} -> Vec<Passkey>;
    /// Opens the page on which one is made, and does not wait for it. May answer `StepUpRequired`.
    "passkey_add": PasskeyAdd {} -> ();
    /// May answer `StepUpRequired`.
    "passkey_delete": PasskeyDelete { id: PasskeyId } -> ();
}
