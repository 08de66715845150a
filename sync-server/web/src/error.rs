//! The one error of every handler. It answers as the envelope of [`api::error`].

use std::{error::Error as StdError, fmt::Write as _};

use api::{
    error::{Code, Envelope, Error},
    mfa::Methods,
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::request_id;

/// A request that failed: the status, and what the caller reads.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: Code,
    pub message: String,
    /// What the caller can do about it; empty where nothing can be done.
    pub hint: String,
    /// What the account takes, where that is what is missing.
    pub second_factor: Option<Methods>,
    /// A header that belongs to the status: `Retry-After`, `Content-Range`, `WWW-Authenticate`.
    header: Option<(header::HeaderName, String)>,
}

pub type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: String::new(),
            second_factor: None,
            header: None,
        }
    }

    /// Says what the caller can do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// 400: the request is not well-formed.
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, message).with_hint(hint)
    }

    /// Another 4xx that means the same to a program as 400: 408, 413, 414, 415, and those of a
    /// protocol that a route speaks.
    pub fn malformed(
        status: StatusCode,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(status, Code::InvalidRequest, message).with_hint(hint)
    }

    /// 413.
    pub(crate) fn body_too_large(bytes_max: usize) -> Self {
        Self::malformed(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {bytes_max} bytes."),
            "Send less at once.",
        )
    }

    /// 401: nobody is signed in, or the token is no longer good.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self {
            header: Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
            ..Self::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message)
                .with_hint("Refresh the session, or sign in again.")
        }
    }

    /// 401: email and password do not match. The same answer whether the account exists or not.
    pub fn wrong_credentials() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            Code::WrongCredentials,
            "Email and password do not match.",
        )
        .with_hint("Check both, or sign up.")
    }

    /// 403: the password that was asked for again is not that of the account. No 401, which would
    /// tell a client to refresh.
    pub fn wrong_password() -> Self {
        Self::forbidden("The password is not right.")
            .with_hint("Enter the password of this account.")
    }

    /// 401: the password is right, and one of these is wanted as well.
    pub fn second_factor_required(message: impl Into<String>, methods: Methods) -> Self {
        let hint = match (methods.totp, methods.passkey) {
            (true, true) => {
                "Use your passkey, or enter the code of your authenticator app or a recovery code."
            }
            (false, true) => "Use your passkey, or enter a recovery code.",
            _ => "Enter the code of your authenticator app, or a recovery code. Each is good once.",
        };
        Self {
            second_factor: Some(methods),
            ..Self::new(StatusCode::UNAUTHORIZED, Code::SecondFactorRequired, message)
                .with_hint(hint)
        }
    }

    /// 403: an open session is not enough for this.
    pub fn step_up_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            Code::StepUpRequired,
            "This needs you to show again who you are.",
        )
        .with_hint("Enter your password, or sign in by browser again.")
    }

    /// 403: signed in, but not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::Forbidden, message)
    }

    /// 404: `what` is the kind of thing, such as `release`.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, format!("There is no such {what}."))
    }

    /// 405, of a path that exists.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::MethodNotAllowed,
            "This path does not take this method.",
        )
        .with_hint("The `allow` header names those it takes.")
    }

    /// 409: it clashes with what is there.
    pub fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, Code::Conflict, message).with_hint(hint)
    }

    /// 412: it is not in the state that the caller takes it to be in.
    pub fn precondition_failed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, Code::PreconditionFailed, message)
            .with_hint("Ask again without the condition.")
    }

    /// 416, of something with `size_bytes`.
    pub fn range_not_satisfiable(size_bytes: u64) -> Self {
        Self {
            header: Some((header::CONTENT_RANGE, format!("bytes */{size_bytes}"))),
            ..Self::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                Code::RangeNotSatisfiable,
                format!("The range lies outside of the {size_bytes} bytes there are."),
            )
        }
    }

    /// 429: too many attempts, good again after so many seconds.
    pub fn rate_limited(retry_after_s: u64) -> Self {
        Self {
            header: Some((header::RETRY_AFTER, retry_after_s.max(1).to_string())),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                Code::RateLimited,
                "Too many attempts in a short time.",
            )
            .with_hint(format!("Try again in {} s.", retry_after_s.max(1)))
        }
    }

    /// 500: our fault, or 503 where the disk is full, which the operator can mend, or where the
    /// database has no time for us. Logs the whole
    /// chain of causes, once, here; the caller reads none of it.
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let error = error.into();
        let chain = chain(&*error);
        tracing::error!(error = chain, "request failed");
        if is_overload(&chain) {
            return Self::unavailable("The server has too much to do at the moment.", 2);
        }
        if is_disk_full(&chain) {
            return Self::unavailable("No space is left on the server's disk.", 60)
                .with_hint("Nothing was stored. Try again once the operator has made room.");
        }
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::Internal,
            "Something went wrong on our side.",
        )
        .with_hint("Try again; tell the operator the request id if it stays.")
    }

    /// 503: not now. Good again after so many seconds, as far as we know.
    pub fn unavailable(message: impl Into<String>, retry_after_s: u64) -> Self {
        Self {
            header: Some((header::RETRY_AFTER, retry_after_s.max(1).to_string())),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message)
                .with_hint(format!("Try again in {} s.", retry_after_s.max(1)))
        }
    }
}

/// Makes an error of a service that has a variant `Refused(ApiError)` out of what callers are told,
/// and tells it to them: what was refused as it is, and of all else that something went wrong.
#[macro_export]
macro_rules! refusable {
    ($error:ident) => {
        impl From<$crate::ApiError> for $error {
            fn from(error: $crate::ApiError) -> Self {
                Self::Refused(error)
            }
        }

        impl From<$error> for $crate::ApiError {
            fn from(error: $error) -> Self {
                match error {
                    $error::Refused(error) => error,
                    error => Self::internal(error),
                }
            }
        }
    };
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let envelope = Envelope {
            error: Error {
                code: self.code,
                message: self.message,
                hint: self.hint,
                request_id: request_id::current(),
                second_factor: self.second_factor,
            },
        };
        let mut response = (self.status, Json(envelope)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::try_from(value)
        {
            headers.insert(name, value);
        }
        response
    }
}

/// In the words of sqlx: no connection to the database came free in time.
fn is_overload(chain: &str) -> bool {
    chain.contains("pool timed out while waiting for an open connection")
}

/// In the words of SQLite (`SQLITE_FULL`), of the system (`ENOSPC`, `EDQUOT`) and of PostgreSQL,
/// whose error types are not known here.
fn is_disk_full(chain: &str) -> bool {
    ["database or disk is full", "No space left on device", "quota exceeded"]
        .iter()
        .any(|words| chain.contains(words))
}

/// An error and its causes on one line.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        write!(text, ": {cause}").expect("writing to a String cannot fail");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_bug() {
        let full = std::io::Error::from_raw_os_error(28);
        let told = ApiError::internal(full);
        assert_eq!((told.status, told.code), (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable));
        assert!(told.message.contains("disk") && told.hint.contains("room"));
        let bug = ApiError::internal("index out of bounds");
        assert_eq!(bug.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
