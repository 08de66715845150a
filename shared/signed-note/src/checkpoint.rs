//! Signed checkpoints: what the log was at some size.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::transparency::Hash;

use crate::keys::{SigningKey, VerifyingKey};

/// What begins the line that names the next key. It is an extension line of C2SP tlog-checkpoint.
const NEXT_KEY: &str = "next-key ";

/// A log in one hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log: the name of its keys.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    pub root: Hash,
}

/// What a key signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    pub checkpoint: Checkpoint,
    /// The key that signs from here on in the place of the one it was opened with.
    pub next_key: Option<VerifyingKey>,
    /// Whether the key it was opened with takes over here from another.
    pub takes_over: bool,
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
        format!("{text}\n{}", signature_line(&text, key))
    }

    /// The note with which `key` hands over to `next`. It names the next key, whose line the
    /// signature of the old one covers: nobody else can add a key of theirs to it. Both sign.
    pub fn hand_over(&self, key: &SigningKey, next: &SigningKey) -> String {
        let text = format!("{}{NEXT_KEY}{}\n", self.text(), next.verifying());
        format!("{text}\n{}{}", signature_line(&text, key), signature_line(&text, next))
    }

    /// What a note says that `key` signed. It is refused unless written exactly as
    /// [`Checkpoint::sign`] or [`Checkpoint::hand_over`] writes it.
    ///
    /// Of the note of a handover, the signature of the next key is verified as well. Opened with the
    /// next key, that of the key before is not: it is not known here.
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Opened, NoteError> {
        let note = Note::parse(note).ok_or(NoteError::Form)?;
        if key.name() != note.checkpoint.origin {
            return Err(NoteError::OtherKey);
        }
        let mut is_signed = note.first.is_by(key).then(|| note.first.verify(&note.text, key));
        let (mut next_key, mut takes_over) = (None, false);
        if let Some((next, signature)) = note.next {
            let is_next_signed = signature.verify(&note.text, &next);
            if *key == next {
                is_signed = Some(is_next_signed);
                takes_over = true;
            } else {
                is_signed = is_signed.map(|is_signed| is_signed && is_next_signed);
                next_key = Some(next);
            }
        }
        match is_signed {
            Some(true) => Ok(Opened { checkpoint: note.checkpoint, next_key, takes_over }),
            Some(false) => Err(NoteError::Signature),
            None => Err(NoteError::OtherKey),
        }
    }

    /// What a note says, whoever signed it.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        Note::parse(note).map(|note| note.checkpoint).ok_or(NoteError::Form)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

/// A note as it is written.
struct Note {
    /// What is signed.
    text: String,
    checkpoint: Checkpoint,
    first: Signature,
    /// Where it is a handover.
    next: Option<(VerifyingKey, Signature)>,
}

/// A signature and the hash of the key that made it.
struct Signature {
    key_hash: [u8; 4],
    bytes: [u8; 64],
}

impl Note {
    fn parse(note: &str) -> Option<Self> {
        let (text, signatures) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        let (checkpoint, next_key) = parse_text(&text)?;
        let mut signatures =
            signatures.split_inclusive('\n').map(|line| Signature::parse(line, &checkpoint.origin));
        let first = signatures.next()??;
        let next = match next_key {
            Some(next) => {
                let signature = signatures.next()??;
                // A key does not hand over to itself, and what follows is by the one that is named.
                let is_fine = signature.is_by(&next)
                    && !first.is_by(&next)
                    && next.name() == checkpoint.origin;
                if !is_fine {
                    return None;
                }
                Some((next, signature))
            }
            None => None,
        };
        let is_whole = signatures.next().is_none();
        is_whole.then_some(Self { text, checkpoint, first, next })
    }
}

/// Two forms with the same meaning there are not: `+7`, `07`, or a key in capital letters.
fn parse_text(text: &str) -> Option<(Checkpoint, Option<VerifyingKey>)> {
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let checkpoint = Checkpoint {
        origin: origin.to_owned(),
        size: size.parse().ok()?,
        root: root.parse().ok()?,
    };
    let next_key: Option<VerifyingKey> = match lines.next() {
        Some(line) => Some(line.strip_prefix(NEXT_KEY)?.parse().ok()?),
        None => None,
    };
    let next_line = next_key.as_ref().map(|next| format!("{NEXT_KEY}{next}\n"));
    let written = checkpoint.text() + &next_line.unwrap_or_default();
    (written == text).then_some((checkpoint, next_key))
}

impl Signature {
    /// `— name base64`, by a key of the log.
    fn parse(line: &str, origin: &str) -> Option<Self> {
        let line = line.strip_prefix("— ")?.strip_suffix('\n')?;
        let (name, signed) = line.split_once(' ')?;
        let signed = STANDARD.decode(signed).ok()?;
        let (key_hash, bytes) = signed.split_first_chunk()?;
        let bytes = bytes.try_into().ok()?;
        (name == origin).then_some(Self { key_hash: *key_hash, bytes })
    }

    fn is_by(&self, key: &VerifyingKey) -> bool {
        self.key_hash == key.hash()
    }

    fn verify(&self, text: &str, key: &VerifyingKey) -> bool {
        key.verify(text.as_bytes(), self.bytes)
    }
}

fn signature_line(text: &str, key: &SigningKey) -> String {
    let verifying = key.verifying();
    let signed = [&verifying.hash()[..], &key.sign(text.as_bytes())].concat();
    format!("— {} {}\n", verifying.name(), STANDARD.encode(signed))
}

