//! What is configured of a provider.

use std::collections::HashSet;

use openidconnect::IssuerUrl;

use super::outward;

/// Of an id, in bytes.
const ID_BYTES_MAX: usize = 40;

/// Of a name, in characters.
const NAME_CHARS_MAX: usize = 80;

/// A provider, as the operator names it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Part of paths: lower case letters, digits and `-`.
    pub id: String,
    /// For people.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub scopes: Vec<String>,
}

/// A provider cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[error("the provider {id:?} {complaint}")]
pub struct ProviderSettingsError {
    id: String,
    complaint: &'static str,
}

impl ProviderSettingsError {
    pub(super) fn of(settings: &ProviderSettings, complaint: &'static str) -> Self {
        Self { id: settings.id.clone(), complaint }
    }
}

impl ProviderSettings {
    pub(super) fn issuer_url(&self) -> Result<IssuerUrl, ProviderSettingsError> {
        let complain = |complaint| ProviderSettingsError::of(self, complaint);
        let issuer = IssuerUrl::new(self.issuer.clone())
            .map_err(|_| complain("has an issuer that is no URL"))?;
        if !outward::is_allowed(issuer.url()) {
            return Err(complain("has an issuer that is not https (or http on this machine)"));
        }
        if issuer.url().query().is_some() || issuer.url().fragment().is_some() {
            return Err(complain("has an issuer with a query or a fragment"));
        }
        Ok(issuer)
    }

    fn check(&self) -> Result<(), ProviderSettingsError> {
        let is_id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_scope = |scope: &String| {
            !scope.is_empty()
                && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
        };
        let complaint =
            if self.id.is_empty() || self.id.len() > ID_BYTES_MAX || !self.id.bytes().all(is_id) {
                "has an id that is not of 1 to 40 lower case letters, digits and `-`"
            } else if self.name.trim().is_empty()
                || self.name.chars().count() > NAME_CHARS_MAX
                || self.name.chars().any(char::is_control)
            {
                "has a name that is not of 1 to 80 characters on one line"
            } else if self.client_id.is_empty() {
                "has no client id"
            } else if !self.scopes.iter().all(is_scope) {
                "has a scope with blanks or quotes in it"
            } else {
                return self.issuer_url().map(drop);
            };
        Err(ProviderSettingsError::of(self, complaint))
    }
}

/// Refuses providers that cannot be used, or told apart.
pub fn check_all(providers: &[ProviderSettings]) -> Result<(), ProviderSettingsError> {
    let mut ids = HashSet::new();
    for provider in providers {
        provider.check()?;
        if !ids.insert(&provider.id) {
            return Err(ProviderSettingsError::of(provider, "is there twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> ProviderSettings {
        ProviderSettings {
            id: "house".to_owned(),
            name: "The House".to_owned(),
            issuer: "https://id.example".to_owned(),
            client_id: "melodyud".to_owned(),
            client_secret: None,
            scopes: vec!["openid".to_owned()],
        }
    }

    #[test]
    fn what_cannot_work_is_refused_before_it_is_needed() {
        check_all(&[provider(), ProviderSettings { id: "2nd".into(), ..provider() }]).unwrap();
        let bad = [
            ProviderSettings { id: String::new(), ..provider() },
            ProviderSettings { id: "House".into(), ..provider() },
            ProviderSettings { id: "a/../b".into(), ..provider() },
            ProviderSettings { name: " ".into(), ..provider() },
            ProviderSettings { issuer: "http://id.example".into(), ..provider() },
            ProviderSettings { issuer: "id.example".into(), ..provider() },
            ProviderSettings { issuer: "https://id.example/?a".into(), ..provider() },
            ProviderSettings { client_id: String::new(), ..provider() },
            ProviderSettings { scopes: vec!["a b".into()], ..provider() },
        ];
        for settings in bad {
            let (id, issuer) = (settings.id.clone(), settings.issuer.clone());
            assert!(check_all(&[settings]).is_err(), "{id} {issuer}");
        }
        let twice = check_all(&[provider(), provider()]).unwrap_err();
        assert_eq!(twice.to_string(), "the provider \"house\" is there twice");
    }
}
