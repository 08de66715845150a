//! Where in a FLAC file a time is (RFC 9639).

use std::io::{Read, Seek, SeekFrom};

use super::start;
use crate::source::Reader;

/// Largest stretch of metadata that is looked through.
const MAX_HEADER: usize = 16 << 20;

/// Length of the usual frame of 4096 samples at 44.1 kHz.
const UNIT_MS: u64 = 93;

/// From time to place in a file whose bytes are not all here.
#[derive(Debug)]
pub struct Map {
    /// What a demuxer must read before it can go on at any frame or page.
    pub head: Vec<u8>,
    /// Position of the first audio byte.
    pub first: u64,
    /// How far before the target to aim, so as to come out before it.
    pub margin_ms: u64,
    /// About how long a frame or page lasts: sound starts with a whole one.
    pub unit_ms: u64,
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

    /// Notes where a time was found.
    pub fn learn(&mut self, time_ms: u64, place: u64) {
        let index = self.points.partition_point(|(ms, _)| *ms < time_ms);
        self.points.insert(index, (time_ms, place));
    }
}

/// Reads the metadata blocks: stream information and seek points.
pub fn map(mut reader: Reader) -> Option<Map> {
    let mut pos = start::behind_id3(&mut reader).ok()?;
    let mut mark = [0; 4];
    reader.read_exact(&mut mark).ok()?;
    pos += 4;
    if &mark != b"fLaC" {
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
        let kind = header[0] & 0x7f;
        let mut body = Vec::new();
        if matches!(kind, 0 | 3) {
            body.resize(len, 0);
            reader.read_exact(&mut body).ok()?;
        } else {
            // Pictures and notes, perhaps large ones and not here.
            reader.seek(SeekFrom::Start(pos)).ok()?;
        }
        match kind {
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
        unit_ms: UNIT_MS,
        points: if is_sorted { points } else { Vec::new() },
        duration_ms: n_samples * 1000 / rate,
    })
}
