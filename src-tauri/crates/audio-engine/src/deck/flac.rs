//! Where in a FLAC file a time is (RFC 9639).

use std::io::Read;

use crate::source::Reader;

/// Largest stretch of metadata that is looked through.
const MAX_HEADER: usize = 16 << 20;

/// From time to place in a file whose bytes are not all here.
#[derive(Debug)]
pub struct Map {
    /// What a demuxer must read before it can go on at any frame or page.
    pub head: Vec<u8>,
    /// Position of the first audio byte.
    pub first: u64,
    /// How far before the target to aim.
    pub margin_ms: u64,
    /// Times and positions that are known, in order.
    pub points: Vec<(u64, u64)>,
    pub duration_ms: u64,
}

impl Map {
    /// The place of a time: exact at known points, in proportion between them.
    pub fn place(&self, time_ms: u64, size: u64) -> u64 {
        let start = (0, self.first);
        let end = (self.duration_ms.max(1), size);
        let before = self.points.iter().rev().find(|(ms, _)| *ms <= time_ms).unwrap_or(&start);
        let after = self.points.iter().find(|(ms, _)| *ms > time_ms).unwrap_or(&end);
        let span_ms = after.0.saturating_sub(before.0).max(1);
        let share = time_ms.saturating_sub(before.0).min(span_ms) as f64 / span_ms as f64;
        let span = after.1.saturating_sub(before.1);
        (before.1 + (span as f64 * share) as u64).clamp(self.first, size)
    }
}

/// Reads the metadata blocks: stream information and seek points.
pub fn map(mut reader: Reader) -> Option<Map> {
    let mut pos = 0u64;
    let mut start = [0; 10];
    reader.read_exact(&mut start[..4]).ok()?;
    pos += 4;
    if start.starts_with(b"ID3") {
        reader.read_exact(&mut start[4..]).ok()?;
        let size = start[6..].iter().fold(0u64, |size, byte| size << 7 | u64::from(byte & 0x7f));
        std::io::copy(&mut reader.by_ref().take(size), &mut std::io::sink()).ok()?;
        reader.read_exact(&mut start[..4]).ok()?;
        pos = 10 + size + 4;
    }
    if &start[..4] != b"fLaC" {
        return None;
    }
    let mut head = Vec::new();
    let mut samples_and_rate = None;
    let mut table = Vec::new();
    loop {
        let mut header = [0; 4];
        reader.read_exact(&mut header).ok()?;
        let len = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        pos += 4 + len as u64;
        if pos > MAX_HEADER as u64 {
            return None;
        }
        let mut body = vec![0; len];
        reader.read_exact(&mut body).ok()?;
        match header[0] & 0x7f {
            0 if len == 34 => {
                // Alone and marked as the last block: pictures need not be read again.
                head = [b"fLaC\x80\0\0\x22".as_slice(), &body].concat();
                let bits = u64::from_be_bytes(body[10..18].try_into().ok()?);
                samples_and_rate = Some((bits & 0xf_ffff_ffff, bits >> 44));
            }
            3 => table = body,
            _ => {}
        }
        if header[0] & 0x80 != 0 {
            break;
        }
    }
    let (n_samples, rate) = samples_and_rate.filter(|(n, rate)| *n > 0 && *rate > 0)?;
    let points: Vec<(u64, u64)> = table
        .chunks_exact(18)
        .filter_map(|point| {
            let sample = u64::from_be_bytes(point[..8].try_into().ok()?);
            let offset = u64::from_be_bytes(point[8..16].try_into().ok()?);
            // All ones mark a place holder.
            (sample < n_samples).then(|| (sample * 1000 / rate, pos.saturating_add(offset)))
        })
        .collect();
    let is_sorted = points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1);
    Some(Map {
        head,
        first: pos,
        margin_ms: 400,
        points: if is_sorted { points } else { Vec::new() },
        duration_ms: n_samples * 1000 / rate,
    })
}
