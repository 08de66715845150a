//! Email addresses: which are taken, and which are the same.

use unicode_normalization::UnicodeNormalization as _;
use web::ApiError;

/// RFC 5321, section 4.5.3.1, and erratum 1690 of RFC 3696.
const EMAIL_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;

/// A plausible address. Whether it exists only a mail to it could tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Email {
    /// As it was typed, without spaces around.
    text: String,
}

impl Email {
    pub fn parse(typed: &str) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::invalid(
                "This is not an email address.",
                "It has the form `name@example.org`, at most 254 bytes.",
            )
        };
        let email = typed.trim();
        let (local, domain) = email.rsplit_once('@').ok_or_else(invalid)?;
        let is_plain =
            |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c);
        let is_domain = !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        let is_local = !local.is_empty()
            && local.len() <= LOCAL_BYTES_MAX
            && !local.contains('@')
            && local.chars().all(is_plain);
        if email.len() > EMAIL_BYTES_MAX || !is_local || !is_domain {
            return Err(invalid());
        }
        Ok(Self { text: email.to_owned() })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.text.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The same for all spellings of one address: case does not matter to any mail server
    /// worth the name, nor do compatibility forms of a letter.
    pub fn folded(&self) -> String {
        self.text.nfkc().collect::<String>().to_lowercase()
    }

    /// By which addresses were reserved before the hash had a key.
    pub fn unkeyed_hash(&self) -> String {
        blake3::Hasher::new_derive_key("MelodyUD 2026 email reservation")
            .update(self.folded().as_bytes())
            .finalize()
            .to_hex()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["ann@example.org", " a.b+c@localhost ", "ünï@exämple.org", "o'neil@x-y.org"]
        {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.org",
            "a b@example.org",
            "a@b@c",
            "a@.org",
            "a@b..org",
            "a@-b.org",
            "a@b/c",
            "<a@b.org>",
            "a\n@b.org",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        let folded = |text| Email::parse(text).unwrap().folded();
        assert_eq!(folded("Ann@Example.org"), folded(" ann@example.ORG "));
        assert_eq!(folded("\u{ff41}nn@example.org"), folded("ann@example.org"));
        assert_ne!(folded("ann@example.org"), folded("anne@example.org"));
    }
}
