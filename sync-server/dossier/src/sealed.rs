//! Files sealed as they are written, chunk by chunk, so that nothing plain touches the disk.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305:
//! a random prefix of the nonce first, then chunks that say where they stand and which is the
//! last. What was cut off, moved or changed does not open.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{
        Payload,
        generic_array::GenericArray,
        stream::{DecryptorBE32, EncryptorBE32},
    },
};
use tokio::{fs::File, io::AsyncReadExt as _};

use crate::Error;

const PREFIX_BYTES: usize = 19;
const TAG_BYTES: usize = 16;
const CHUNK_BYTES: usize = 64 * 1024;

/// A key of one file alone.
pub type FileKey = [u8; 32];

/// Seals what is written to it.
pub struct Sealer<W> {
    inner: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    chunk: Vec<u8>,
    /// What the file belongs to.
    aad: Vec<u8>,
    n_bytes: u64,
}

impl<W: Write> Sealer<W> {
    pub fn begin(mut inner: W, key: &FileKey, aad: &str) -> io::Result<Self> {
        let prefix: [u8; PREFIX_BYTES] = rand::random();
        inner.write_all(&prefix)?;
        let cipher = XChaCha20Poly1305::new(key.into());
        Ok(Self {
            inner,
            stream: EncryptorBE32::from_aead(cipher, GenericArray::from_slice(&prefix)),
            chunk: Vec::with_capacity(CHUNK_BYTES),
            aad: aad.as_bytes().to_vec(),
            n_bytes: 0,
        })
    }

    /// Seals the last chunk. Answers with what it wrote to, and how many plain bytes there were.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        let last = Payload { msg: &self.chunk, aad: &self.aad };
        self.inner.write_all(&self.stream.encrypt_last(last).map_err(too_long)?)?;
        Ok((self.inner, self.n_bytes))
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more: the last one is sealed as the last.
        if self.chunk.len() == CHUNK_BYTES {
            let payload = Payload { msg: &self.chunk, aad: &self.aad };
            self.inner.write_all(&self.stream.encrypt_next(payload).map_err(too_long)?)?;
            self.chunk.clear();
        }
        let n = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..n]);
        self.n_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a sealed file chunk by chunk.
pub struct Opener {
    file: File,
    /// Gone with the last chunk.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    aad: Vec<u8>,
    n_bytes_left: u64,
}

impl Opener {
    pub async fn open(path: &Path, key: &FileKey, aad: &str) -> Result<Self, Error> {
        let mut file = File::open(path).await.map_err(Error::file("open"))?;
        let size_bytes = file.metadata().await.map_err(Error::file("read"))?.len();
        let mut prefix = [0; PREFIX_BYTES];
        file.read_exact(&mut prefix).await.map_err(Error::file("read"))?;
        let cipher = XChaCha20Poly1305::new(key.into());
        let stream = DecryptorBE32::from_aead(cipher, GenericArray::from_slice(&prefix));
        Ok(Self {
            file,
            stream: Some(stream),
            aad: aad.as_bytes().to_vec(),
            n_bytes_left: size_bytes.saturating_sub(PREFIX_BYTES as u64),
        })
    }

    /// The next plain bytes; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        let full = (CHUNK_BYTES + TAG_BYTES) as u64;
        let n = self.n_bytes_left.min(full);
        let mut sealed = vec![0; usize::try_from(n).unwrap_or(CHUNK_BYTES + TAG_BYTES)];
        self.file.read_exact(&mut sealed).await.map_err(Error::file("read"))?;
        self.n_bytes_left -= n;
        let payload = Payload { msg: &sealed, aad: &self.aad };
        if self.n_bytes_left == 0 {
            return stream.decrypt_last(payload).map(Some).map_err(|_| Error::Sealed);
        }
        let opened = stream.decrypt_next(payload).map_err(|_| Error::Sealed)?;
        self.stream = Some(stream);
        Ok(Some(opened))
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

/// After 2^32 chunks, which are 256 TiB.
fn too_long(_: chacha20poly1305::aead::Error) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "the file is too long to be sealed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(bytes: &[u8], key: &FileKey) -> Vec<u8> {
        let mut sealer = Sealer::begin(Vec::new(), key, "it").unwrap();
        sealer.write_all(bytes).unwrap();
        let (sealed, n_bytes) = sealer.finish().unwrap();
        assert_eq!(n_bytes, bytes.len() as u64);
        sealed
    }

    async fn open(sealed: &[u8], key: &FileKey, aad: &str) -> Result<Vec<u8>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, sealed).unwrap();
        let mut opener = Opener::open(&path, key, aad).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = opener.piece().await? {
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn what_was_sealed_opens() {
        let key = [7; 32];
        for n in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 200_000] {
            let bytes: Vec<u8> = (0..n).map(|at| (at % 251) as u8).collect();
            let sealed = seal(&bytes, &key);
            assert!(open(&sealed, &key, "it").await.unwrap() == bytes, "{n} bytes");
        }
    }

    #[tokio::test]
    async fn what_was_changed_does_not_open() {
        let key = [7; 32];
        let chunk = CHUNK_BYTES + TAG_BYTES;
        let sealed = seal(&vec![b'x'; 3 * CHUNK_BYTES], &key);
        assert!(open(&sealed, &[8; 32], "it").await.is_err(), "another key");
        assert!(open(&sealed, &key, "that").await.is_err(), "another file");
        let cut = &sealed[..PREFIX_BYTES + 2 * chunk];
        assert!(open(cut, &key, "it").await.is_err(), "cut off between chunks");
        for n in [0, PREFIX_BYTES, PREFIX_BYTES + 3] {
            assert!(open(&sealed[..n], &key, "it").await.is_err(), "cut off at {n}");
        }
        let mut swapped = sealed.clone();
        let (first, rest) = swapped[PREFIX_BYTES..].split_at_mut(chunk);
        first.swap_with_slice(&mut rest[..chunk]);
        assert!(open(&swapped, &key, "it").await.is_err(), "chunks in another order");
        for at in [0, PREFIX_BYTES, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, &key, "it").await.is_err(), "byte {at} changed");
        }
    }
}
