//! Encoder delay and padding of MP4 files, which the demuxer leaves in.
//!
//! Apple's `iTunSMPB` comment names both to the sample. Where it is missing, the edit list does
//! (ISO/IEC 14496-12, section 8.6.6): its first entry with media starts behind the delay.

use std::io::{Read, Seek, SeekFrom};

use crate::source::Reader;

/// Largest index that is looked through.
const MAX_MOOV: u64 = 16 << 20;
/// Most boxes looked at on one level.
const MAX_BOXES: usize = 4_096;

/// Which part of the decoded frames is music.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Frames before the music.
    pub lead: i64,
    pub n_frames: Option<u64>,
}

/// Finds the index and reads its edit; `None` where there is none.
pub fn read(mut reader: Reader) -> Option<Edit> {
    let mut pos = 0u64;
    for _ in 0..MAX_BOXES {
        reader.seek(SeekFrom::Start(pos)).ok()?;
        let mut header = [0; 16];
        reader.read_exact(&mut header[..8]).ok()?;
        let mut size = u64::from(u32::from_be_bytes(header[..4].try_into().ok()?));
        let mut n_header = 8;
        if size == 1 {
            reader.read_exact(&mut header[8..]).ok()?;
            size = u64::from_be_bytes(header[8..].try_into().ok()?);
            n_header = 16;
        }
        if &header[4..8] == b"moov" {
            let mut moov = Vec::new();
            let len = size.checked_sub(n_header)?.min(MAX_MOOV);
            reader.take(len).read_to_end(&mut moov).ok()?;
            return edit_of(&moov);
        }
        // Size 0 reaches to the end of the file: nothing lies behind.
        pos = pos.checked_add(size).filter(|_| size >= n_header)?;
    }
    None
}

fn edit_of(moov: &[u8]) -> Option<Edit> {
    smpb(moov).or_else(|| edit_list(moov))
}

/// The hexadecimal words of `iTunSMPB`: 0, delay, padding, number of frames.
fn smpb(moov: &[u8]) -> Option<Edit> {
    let name = find(moov, b"iTunSMPB")?;
    let behind = &moov[name..];
    let data = find(behind, b"data")?;
    // Type and locale come before the text.
    let text = behind.get(data + 12..)?;
    let text = &text[..text.len().min(128)];
    let words: Vec<u64> = text
        .split(|byte| !byte.is_ascii_hexdigit())
        .filter(|word| !word.is_empty())
        .map_while(|word| u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok())
        .take(4)
        .collect();
    let [_, delay, _, n_frames] = words[..] else { return None };
    (delay < 1 << 20 && n_frames > 0)
        .then_some(Edit { lead: delay.cast_signed(), n_frames: Some(n_frames) })
}

fn edit_list(moov: &[u8]) -> Option<Edit> {
    let movie_scale = timescale(child(moov, *b"mvhd")?)?;
    let track =
        children(moov).filter(|(kind, _)| kind == b"trak").map(|(_, body)| body).find(|track| {
            let handler = child(track, *b"mdia").and_then(|media| child(media, *b"hdlr"));
            handler.is_some_and(|handler| handler.get(8..12) == Some(b"soun"))
        })?;
    let media_header = child(child(track, *b"mdia")?, *b"mdhd")?;
    let scale = timescale(media_header)?;
    let list = child(child(track, *b"edts")?, *b"elst")?;
    let is_long = *list.first()? == 1;
    let entries = list.get(8..)?.chunks_exact(if is_long { 20 } else { 12 });
    let (duration, media_time) = entries.take(64).find_map(|entry| {
        let (duration, media_time) = if is_long {
            let duration = u64::from_be_bytes(entry[..8].try_into().ok()?);
            (duration, i64::from_be_bytes(entry[8..16].try_into().ok()?))
        } else {
            let duration = u32::from_be_bytes(entry[..4].try_into().ok()?);
            (u64::from(duration), i64::from(i32::from_be_bytes(entry[4..8].try_into().ok()?)))
        };
        (media_time >= 0).then_some((duration, media_time))
    })?;
    // The edit's length counts in the movie's clock, which is often only milliseconds; the
    // track's own length is exact and ends at the same place or before it.
    let n_frames = (movie_scale == scale && duration > 0).then_some(duration);
    Some(Edit { lead: media_time, n_frames })
}

/// Time scale of a movie or media header.
fn timescale(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    let scale = u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?);
    (scale > 0).then_some(scale)
}

fn child(body: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    children(body).find(|(found, _)| *found == kind).map(|(_, body)| body)
}

/// The boxes of a level, as far as they are whole.
fn children(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(body.get(..4)?.try_into().ok()?) as usize;
        let kind = body.get(4..8)?.try_into().ok()?;
        let content = body.get(8..size.max(8))?;
        body = body.get(size.max(8)..)?;
        Some((kind, content))
    })
    .take(MAX_BOXES)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
