//! Signed checkpoints: what the log was at some size, in the form of C2SP tlog-checkpoint, a
//! signed note.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    keys::{SigningKey, VerifyingKey},
    merkle::Hash,
};

/// A log in one hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    pub root: Hash,
}

/// Why a note is no checkpoint of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoteError {
    #[error("the checkpoint is not written as signed checkpoints are")]
    Form,
    #[error("the checkpoint is signed by another key")]
    OtherKey,
    #[error("the signature of the checkpoint is wrong")]
    Signature,
}

impl Checkpoint {
    /// The signed note: text, blank line, signature.
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let signature = key.sign(text.as_bytes());
        let signed = [&key.verifying().hash()[..], &signature].concat();
        format!("{text}\n— {} {}\n", key.verifying().name(), STANDARD.encode(signed))
    }

    /// What a note says that `key` signed. It is refused unless written exactly as
    /// [`Checkpoint::sign`] writes it.
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, NoteError> {
        let (text, signature) = note.split_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let (name, hash, signature) = parse_signature(signature).ok_or(NoteError::Form)?;
        let checkpoint = Self::parse(&text).ok_or(NoteError::Form)?;
        if name != key.name() || hash != key.hash() || checkpoint.origin != name {
            return Err(NoteError::OtherKey);
        }
        if key.verify(text.as_bytes(), signature) {
            Ok(checkpoint)
        } else {
            Err(NoteError::Signature)
        }
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let checkpoint =
            Self { origin: origin.to_owned(), size: size.parse().ok()?, root: root.parse().ok()? };
        // `+7`, `07` and further lines would mean the same.
        (checkpoint.text() == text).then_some(checkpoint)
    }
}

/// Key name, key hash and signature of `— name base64`.
fn parse_signature(line: &str) -> Option<(&str, [u8; 4], [u8; 64])> {
    let line = line.strip_prefix("— ")?.strip_suffix('\n')?;
    let (name, signed) = line.split_once(' ')?;
    let signed = STANDARD.decode(signed).ok()?;
    let (hash, signature) = signed.split_first_chunk()?;
    Some((name, *hash, signature.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::empty_root;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::new(name, [seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log".to_owned(), size: 7, root: empty_root() }
    }

    #[test]
    fn a_note_says_what_was_signed() {
        let note = checkpoint().sign(&key("log", 1));
        let text = "log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log ";
        assert!(note.starts_with(text), "{note}");
        assert_eq!(Checkpoint::open(&note, &key("log", 1).verifying()), Ok(checkpoint()));
    }

    /// The example of Go's package.
    #[test]
    fn signatures_are_those_of_other_tools() {
        let key: VerifyingKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let (name, hash, signature) = parse_signature(line).unwrap();
        assert_eq!((name, hash), (key.name(), key.hash()));
        assert!(key.verify(text.as_bytes(), signature));
        assert!(!key.verify(b"something else\n", signature));
    }

    #[test]
    fn other_keys_and_other_texts_are_told_apart() {
        let note = checkpoint().sign(&key("log", 1));
        let open = |note: &str| Checkpoint::open(note, &key("log", 1).verifying());
        assert_eq!(open(&checkpoint().sign(&key("log", 2))), Err(NoteError::OtherKey));
        assert_eq!(open(&checkpoint().sign(&key("lot", 1))), Err(NoteError::OtherKey));
        assert_eq!(open(&note.replacen("7\n", "8\n", 1)), Err(NoteError::Signature));
        for wrong in ["", "\n\n", &note.replacen("7\n", "07\n", 1), &note[..note.len() - 1]] {
            assert_eq!(open(wrong), Err(NoteError::Form), "{wrong}");
        }
        assert_eq!(open(&note.replacen("=\n\n", "=\nmore\n\n", 1)), Err(NoteError::Form));
        assert_eq!(open(&format!("{note}— other AAAA\n")), Err(NoteError::Form));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (key, note) = (key("log", 1), checkpoint().sign(&key("log", 1)));
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(Checkpoint::open(&changed, &key.verifying()).is_err(), "{at}: {changed}");
        }
    }
}
