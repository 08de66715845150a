//! Where the sound of a file starts, behind pictures that nobody listens to.

use std::io::{self, Read, Seek, SeekFrom};

use super::flac;
use crate::source::Reader;

/// Less than this is not worth a request of its own: it is here as fast.
const MAX_READ_THROUGH: u64 = 64 * 1024;

/// From where a file is read.
#[derive(Debug, Default)]
pub struct Start {
    /// What a demuxer must see in place of what is left out.
    pub head: Vec<u8>,
    /// Position of the first byte behind what is left out; 0 where nothing is.
    pub first: u64,
}

impl Start {
    /// Looks for a large stretch of tags and pictures before the sound, as far as the bytes tell
    /// at the very start of the file. Anything unexpected is left to the demuxers.
    pub fn find(mut reader: Reader) -> Self {
        let Ok(tag_end) = behind_id3(&mut reader) else { return Self::default() };
        let mut mark = [0; 4];
        if reader.read_exact(&mut mark).is_ok() && &mark == b"fLaC" {
            let map = reader.rewind().ok().and_then(|()| flac::map(reader));
            return match map {
                Some(map) if map.first > MAX_READ_THROUGH => {
                    Self { head: map.head, first: map.first }
                }
                _ => Self::default(),
            };
        }
        let first = if tag_end > MAX_READ_THROUGH { tag_end } else { 0 };
        Self { head: Vec::new(), first }
    }
}

/// Goes behind an ID3v2 tag at the start of a file, if there is one, and says where that is.
pub fn behind_id3(reader: &mut Reader) -> io::Result<u64> {
    let mut header = [0; 10];
    reader.read_exact(&mut header)?;
    let end = if header.starts_with(b"ID3") {
        let size = header[6..].iter().fold(0u64, |size, byte| size << 7 | u64::from(byte & 0x7f));
        // A footer repeats the header.
        let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
        10 + size + footer
    } else {
        0
    };
    reader.seek(SeekFrom::Start(end))
}
