//! Why something is done, as it will stand in the audit log.

use domain::audit::Reason;

use crate::ApiError;

/// Of a reason that someone typed, in characters: services may put what it is about before it.
const CHARS_MAX: usize = 400;

/// The reason, or what is wrong with it.
pub fn parse(typed: &str) -> Result<Reason, ApiError> {
    let typed = typed.trim();
    let reason = Reason::new(typed).ok().filter(|_| typed.chars().count() <= CHARS_MAX);
    reason.ok_or_else(|| {
        ApiError::invalid(
            "This cannot be a reason.",
            format!("Take 1 to {CHARS_MAX} characters on one line."),
        )
    })
}
