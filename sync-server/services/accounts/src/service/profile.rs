//! Profiles.

use api::accounts::{Account, ProfileUpdate};
use domain::AccountId;
use web::ApiError;

use super::{Service, gone, name};
use crate::{
    Error,
    acts::{self, By},
    store::Profile,
};

impl Service {
    /// Changes what is named, and answers with the whole account.
    pub async fn profile_update(
        &self,
        id: AccountId,
        asked: &ProfileUpdate,
    ) -> Result<Account, Error> {
        let now_us = (self.clock)();
        let stored = self.store.account(id).await?.ok_or_else(gone)?.at(now_us);
        let profile = Profile {
            display_name: match &asked.display_name {
                Some(typed) => name(typed, "display name")?,
                None => stored.display_name,
            },
            visibility: asked.visibility.unwrap_or(stored.visibility),
            country: changed(asked.country.as_deref(), stored.country, country)?,
            language: changed(asked.language.as_deref(), stored.language, language)?,
        };
        let act = By::account(id, now_us).privacy("profile_update", acts::account(id));
        self.store.profile_update(id, &profile, &act).await?;
        self.acted();
        self.account(id).await
    }
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
