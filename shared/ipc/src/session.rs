//! Who is signed in, and where.

use domain::{AccountId, Role, plan::Tier};

use super::{Deserialize, Serialize, calls};

/// The session as the interface shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// Address of the server last used, `https://music.example`; offered at sign-in.
    pub server_url: Option<String>,
    pub account: Option<AccountView>,
    pub is_online: bool,
    pub secrets: SecretsState,
}

/// The signed-in account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountView {
    pub id: AccountId,
    pub display_name: String,
    pub email: String,
    /// As the server last said: what the interface shows follows from them, what is allowed does
    /// not.
    pub roles: Vec<Role>,
    pub tier: Tier,
    /// Which picture: the shell serves it as the cover `avatar-{this}`. Absent where there is none.
    pub avatar: Option<String>,
}

/// Where the refresh token is kept on this device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretsState {
    /// In the keyring of the operating system.
    Keyring,
    /// No keyring here and no passphrase chosen: the sign-in lasts until the app quits.
    MemoryOnly,
    /// No keyring here; a file sealed by a passphrase, which has been given.
    SealedFile,
    /// As before, but the passphrase has not been given yet: `SecretsUnlock`.
    Locked,
}

calls! {
    "session_view": SessionGet {} -> SessionView;
    /// Creates an account on the server and signs in.
    "session_sign_up": SignUp {
        server_url: String, display_name: String, email: String, password: String,
    } -> SessionView;
    /// `code` where the account wants one (`SecondFactorRequired`): of the authenticator app, or a
    /// recovery code.
    "session_sign_in": SignIn {
        server_url: String, email: String, password: String, code: Option<String>,
    } -> SessionView;
    /// As `SignIn`, with a passkey after the password, in the browser. `None` where it was called off
    /// (`SignInBrowserCancel`).
    "session_sign_in_passkey": SignInPasskey {
        server_url: String, email: String, password: String,
    } -> Option<SessionView>;
    /// Has a link sent to choose a new password; tells nothing of whether there is an account.
    "password_reset": PasswordReset { server_url: String, email: String } -> ();
    /// Shows again who it is, where a call answered `StepUpRequired`; that holds for some minutes.
    /// `code` where the account wants one (`SecondFactorRequired`).
    "session_step_up": StepUp { password: String, code: Option<String> } -> ();
    /// As `StepUp`, with a passkey after the password, in the browser. `false` where it was called
    /// off.
    "session_step_up_passkey": StepUpPasskey { password: String } -> bool;
    "session_sign_out": SignOut {} -> SessionView;
    /// Chooses (`MemoryOnly`) or gives (`Locked`) the passphrase of the sealed file.
    "secrets_unlock": SecretsUnlock { passphrase: String } -> SessionView;
}
