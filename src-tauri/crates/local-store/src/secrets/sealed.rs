//! A file sealed by a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 seals.
//!
//! Layout, little endian: magic `MUDSEAL` and version 1 (8 bytes); Argon2 memory in KiB, passes
//! and lanes (u32 each); salt (16); nonce (24); the sealed secret with its tag. All before the
//! sealed part is authenticated with it. The salt stays with the file, the nonce is new each time.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use super::{Keep, SecretsError};

const FILE: &str = "secret.sealed";
const MAGIC: &[u8; 7] = b"MUDSEAL";
const VERSION: u8 = 1;
const HEADER_LEN: usize = 8 + 12 + 16 + 24;
const TAG_LEN: usize = 16;

/// Larger is no file of ours.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Memory in KiB, passes, lanes: the second choice of RFC 9106, section 4.
const COST: (u32, u32, u32) = (64 << 10, 3, 4);

/// What a header may ask for, at most; more would be an attack on this machine.
const COST_MAX: (u32, u32, u32) = (1 << 20, 16, 16);

#[derive(Clone, Copy)]
struct Header {
    cost: (u32, u32, u32),
    salt: [u8; 16],
    nonce: [u8; 24],
}

impl Header {
    fn bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..7].copy_from_slice(MAGIC);
        bytes[7] = VERSION;
        bytes[8..12].copy_from_slice(&self.cost.0.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.cost.1.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.cost.2.to_le_bytes());
        bytes[20..36].copy_from_slice(&self.salt);
        bytes[36..].copy_from_slice(&self.nonce);
        bytes
    }

    fn parse(file: &[u8]) -> Result<Self, SecretsError> {
        if file.len() < HEADER_LEN + TAG_LEN {
            return Err(SecretsError::Damaged("it is too short"));
        }
        if &file[..7] != MAGIC {
            return Err(SecretsError::Damaged("it does not begin as it should"));
        }
        if file[7] != VERSION {
            return Err(SecretsError::Newer);
        }
        let number =
            |at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
        let cost = (number(8), number(12), number(16));
        if cost.0 > COST_MAX.0 || cost.1 > COST_MAX.1 || cost.2 > COST_MAX.2 {
            return Err(SecretsError::Damaged("it asks for too much memory or time"));
        }
        let mut header = Self { cost, salt: [0; 16], nonce: [0; 24] };
        header.salt.copy_from_slice(&file[20..36]);
        header.nonce.copy_from_slice(&file[36..HEADER_LEN]);
        Ok(header)
    }

    fn cipher(&self, passphrase: &str) -> Result<XChaCha20Poly1305, SecretsError> {
        let damaged = |_| SecretsError::Damaged("its parameters make no key");
        let (memory, passes, lanes) = self.cost;
        let params = Params::new(memory, passes, lanes, Some(32)).map_err(damaged)?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &self.salt, &mut key)
            .map_err(damaged)?;
        Ok(XChaCha20Poly1305::new(&key.into()))
    }
}

/// A sealed file whose passphrase is not known yet.
pub(super) struct Locked {
    path: PathBuf,
}

/// A sealed file and its key.
pub(super) struct SealedFile {
    path: PathBuf,
    header: Header,
    cipher: XChaCha20Poly1305,
}

impl Locked {
    pub fn find(folder: &Path) -> Result<Option<Self>, SecretsError> {
        let path = folder.join(FILE);
        match path.try_exists() {
            Ok(true) => Ok(Some(Self { path })),
            Ok(false) => Ok(None),
            Err(source) => Err(SecretsError::File { path, source }),
        }
    }

    pub fn open(&self, passphrase: &str) -> Result<SealedFile, SecretsError> {
        let file = read(&self.path)?;
        let header = Header::parse(&file)?;
        let cipher = header.cipher(passphrase)?;
        let opened = SealedFile { path: self.path.clone(), header, cipher };
        opened.unseal(&file)?;
        Ok(opened)
    }

    pub fn delete(&self) -> Result<(), SecretsError> {
        fs::remove_file(&self.path)
            .map_err(|source| SecretsError::File { path: self.path.clone(), source })
    }
}

impl SealedFile {
    /// A new file with nothing in it.
    pub fn create(folder: &Path, passphrase: &str) -> Result<Self, SecretsError> {
        let header = Header { cost: COST, salt: rand::random(), nonce: [0; 24] };
        let cipher = header.cipher(passphrase)?;
        let mut file = Self { path: folder.join(FILE), header, cipher };
        file.save("")?;
        Ok(file)
    }

    fn unseal(&self, file: &[u8]) -> Result<String, SecretsError> {
        let (header, sealed) =
            file.split_at_checked(HEADER_LEN).ok_or(SecretsError::Damaged("it is too short"))?;
        let nonce = Header::parse(file)?.nonce;
        let secret = self
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: header })
            .map_err(|_| SecretsError::WrongPassphrase)?;
        String::from_utf8(secret).map_err(|_| SecretsError::Damaged("it holds no text"))
    }
}

impl Keep for SealedFile {
    fn load(&mut self) -> Result<Option<String>, SecretsError> {
        let secret = self.unseal(&read(&self.path)?)?;
        Ok(Some(secret).filter(|secret| !secret.is_empty()))
    }

    fn save(&mut self, secret: &str) -> Result<(), SecretsError> {
        self.header.nonce = rand::random();
        let header = self.header.bytes();
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(self.header.nonce),
                Payload { msg: secret.as_bytes(), aad: &header },
            )
            .map_err(|_| SecretsError::Damaged("the secret is too long to be sealed"))?;
        let bytes = [&header[..], &sealed].concat();
        write(&self.path, &bytes)
            .map_err(|source| SecretsError::File { path: self.path.clone(), source })
    }

    fn forget(&mut self) -> Result<(), SecretsError> {
        self.save("")
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SecretsError> {
    let failed = |source| SecretsError::File { path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(SecretsError::Damaged("it is too large"));
    }
    fs::read(path).map_err(failed)
}

/// Writes beside the file and renames, so that there is always a whole one; for the owner's eyes
/// only from the first byte on.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&partial, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
