//! Profiles: name, picture, country, language, birth date, and who may see them.

use api::accounts::{Account, ProfileUpdate, Visibility};
use domain::AccountId;
use engine_sql::acts::{self, By};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use web::ApiError;

use super::{Service, gone, name};
use crate::{
    Error,
    store::{Profile, StoredAccount},
};

/// Of the vault: when the person was born.
const BIRTH_DATE: &str = "birth_date";

/// Of the vault: the picture, as it is drawn.
const AVATAR: &str = "avatar";

/// Longer side of a picture.
const AVATAR_PX: u32 = 256;

/// What is not longer ago was mistyped.
const YEAR_MIN: i16 = 1900;

impl Service {
    /// Changes what is named, and answers with the whole account.
    pub async fn profile_update(
        &self,
        id: AccountId,
        asked: &ProfileUpdate,
    ) -> Result<Account, Error> {
        let now_us = (self.clock)();
        let stored = self.store.account(id).await?.ok_or_else(gone)?;
        let has_birth_date = match asked.birth_date.as_deref() {
            None => stored.has_birth_date,
            Some("") => {
                self.vault.delete(id, BIRTH_DATE).await?;
                false
            }
            Some(typed) => {
                let date = birth_date(typed, now_us)?.to_string();
                self.vault.put(id, BIRTH_DATE, date.as_bytes()).await?;
                true
            }
        };
        let stored = stored.bare().clone();
        let profile = Profile {
            display_name: match &asked.display_name {
                Some(typed) => name(typed, "display name")?,
                None => stored.display_name,
            },
            visibility: asked.visibility.unwrap_or(stored.visibility),
            country: changed(asked.country.as_deref(), stored.country, country)?,
            language: changed(asked.language.as_deref(), stored.language, language)?,
            has_birth_date,
        };
        let act = By::account(id, now_us).privacy("profile_update", acts::account(id));
        self.store.profile_update(id, &profile, &act).await?;
        self.acted();
        self.account(id).await
    }

    /// Puts a picture, given as a file of any usual kind, in the place of the one before.
    pub async fn avatar_put(&self, id: AccountId, file: Vec<u8>) -> Result<Account, Error> {
        let _one_at_a_time = self.drawing.lock().await;
        let drawn = tokio::task::spawn_blocking(move || draw(&file)).await??;
        self.vault.put(id, AVATAR, &drawn).await?;
        // The name changes with the picture, so that caches need not ask.
        let name = format!("{:016x}", rand::random::<u64>());
        self.avatar_name(id, Some(name)).await
    }

    /// Takes the picture back.
    pub async fn avatar_delete(&self, id: AccountId) -> Result<Account, Error> {
        self.vault.delete(id, AVATAR).await?;
        self.avatar_name(id, None).await
    }

    /// The picture, a JPEG, for someone who may see the profile.
    pub async fn avatar(&self, id: AccountId, seen_by: AccountId) -> Result<Vec<u8>, Error> {
        let none = || ApiError::not_found("picture");
        let account = self.store.account(id).await?.ok_or_else(none)?;
        if id != seen_by && account.bare().visibility != Visibility::Members {
            return Err(none().into());
        }
        Ok(self.vault.get(id, AVATAR).await?.ok_or_else(none)?)
    }

    async fn avatar_name(&self, id: AccountId, name: Option<String>) -> Result<Account, Error> {
        let by = By::account(id, (self.clock)());
        let act = by.privacy("profile_update", acts::account(id));
        self.store.avatar_set(id, name, &act).await?;
        self.acted();
        self.account(id).await
    }

    pub(super) async fn birth_date(&self, of: &StoredAccount) -> Result<Option<String>, Error> {
        if !of.has_birth_date {
            return Ok(None);
        }
        let bytes = self.vault.get(of.id(), BIRTH_DATE).await?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }
}

/// Decodes within limits and draws anew: nothing of the file itself is kept or shown.
fn draw(file: &[u8]) -> Result<Vec<u8>, Error> {
    let not_good = |error: images::ImageError| {
        ApiError::invalid(
            format!("The picture cannot be taken: {error}."),
            "Take a JPEG, PNG or WebP file of at most 5 MB.",
        )
    };
    let decoded = images::decode(file).map_err(not_good)?;
    // Without transparency, so that it is always drawn as a JPEG, which is small.
    let opaque = decoded.picture.to_rgb8().into();
    let (bytes, _) = images::draw(&opaque, AVATAR_PX).map_err(|e| Error::Picture(Box::new(e)))?;
    Ok(bytes)
}

fn birth_date(typed: &str, now_us: i64) -> Result<Date, ApiError> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let date = typed.parse::<Date>().ok();
    let is_past = |date: &Date| date.year() >= YEAR_MIN && *date <= today;
    date.filter(is_past).ok_or_else(|| {
        ApiError::invalid("This is not a birth date.", "Take a form such as `1990-02-28`.")
    })
}

/// Absent keeps what was, empty takes it back.
fn changed(
    asked: Option<&str>,
    stored: Option<String>,
    parse: fn(&str) -> Result<String, ApiError>,
) -> Result<Option<String>, ApiError> {
    match asked {
        None => Ok(stored),
        Some("") => Ok(None),
        Some(text) => parse(text).map(Some),
    }
}

/// ISO 3166-1 alpha-2, by its form.
fn country(text: &str) -> Result<String, ApiError> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(ApiError::invalid("This is not a country.", "Take its two capital letters, such as `PT`."))
}

/// BCP 47: a language of two or three letters, and perhaps a region.
fn language(text: &str) -> Result<String, ApiError> {
    let (language, region) = text.split_once('-').map_or((text, None), |(l, r)| (l, Some(r)));
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_region = region.is_none_or(|region| country(region).is_ok());
    if is_language && is_region {
        return Ok(text.to_owned());
    }
    Err(ApiError::invalid("This is not a language.", "Take a code such as `pt` or `pt-BR`."))
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

    #[test]
    fn absent_stays_and_empty_goes() {
        let stored = Some("PT".to_owned());
        assert_eq!(changed(None, stored.clone(), country).unwrap(), stored);
        assert_eq!(changed(Some(""), stored.clone(), country).unwrap(), None);
        assert_eq!(changed(Some("DE"), stored, country).unwrap().as_deref(), Some("DE"));
    }
}