#[cfg(test)]
mod tests {
    use domain::transparency::empty_root;

    use super::*;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::new(name, [seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log".to_owned(), size: 7, root: empty_root() }
    }

    fn opened(next_key: Option<VerifyingKey>) -> Opened {
        Opened { checkpoint: checkpoint(), next_key, takes_over: false }
    }

    #[test]
    fn a_note_says_what_was_signed() {
        let note = checkpoint().sign(&key("log", 1));
        let text = "log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log ";
        assert!(note.starts_with(text), "{note}");
        assert_eq!(Checkpoint::open(&note, &key("log", 1).verifying()), Ok(opened(None)));
        assert_eq!(Checkpoint::read(&note), Ok(checkpoint()));
    }

    /// The example of Go's package.
    #[test]
    fn signatures_are_those_of_other_tools() {
        let key: VerifyingKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let signature = Signature::parse(line, "PeterNeumann").unwrap();
        assert!(signature.is_by(&key) && signature.verify(text, &key));
        assert!(!signature.verify("something else\n", &key));
    }

    #[test]
    fn other_keys_and_other_texts_are_told_apart() {
        let note = checkpoint().sign(&key("log", 1));
        let open = |note: &str| Checkpoint::open(note, &key("log", 1).verifying());
        assert_eq!(open(&checkpoint().sign(&key("log", 2))), Err(NoteError::OtherKey));
        let other_log = Checkpoint { origin: "lot".to_owned(), ..checkpoint() };
        assert_eq!(open(&other_log.sign(&key("lot", 1))), Err(NoteError::OtherKey));
        assert_eq!(open(&note.replacen("7\n", "8\n", 1)), Err(NoteError::Signature));
        let wrong_forms = [
            String::new(),
            "\n\n".to_owned(),
            note.replacen("7\n", "07\n", 1),
            note[..note.len() - 1].to_owned(),
            note.replacen("=\n\n", "=\nmore\n\n", 1),
            format!("{note}— other AAAA\n"),
            format!("{note}{}", note.rsplit_once("\n\n").unwrap().1),
            checkpoint().sign(&key("lot", 1)),
        ];
        for wrong in wrong_forms {
            assert_eq!(open(&wrong), Err(NoteError::Form), "{wrong}");
        }
    }

    #[test]
    fn a_key_hands_over_to_the_one_it_names() {
        let (old, new, third) = (key("log", 1), key("log", 2), key("log", 3));
        let note = checkpoint().hand_over(&old, &new);
        let open = |note: &str, key: &SigningKey| Checkpoint::open(note, &key.verifying());
        assert_eq!(open(&note, &old), Ok(opened(Some(new.verifying()))));
        let taken_over = Opened { takes_over: true, ..opened(None) };
        assert_eq!(open(&note, &new), Ok(taken_over), "it goes on with itself");
        assert_eq!(open(&note, &third), Err(NoteError::OtherKey));
        assert_eq!(note.lines().count(), 7, "{note}");
    }

    /// Whoever takes a checkpoint of the old key and signs it as well is not its successor.
    #[test]
    fn nobody_names_themselves_the_next_key() {
        let (old, new, thief) = (key("log", 1), key("log", 2), key("log", 3));
        let open = |note: &str| Checkpoint::open(note, &old.verifying());
        let plain = checkpoint().sign(&old);
        let (text, signature) = plain.split_once("\n\n").unwrap();
        let by_thief = signature_line(&format!("{text}\n"), &thief);
        assert_eq!(open(&format!("{plain}{by_thief}")), Err(NoteError::Form));
        // With a line of theirs, the signature of the old key is one of another text.
        let claimed = format!("{text}\n{NEXT_KEY}{}\n", thief.verifying());
        let forged = format!("{claimed}\n{signature}{}", signature_line(&claimed, &thief));
        assert_eq!(open(&forged), Err(NoteError::Signature));
        // In the place of the key that is named, nobody else may sign.
        let handed = checkpoint().hand_over(&old, &new);
        let (text, signatures) = handed.split_once("\n\n").unwrap();
        let first = signatures.split_inclusive('\n').next().unwrap();
        let text = format!("{text}\n");
        let other = format!("{text}\n{first}{}", signature_line(&text, &thief));
        assert_eq!(open(&other), Err(NoteError::Form));
        assert_eq!(open(&format!("{text}\n{first}")), Err(NoteError::Form), "it has to sign");
        let itself = checkpoint().hand_over(&old, &old);
        assert_eq!(open(&itself), Err(NoteError::Form));
        let elsewhere = checkpoint().hand_over(&old, &key("lot", 2));
        assert_eq!(open(&elsewhere), Err(NoteError::Form));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let key = key("log", 1);
        let next = SigningKey::new("log", [2; 32]).unwrap();
        for note in [checkpoint().sign(&key), checkpoint().hand_over(&key, &next)] {
            for at in 0..note.len() {
                for bit in [1, 0x20] {
                    let mut bytes = note.clone().into_bytes();
                    bytes[at] ^= bit;
                    let Ok(changed) = String::from_utf8(bytes) else { continue };
                    let opened = Checkpoint::open(&changed, &key.verifying());
                    assert!(opened.is_err(), "{at}: {changed}");
                }
            }
        }
    }
}
