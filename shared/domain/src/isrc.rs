//! International Standard Recording Codes (ISO 3901:2019).

use serde::{Deserialize, Serialize};

/// A well-formed ISRC, without hyphens: `USRC17607839`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct Isrc(String);

/// The text holds no ISRC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISRC: two letters, three letters or digits, seven digits")]
pub struct IsrcError;

impl Isrc {
    /// Reads the forms found in tags: with or without `ISRC`, hyphens and blanks, in any case.
    pub fn parse(text: &str) -> Result<Self, IsrcError> {
        let text: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect::<String>()
            .to_ascii_uppercase();
        let labelled = text.strip_prefix("ISRC").filter(|_| text.len() > 12);
        let code = labelled.map_or(text.as_str(), |rest| rest.trim_start_matches(':'));
        let bytes = code.as_bytes();
        let well_formed = bytes.len() == 12
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..5].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && bytes[5..].iter().all(u8::is_ascii_digit);
        if well_formed { Ok(Self(code.to_owned())) } else { Err(IsrcError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Isrc {
    type Error = IsrcError;

    fn try_from(text: String) -> Result<Self, IsrcError> {
        Self::parse(&text)
    }
}

impl From<Isrc> for String {
    fn from(isrc: Isrc) -> Self {
        isrc.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isrc_reads_what_tags_hold() {
        for text in ["USRC17607839", "us-rc1-76-07839", "ISRC US RC1 76 07839", "ISRC:USRC17607839"]
        {
            assert_eq!(Isrc::parse(text).map(|i| i.0), Ok("USRC17607839".into()), "{text}");
        }
        for text in ["", "USRC1760783", "1SRC17607839", "USRC1760783X", "ÜSRC17607839"] {
            assert!(Isrc::parse(text).is_err(), "{text}");
        }
    }
}
