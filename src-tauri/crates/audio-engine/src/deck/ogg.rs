//! Where in an Ogg file a time is, and where pages start (RFC 3533).

use std::io::Read;

use super::flac::Map;
use crate::source::Reader;

/// Largest page, with its header.
const MAX_PAGE: usize = 27 + 255 + 255 * 255;
/// Most bytes that comment and set-up headers may take.
const MAX_HEADER: usize = 16 << 20;

/// How far before the target to aim: pages last up to a second, and bit rates vary.
const MARGIN_MS: u64 = 2_000;
/// Length of the pages that most programs write at most; a page is read as a whole.
const UNIT_MS: u64 = 1_000;

pub fn is_ogg(mut reader: Reader) -> bool {
    let mut mark = [0; 4];
    reader.read_exact(&mut mark).is_ok() && &mark == b"OggS"
}

/// Collects the header pages: those before the first that ends a packet of sound.
pub fn map(mut reader: Reader, duration_ms: u64) -> Option<Map> {
    if duration_ms == 0 {
        return None;
    }
    let mut head = Vec::new();
    while head.len() < MAX_HEADER {
        let mut page = vec![0; 27];
        reader.read_exact(&mut page).ok()?;
        if !page.starts_with(b"OggS") {
            return None;
        }
        let granule = i64::from_le_bytes(page[6..14].try_into().ok()?);
        let n_segments = usize::from(page[26]);
        page.resize(27 + n_segments, 0);
        reader.read_exact(&mut page[27..]).ok()?;
        let body_len: usize = page[27..].iter().map(|len| usize::from(*len)).sum();
        page.resize(27 + n_segments + body_len, 0);
        reader.read_exact(&mut page[27 + n_segments..]).ok()?;
        // Header pages carry 0, or -1 where a long comment does not end on the page.
        if granule > 0 {
            let first = head.len() as u64;
            return Some(Map {
                head,
                first,
                margin_ms: MARGIN_MS,
                unit_ms: UNIT_MS,
                points: Vec::new(),
                duration_ms,
            });
        }
        head.extend(page);
    }
    None
}

/// Distance to the next page that starts at or behind the reader's place; `None` at the end.
pub fn next_page(mut reader: Reader) -> Result<Option<u64>, String> {
    let mut window = Vec::new();
    let mut piece = [0; 4096];
    while window.len() < 2 * MAX_PAGE {
        let n = reader.read(&mut piece).map_err(|error| error.to_string())?;
        if n == 0 {
            return Ok(None);
        }
        let from = window.len().saturating_sub(4);
        window.extend_from_slice(&piece[..n]);
        // The byte behind the mark is the version, always 0.
        if let Some(offset) = window[from..].windows(5).position(|bytes| bytes == b"OggS\0") {
            return Ok(Some((from + offset) as u64));
        }
    }
    Err("the file is damaged: no page where one should be".to_owned())
}
