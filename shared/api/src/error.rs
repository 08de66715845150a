//! The one error envelope: `{"error":{"code","message","hint","request_id"}}`, with
//! `second_factor` where that is what is missing.

use serde::{Deserialize, Serialize};

use crate::mfa::Methods;

/// What a client branches on. Everything finer is in the message, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not well-formed: 400, 408, 413, 414, 415, 431.
    InvalidRequest,
    /// Nobody is signed in, or the token is no longer good: 401. Refresh, then sign in.
    Unauthenticated,
    /// Email and password do not match: 401. Do not refresh.
    WrongCredentials,
    /// Email and password match, and the account wants a second factor as well: 401. Ask for one of
    /// those in `second_factor`, and send all three.
    SecondFactorRequired,
    /// Signed in, but not allowed: 403.
    Forbidden,
    /// Allowed for someone who has just shown who they are: 403. Ask for the password, then call
    /// `session_step_up`, and try again with its token.
    StepUpRequired,
    /// No such thing, or none this account may know of: 404.
    NotFound,
    /// The path exists but not with this method: 405.
    MethodNotAllowed,
    /// It clashes with what is there: 409.
    Conflict,
    /// It is not in the state that the caller takes it to be in: 412.
    PreconditionFailed,
    /// The byte range lies outside the file: 416.
    RangeNotSatisfiable,
    /// Too many attempts: 429, with `Retry-After`.
    RateLimited,
    /// Our fault: 500. The request id finds it in the log.
    Internal,
    /// Not now: 503, with `Retry-After`.
    Unavailable,
}

/// What went wrong with one request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Error {
    pub code: Code,
    /// What happened, in words.
    pub message: String,
    /// What the caller can do about it; empty where nothing can be done.
    pub hint: String,
    /// Finds the request in the server's log.
    pub request_id: String,
    /// With `second_factor_required`: what the account takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<Methods>,
}

/// Body of every answer that is not a success.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    pub error: Error,
}
