//! What the decoder reads from.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use symphonia::core::io::MediaSource;

use super::{Interrupt, Problem, Remote};

/// Where bytes come from.
#[derive(Clone, Debug)]
pub enum Bytes {
    File(Arc<File>),
    Remote(Arc<Remote>),
}

impl Bytes {
    /// Every byte can be read without asking anybody.
    pub fn is_here(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Remote(remote) => remote.is_complete(),
        }
    }

    /// Whether these bytes can be read without asking anybody, as far as the file reaches.
    pub fn holds(&self, from: u64, to: u64) -> bool {
        match self {
            Self::File(_) => true,
            Self::Remote(remote) => remote.holds(from, to),
        }
    }

    /// Why no more bytes come, if that is final.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Remote(remote) => match remote.problem()? {
                Problem::Final(reason) => Some(reason),
                Problem::Passing(_) => None,
            },
        }
    }

    pub fn size_bytes(&self) -> Option<u64> {
        match self {
            Self::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Self::Remote(remote) => remote.file_size(),
        }
    }
}

/// Reads one file, optionally behind a head that replaces everything before a position: this
/// way a demuxer can be set in the middle of a file without asking for what lies before.
#[derive(Debug)]
pub struct Reader {
    bytes: Bytes,
    interrupt: Interrupt,
    is_seekable: Arc<AtomicBool>,
    head: Vec<u8>,
    /// Position in the file that follows the head.
    start: u64,
    /// Position in head and file together.
    pos: u64,
}

impl Reader {
    /// A reader of the whole file. Demuxers seek in it only while `is_seekable` says so.
    pub fn new(bytes: Bytes, interrupt: Interrupt, is_seekable: Arc<AtomicBool>) -> Self {
        Self { bytes, interrupt, is_seekable, head: Vec::new(), start: 0, pos: 0 }
    }

    /// A reader of `head` and then of the file from `start` on; it cannot seek.
    pub fn spliced(bytes: Bytes, interrupt: Interrupt, head: Vec<u8>, start: u64) -> Self {
        Self { bytes, interrupt, is_seekable: Arc::default(), head, start, pos: 0 }
    }

    /// The same, with `head` in place of what lies before `start`.
    pub fn from(self, head: Vec<u8>, start: u64) -> Self {
        Self { head, start, ..self }
    }

    fn read_file(&self, pos: u64, out: &mut [u8]) -> io::Result<usize> {
        match &self.bytes {
            Bytes::File(file) => {
                if self.interrupt.is_set() {
                    return Err(io::Error::other("interrupted"));
                }
                let mut file = file.as_ref();
                file.seek(SeekFrom::Start(pos))?;
                file.read(out)
            }
            Bytes::Remote(remote) => {
                remote.read(pos, out, &self.interrupt).map_err(io::Error::other)
            }
        }
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let head_len = self.head.len() as u64;
        let n = if self.pos < head_len {
            let rest = &self.head[self.pos as usize..];
            let n = rest.len().min(out.len());
            out[..n].copy_from_slice(&rest[..n]);
            n
        } else {
            self.read_file(self.start + (self.pos - head_len), out)?
        };
        self.pos += n as u64;
        Ok(n)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(pos) => Some(pos),
            SeekFrom::Current(delta) => self.pos.checked_add_signed(delta),
            SeekFrom::End(delta) => self.byte_len().and_then(|len| len.checked_add_signed(delta)),
        };
        self.pos = target.ok_or_else(|| io::Error::other("a seek to nowhere"))?;
        Ok(self.pos)
    }
}

impl MediaSource for Reader {
    fn is_seekable(&self) -> bool {
        self.is_seekable.load(Ordering::Relaxed)
    }

    fn byte_len(&self) -> Option<u64> {
        let len = self.bytes.size_bytes()?;
        Some(self.head.len() as u64 + len.saturating_sub(self.start))
    }
}
