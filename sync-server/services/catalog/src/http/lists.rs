//! What all lists share.

use web::{ApiError, cursor};

use crate::store::page::{List, Position};

/// Longest filter that is looked at, in characters.
const FILTER_CHARS_MAX: usize = 200;

/// Size and start of the page that a client asked for.
pub fn window(
    list: &List,
    limit: Option<u32>,
    after: Option<&str>,
) -> Result<(u32, Option<Position>), ApiError> {
    let after = after.map(cursor::decode::<Position>).transpose()?;
    if let Some(position) = &after {
        list.check(position).map_err(|_| {
            ApiError::invalid(
                "The cursor belongs to another list.",
                "Keep sort, order and filters from page to page, or start without a cursor.",
            )
        })?;
    }
    Ok((cursor::limit(limit)?, after))
}

/// A filter of reasonable length.
pub fn filter(text: Option<&str>) -> Result<Option<&str>, ApiError> {
    match text {
        Some(text) if text.chars().count() > FILTER_CHARS_MAX => Err(ApiError::invalid(
            "The filter is too long.",
            format!("Use at most {FILTER_CHARS_MAX} characters."),
        )),
        text => Ok(text),
    }
}
