//! Where the one secret of this device is kept: what lets it sign in again without a password.
//!
//! In the keyring of the operating system where there is one. Where there is none, in memory,
//! until the listener chooses a passphrase; from then on in a file sealed by it, which is locked
//! after each start until the passphrase is given. Never in plain text on a disk.

use std::{path::PathBuf, time::Duration};

mod keyring;
mod sealed;

use self::{
    keyring::Keyring,
    sealed::{Locked, SealedFile},
};

/// Shortest passphrase that is taken, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

/// How the secret is kept.
#[derive(Clone, Debug)]
pub struct SecretsConfig {
    /// Of the sealed file.
    pub folder: PathBuf,
    /// Names the secret in the keyring; one per data folder.
    pub name: String,
    /// Whether to look for a keyring at all.
    pub with_keyring: bool,
    /// How long a keyring may take. The operating system may be asking the listener for the
    /// keyring's password.
    pub patience: Duration,
}

/// Where the secret is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretsState {
    Keyring,
    /// Nowhere else: it is gone when the app quits.
    MemoryOnly,
    SealedFile,
    /// In a sealed file whose passphrase was not given yet.
    Locked,
}

/// Why a secret was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("a passphrase needs at least {PASSPHRASE_CHARS_MIN} characters")]
    ShortPassphrase,
    #[error("the sealed file is locked: give its passphrase")]
    Locked,
    #[error("there is nothing to unlock: the secret is kept in the keyring of this computer")]
    NothingToUnlock,
    #[error("the sealed file is damaged: {0}")]
    Damaged(&'static str),
    #[error("the sealed file was written by a newer version of MelodyUD")]
    Newer,
    #[error("the keyring does not answer")]
    KeyringSilent,
    #[error("the keyring refused")]
    Keyring(#[source] ::keyring::Error),
    #[error("the sealed file {} cannot be used", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// A place that keeps the secret beyond the end of the app.
trait Keep: Send {
    fn load(&mut self) -> Result<Option<String>, SecretsError>;
    fn save(&mut self, secret: &str) -> Result<(), SecretsError>;
    fn forget(&mut self) -> Result<(), SecretsError>;
}

enum Place {
    Keyring(Keyring),
    Memory,
    Sealed(SealedFile),
    Locked(Locked),
}

/// The secret of this device. Calls block, those to a keyring up to the patience given.
pub struct Secrets {
    config: SecretsConfig,
    place: Place,
    /// What is kept nowhere else, or could not be.
    memory: Option<String>,
}

impl Secrets {
    /// Finds out where secrets are kept here: in the sealed file where the listener has chosen
    /// one, else in the keyring, else in memory.
    pub fn open(config: SecretsConfig) -> Result<Self, SecretsError> {
        let place = if let Some(locked) = Locked::find(&config.folder)? {
            Place::Locked(locked)
        } else if !config.with_keyring {
            Place::Memory
        } else {
            match Keyring::connect(&config.name, config.patience) {
                Ok(keyring) => Place::Keyring(keyring),
                Err(error) => {
                    tracing::info!(%error, "no keyring here; secrets stay in memory");
                    Place::Memory
                }
            }
        };
        Ok(Self { config, place, memory: None })
    }

    pub fn state(&self) -> SecretsState {
        match self.place {
            Place::Keyring(_) => SecretsState::Keyring,
            Place::Memory => SecretsState::MemoryOnly,
            Place::Sealed(_) => SecretsState::SealedFile,
            Place::Locked(_) => SecretsState::Locked,
        }
    }

    pub fn load(&mut self) -> Result<Option<String>, SecretsError> {
        if let Some(secret) = &self.memory {
            return Ok(Some(secret.clone()));
        }
        match &mut self.place {
            Place::Memory => Ok(None),
            Place::Locked(_) => Err(SecretsError::Locked),
            Place::Keyring(keyring) => keyring.load(),
            Place::Sealed(file) => file.load(),
        }
    }

    /// Keeps a secret. Where the place fails, the secret is held in memory at least, and the
    /// failure is told. A keyring that refuses is not asked again: from then on it is as if there
    /// were none, so that the listener can choose a passphrase instead.
    pub fn save(&mut self, secret: &str) -> Result<(), SecretsError> {
        self.memory = Some(secret.to_owned());
        let keep: &mut dyn Keep = match &mut self.place {
            // While locked, the passphrase comes later, and the secret goes into the file then.
            Place::Memory | Place::Locked(_) => return Ok(()),
            Place::Keyring(keyring) => keyring,
            Place::Sealed(file) => file,
        };
        let saved = keep.save(secret);
        match &saved {
            Ok(()) => self.memory = None,
            Err(_) if matches!(self.place, Place::Keyring(_)) => self.place = Place::Memory,
            Err(_) => {}
        }
        saved
    }

    /// Forgets the secret. A sealed file stays sealed by the same passphrase, with nothing in it;
    /// a locked one is deleted, so that who forgot the passphrase can begin again.
    pub fn forget(&mut self) -> Result<(), SecretsError> {
        self.memory = None;
        match &mut self.place {
            Place::Memory => {}
            Place::Keyring(keyring) => keyring.forget()?,
            Place::Sealed(file) => file.forget()?,
            Place::Locked(locked) => {
                locked.delete()?;
                self.place = Place::Memory;
            }
        }
        Ok(())
    }

    /// Chooses a passphrase (secrets only in memory so far) or gives it (locked). Deriving the key
    /// takes a good part of a second on purpose.
    pub fn unlock(&mut self, passphrase: &str) -> Result<(), SecretsError> {
        let file = match &self.place {
            Place::Keyring(_) => return Err(SecretsError::NothingToUnlock),
            Place::Sealed(_) => return Ok(()),
            Place::Locked(locked) => locked.open(passphrase)?,
            Place::Memory => {
                if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
                    return Err(SecretsError::ShortPassphrase);
                }
                SealedFile::create(&self.config.folder, passphrase)?
            }
        };
        self.place = Place::Sealed(file);
        if let Some(secret) = self.memory.take() {
            self.save(&secret)?;
        }
        Ok(())
    }
}
