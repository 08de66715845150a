//! Profiles: name, picture, country, language, birth date, and who may see them.

use ::profile::{PictureError, country, language, name};
use api::accounts::{Account, ProfileUpdate, Visibility};
use domain::AccountId;
use engine_sql::acts::{self, By};
use web::ApiError;

use super::{Service, gone};
use crate::{Error, store::Profile};

/// Of the vault: when the person was born.
pub(super) const BIRTH_DATE: &str = "birth_date";

/// Of the vault: the picture, as it is drawn.
const AVATAR: &str = "avatar";

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
                let date = ::profile::birth_date(typed, now_us)?.to_string();
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
        let drawn = tokio::task::spawn_blocking(move || ::profile::picture(&file)).await?;
        let drawn = drawn.map_err(|error| match error {
            PictureError::Refused(error) => Error::Refused(error),
            error @ PictureError::Draw(_) => Error::Picture(error),
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_stays_and_empty_goes() {
        let stored = Some("PT".to_owned());
        assert_eq!(changed(None, stored.clone(), country).unwrap(), stored);
        assert_eq!(changed(Some(""), stored.clone(), country).unwrap(), None);
        assert_eq!(changed(Some("DE"), stored, country).unwrap().as_deref(), Some("DE"));
    }
}
