//! What a profile may hold, each as people type or choose it: names, countries, languages, birth
//! dates, pictures.
//!
//! It keeps nothing (`svc-accounts` does), and says in words what is wrong. Pictures are drawn
//! ([`picture`]) on the thread that asks.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use web::ApiError;

/// Of names of people and devices, in characters.
pub const NAME_CHARS_MAX: usize = 80;

/// Longer side of a picture.
const PICTURE_PX: u32 = 256;

/// What is not longer ago was mistyped.
const YEAR_MIN: i16 = 1900;

/// The picture is none that is taken, or cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
    #[error("the picture cannot be drawn")]
    Draw(#[source] images::ImageError),
}

/// A name; `what` says of what, in messages.
pub fn name(typed: &str, what: &str) -> Result<String, ApiError> {
    let name = typed.trim();
    let n_chars = name.chars().count();
    if n_chars == 0 || n_chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            format!("This cannot be a {what}."),
            format!("Take 1 to {NAME_CHARS_MAX} characters on one line."),
        ));
    }
    Ok(name.to_owned())
}

/// ISO 3166-1 alpha-2, by its form.
pub fn country(text: &str) -> Result<String, ApiError> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(ApiError::invalid("This is not a country.", "Take its two capital letters, such as `PT`."))
}

/// BCP 47: a language of two or three letters, and perhaps a region.
pub fn language(text: &str) -> Result<String, ApiError> {
    let (language, region) = text.split_once('-').map_or((text, None), |(l, r)| (l, Some(r)));
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_region = region.is_none_or(|region| country(region).is_ok());
    if is_language && is_region {
        return Ok(text.to_owned());
    }
    Err(ApiError::invalid("This is not a language.", "Take a code such as `pt` or `pt-BR`."))
}

/// When someone was born: a day before today, as ISO 8601 writes it.
pub fn birth_date(typed: &str, now_us: i64) -> Result<Date, ApiError> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let date = typed.parse::<Date>().ok();
    let is_past = |date: &Date| date.year() >= YEAR_MIN && *date <= today;
    date.filter(is_past).ok_or_else(|| {
        ApiError::invalid("This is not a birth date.", "Take a form such as `1990-02-28`.")
    })
}

/// A JPEG of any usual file: decoded within limits and drawn anew, so that nothing of the file itself
/// is kept or shown.
pub fn picture(file: &[u8]) -> Result<Vec<u8>, PictureError> {
    let not_good = |error: images::ImageError| {
        PictureError::Refused(ApiError::invalid(
            format!("The picture cannot be taken: {error}."),
            "Take a JPEG, PNG or WebP file of at most 5 MB.",
        ))
    };
    let decoded = images::decode(file).map_err(not_good)?;
    // Without transparency, so that it is always drawn as a JPEG, which is small.
    let opaque = decoded.picture.to_rgb8().into();
    let (bytes, _) = images::draw(&opaque, PICTURE_PX).map_err(PictureError::Draw)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_countries_by_their_form() {
        for good in ["de", "pt-BR", "gsw", "gsw-CH"] {
            assert_eq!(language(good).unwrap(), good);
        }
        for bad in ["d", "DE", "de-", "de-de", "german", "-DE", "de-DE-x", "dé"] {
            assert!(language(bad).is_err(), "{bad}");
        }
        assert_eq!(country("PT").unwrap(), "PT");
        for bad in ["pt", "P", "PRT", "P1", "É"] {
            assert!(country(bad).is_err(), "{bad}");
        }
    }
}
