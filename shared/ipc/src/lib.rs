//! The contract between the interface and the shell: calls, what they answer, and events.
//!
//! A call is a struct that implements [`Call`]: its name, its arguments and its reply in one
//! place, so that neither side can disagree about them. The interface sends it as
//! `invoke(NAME, { args })`; the shell answers with `Reply` or a [`Fault`]. News goes the other
//! way as one [`Event`] enum under one name, [`EVENT`].
//!
//! Entities are those of `domain`. This crate knows neither HTTP nor SQL.

use domain::{
    Artist, ArtistId, PlayId, Release, ReleaseId, Track, TrackId,
    loudness::{LoudnessTarget, Normalisation},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub mod account;
pub mod audit;
pub mod compliance;
pub mod library;
pub mod offline;
pub mod player;
pub mod privacy;
pub mod roles;
pub mod second_factor;
pub mod session;
pub mod settings;
pub mod sign_in;

pub use account::*;
pub use audit::*;
pub use compliance::*;
pub use library::*;
pub use offline::*;
pub use player::*;
pub use privacy::*;
pub use roles::*;
pub use second_factor::*;
pub use session::*;
pub use settings::*;
pub use sign_in::*;

/// One question from the interface to the shell.
pub trait Call: Serialize + DeserializeOwned {
    /// Name of the shell's command, `noun_verb`.
    const NAME: &'static str;
    type Reply: Serialize + DeserializeOwned;
}

/// Declares calls: `name: Struct { fields } -> Reply`.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:literal: $call:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? } -> $reply:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            pub struct $call { $($(#[$fdoc])* pub $field: $ty),* }

            impl $crate::Call for $call {
                const NAME: &'static str = $name;
                type Reply = $reply;
            }
        )*
    };
}
pub(crate) use calls;

/// Why a call failed, for a person and for the interface to branch on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// What happened and what it means, in words.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// Finds the request in the server's log, where one was made.
    pub request_id: Option<String>,
}

/// What the interface branches on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No session: show the sign-in page.
    SignedOut,
    /// Email or password is wrong.
    WrongCredentials,
    /// The password is right, and the account wants one of these as well.
    SecondFactorRequired(SecondStep),
    /// An open session is not enough: ask who it is (`StepUp`), then make the call again.
    StepUpRequired,
    /// Signed in, and not allowed; the message says why.
    Forbidden,
    /// The input is not acceptable; the message says why.
    Invalid,
    NotFound,
    /// The server does not answer.
    Offline,
    /// There is no keyring; see `SecretsState`.
    SecretsLocked,
    /// Anything else.
    Other,
}

/// Name under which the shell emits every [`Event`].
pub const EVENT: &str = "melodyud";

/// News from the shell.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The player changed; also sent once a second while playing.
    Player(Box<PlayerView>),
    /// The queue changed; ask for what is shown with `QueueView`.
    Queue {
        revision: u64,
    },
    Session(SessionView),
    Settings(Box<SettingsView>),
    /// Plays were added to the history.
    History,
    /// The server became reachable or stopped being it.
    Connection {
        is_online: bool,
    },
    /// More of an export has come.
    Saving(Saving),
    /// To be shown as a toast.
    Notice(Notice),
    /// The user asked from outside the window (tray, second start, media key): go there.
    Navigate {
        path: String,
    },
}

/// A short message the user did not ask for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    pub severity: Severity,
    pub message: String,
    pub hint: String,
    pub request_id: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Error,
}
