//! The name of a blob.

use std::{fmt, str::FromStr};

/// BLAKE3 hash of a blob's bytes; its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

/// The text was not a blob's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a blob id: 64 lower-case hexadecimal digits")]
pub struct BlobIdError;

impl BlobId {
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    pub const fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    pub const fn hash(self) -> [u8; 32] {
        self.0
    }

    /// Where the blob lies: sharded by the first byte, so that a folder stays listable at a
    /// million blobs.
    pub(crate) fn location(self) -> object_store::path::Path {
        let name = self.to_string();
        object_store::path::Path::from_iter([&name[..2], &name[2..]])
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).to_hex().fmt(f)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = BlobIdError;

    fn from_str(text: &str) -> Result<Self, BlobIdError> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(BlobIdError);
        }
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| BlobIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_the_hash_and_survives_text() {
        let id = BlobId::of(b"music");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            id.location().as_ref(),
            format!("{}/{}", &id.to_string()[..2], &id.to_string()[2..])
        );
        for bad in ["", "../../etc/passwd", &id.to_string().to_uppercase(), &id.to_string()[1..]] {
            assert_eq!(bad.parse::<BlobId>(), Err(BlobIdError), "{bad}");
        }
    }
}
