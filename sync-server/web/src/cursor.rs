//! Opaque cursors for keyset paging, and the size of a page.
//!
//! A cursor carries the sort values of the last item of a page. It is no secret and not
//! signed: all it can do is to say where a page starts, in a query that is parameterised.

use api::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::ApiError;

/// Sort values are names and titles, cut by the catalog; this is far above the longest.
const CURSOR_BYTES_MAX: usize = 16 * 1024;

/// The cursor that starts after `position`.
pub fn encode<T: Serialize>(position: &T) -> Result<String, ApiError> {
    serde_json::to_vec(position)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(ApiError::internal)
}

/// What [`encode`] was given; anything else is the caller's mistake.
pub fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, ApiError> {
    let invalid = || {
        ApiError::invalid(
            "The cursor is not one this list gave.",
            "Pass `next_cursor` unchanged, with the same sort; or start without a cursor.",
        )
    };
    if cursor.len() > CURSOR_BYTES_MAX {
        return Err(invalid());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    let text = std::str::from_utf8(&json).map_err(|_| invalid())?;
    if text.contains("\\u0000") {
        return Err(invalid());
    }
    serde_json::from_str(text).map_err(|_| invalid())
}

/// The page size a client asked for: 1 to [`PAGE_LIMIT_MAX`], [`PAGE_LIMIT_DEFAULT`] where it
/// did not say.
pub fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked.unwrap_or(PAGE_LIMIT_DEFAULT) {
        limit @ 1..=PAGE_LIMIT_MAX => Ok(limit),
        limit => Err(ApiError::invalid(
            format!("A page cannot have {limit} items."),
            format!("Ask for 1 to {PAGE_LIMIT_MAX}."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_and_forgeries_do_not() {
        let position = ("björk".to_owned(), 7_i64);
        let cursor = encode(&position).unwrap();
        assert_eq!(decode::<(String, i64)>(&cursor).unwrap(), position);
        for forged in ["", "%%%", "bm8", &cursor[1..], &"A".repeat(CURSOR_BYTES_MAX + 1)] {
            let error = decode::<(String, i64)>(forged).unwrap_err();
            assert_eq!(error.status, 400, "{forged}");
        }
    }

    #[test]
    fn pages_have_a_bound() {
        assert_eq!(limit(None).unwrap(), PAGE_LIMIT_DEFAULT);
        assert_eq!(limit(Some(200)).unwrap(), 200);
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
