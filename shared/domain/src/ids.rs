//! Ids as newtypes: a `TrackId` is never taken for a `ReleaseId`.
//!
//! Ids are UUIDv7 (RFC 9562, section 5.7): made by us, sortable by time of making, random
//! enough not to be guessed. Their text form is the hyphenated lower-case one, everywhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct IdError {
    pub kind: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the time (milliseconds since 1970) and ten random bytes.
            pub fn new(now_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid())
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError { kind: $kind })
            }
        }
    };
}

id!(
    /// A person's account.
    AccountId, "account"
);
id!(
    /// A player on one machine. It stays the same when someone signs in there again.
    DeviceId, "device"
);
id!(
    /// A sign-in on a device: the family of one rotating refresh token.
    SessionId, "session"
);
id!(
    /// A passkey of an account.
    PasskeyId, "passkey"
);
id!(
    /// An export of all that is held about a person.
    ExportId, "export"
);
id!(
    /// An erasure of all that is held about a person.
    ErasureId, "erasure"
);
id!(
    /// What a compliance officer does about the request of one person.
    CaseId, "case"
);
id!(
    /// Someone credited with music.
    ArtistId, "artist"
);
id!(
    /// An album, EP, single or compilation.
    ReleaseId, "release"
);
id!(
    /// One recording on one release.
    TrackId, "track"
);
id!(
    /// A file of a creator that comes in.
    UploadId, "upload"
);
id!(
    /// One run of a library import.
    ImportId, "import"
);
id!(
    /// One time one listener played one track.
    PlayId, "play"
);
id!(
    /// One act in the audit log; made by whoever did it, so that it is recorded once.
    ActId, "act"
);

/// A cover image: the BLAKE3 hash of its original bytes, 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
#[serde(try_from = "String", into = "String")]
pub struct CoverId(String);

impl CoverId {
    /// From a BLAKE3 hash.
    pub fn from_hash(hash: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in hash {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        }
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CoverId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { kind: "cover" })
        }
    }
}

impl TryFrom<String> for CoverId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<CoverId> for String {
    fn from(id: CoverId) -> Self {
        id.0
    }
}

impl fmt::Display for CoverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_sorts_by_time_and_survives_text() {
        let early = TrackId::new(1_000, [0xff; 10]);
        let late = TrackId::new(2_000, [0; 10]);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!("../etc".parse::<TrackId>(), Err(IdError { kind: "track" }));
    }

    #[test]
    fn cover_id_takes_only_a_lower_case_hash() {
        let id = CoverId::from_hash([0xab; 32]);
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().to_uppercase().parse::<CoverId>().is_err());
        assert!("../../etc/passwd".parse::<CoverId>().is_err());
    }
}
