//! How loud music is and by how much playback changes that.

use serde::{Deserialize, Serialize};

/// Loudness of a programme after ITU-R BS.1770-4.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Loudness {
    /// Gated integrated loudness in LUFS.
    pub integrated_lufs: f64,
    /// Highest true peak over all channels in dBTP.
    pub true_peak_dbtp: f64,
}

/// Loudness of a track and of the release it is on.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackLoudness {
    /// `None` where the track is silent or was not measured.
    pub track: Option<Loudness>,
    /// Of the whole release; keeps the balance between its tracks.
    pub release: Option<Loudness>,
}

/// Loudness of the 400 ms blocks of a programme (ITU-R BS.1770-4, annex 1), counted in bins of
/// 0.1 LU from [`BlockHistogram::FLOOR_LUFS`] up. Histograms of tracks add up to that of their
/// release, so that release loudness needs no second look at the audio; the bin width keeps the
/// result within 0.05 LU of exact gating.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BlockHistogram {
    /// Bin index (below [`BlockHistogram::N_BINS`]) and count, ascending, without empty bins.
    bins: Vec<(u16, u32)>,
}

impl BlockHistogram {
    /// The absolute gate: blocks below it never count.
    pub const FLOOR_LUFS: f64 = -70.0;
    pub const N_BINS: u16 = 800;
    const BIN_LU: f64 = 0.1;

    /// From the loudness of each block in LUFS, in any order.
    pub fn from_blocks(blocks_lufs: impl IntoIterator<Item = f64>) -> Self {
        let mut counts = std::collections::BTreeMap::<u16, u32>::new();
        for lufs in blocks_lufs {
            if lufs.is_finite() && lufs >= Self::FLOOR_LUFS {
                let bin = ((lufs - Self::FLOOR_LUFS) / Self::BIN_LU) as u16;
                *counts.entry(bin.min(Self::N_BINS - 1)).or_default() += 1;
            }
        }
        Self { bins: counts.into_iter().collect() }
    }

    /// A compact form to keep: for each bin its distance from the one before and its count, as
    /// LEB128 varints. A few hundred bytes for a song.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bins.len() * 3);
        let mut next_bin = 0;
        for (bin, count) in &self.bins {
            push_varint(&mut bytes, u32::from(bin.saturating_sub(next_bin)));
            push_varint(&mut bytes, *count);
            next_bin = bin.saturating_add(1);
        }
        bytes
    }

    /// The inverse of [`BlockHistogram::to_bytes`]; `None` where the bytes are no histogram.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mut rest, mut bins, mut next_bin) = (bytes, Vec::new(), 0_u32);
        while !rest.is_empty() {
            let bin = next_bin.checked_add(take_varint(&mut rest)?)?;
            let count = take_varint(&mut rest)?;
            let in_range = u16::try_from(bin).ok().filter(|bin| *bin < Self::N_BINS)?;
            bins.push((in_range, count));
            next_bin = bin + 1;
        }
        Some(Self { bins })
    }

    /// Gated integrated loudness in LUFS of all parts played as one programme; `None` where
    /// nothing passes the absolute gate.
    pub fn integrated_lufs<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Option<f64> {
        let mut counts = vec![0_u64; usize::from(Self::N_BINS)];
        for (bin, count) in parts.into_iter().flat_map(|part| &part.bins) {
            if let Some(sum) = counts.get_mut(usize::from(*bin)) {
                *sum += u64::from(*count);
            }
        }
        let mean_energy = |from_bin: usize| {
            let (mut energy, mut n_blocks) = (0.0, 0_u64);
            for (bin, count) in counts.iter().enumerate().skip(from_bin).filter(|(_, c)| **c > 0) {
                energy += 10_f64.powf(Self::centre_lufs(bin) / 10.0) * *count as f64;
                n_blocks += count;
            }
            (n_blocks > 0).then(|| energy / n_blocks as f64)
        };
        // The relative gate stands 10 LU below the loudness of what passed the absolute one.
        let ungated = 10.0 * mean_energy(0)?.log10();
        let gate_bin = ((ungated - 10.0 - Self::FLOOR_LUFS) / Self::BIN_LU).max(0.0) as usize;
        mean_energy(gate_bin).map(|energy| 10.0 * energy.log10())
    }

    fn centre_lufs(bin: usize) -> f64 {
        Self::FLOOR_LUFS + (bin as f64 + 0.5) * Self::BIN_LU
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

/// What loudness playback aims at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoudnessTarget {
    /// -19 LUFS.
    Quiet,
    /// -14 LUFS.
    #[default]
    Normal,
    /// -11 LUFS.
    Loud,
}

impl LoudnessTarget {
    pub const fn lufs(self) -> f64 {
        match self {
            Self::Quiet => -19.0,
            Self::Normal => -14.0,
            Self::Loud => -11.0,
        }
    }
}

/// Which loudness counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    Off,
    /// Each track alone: for mixed queues.
    Track,
    /// The release as a whole where it plays in order, each track alone otherwise.
    #[default]
    Auto,
}

/// Peak that playback never exceeds, in dBTP.
pub const PEAK_CEILING_DBTP: f64 = -1.0;

/// Gain in dB that brings `loudness` to `target_lufs` without its true peak passing
/// [`PEAK_CEILING_DBTP`]. A gain that attenuates is never limited: it cannot clip.
pub fn playback_gain_db(loudness: Loudness, target_lufs: f64) -> f64 {
    let wanted = target_lufs - loudness.integrated_lufs;
    let headroom = PEAK_CEILING_DBTP - loudness.true_peak_dbtp;
    if wanted <= 0.0 { wanted } else { wanted.min(headroom.max(0.0)) }
}

/// Amplitude by the output gain of an Opus identification header, which every player must apply
/// (RFC 7845, section 5.1: 1/256 dB). MP4 has the same fields under version 0, in the other byte
/// order. `None` where `head` is no such header.
pub fn opus_amplitude(head: &[u8]) -> Option<f32> {
    let field = head.strip_prefix(b"OpusHead")?.get(8..10)?.try_into().ok()?;
    let is_mp4 = head[8] == 0;
    let gain = if is_mp4 { i16::from_be_bytes(field) } else { i16::from_le_bytes(field) };
    Some(10_f32.powf(f32::from(gain) / 256.0 / 20.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gain_of_an_opus_header_is_read_in_both_orders() {
        let head = |version: u8, gain: [u8; 2]| {
            let fields = [&[version, 2, 0, 0, 0, 0, 0, 0], &gain[..], &[0]].concat();
            opus_amplitude(&[&b"OpusHead"[..], &fields].concat())
        };
        let six_db: i16 = 6 * 256;
        for amplitude in [head(1, six_db.to_le_bytes()), head(0, six_db.to_be_bytes())] {
            assert!((amplitude.unwrap() - 1.995_26).abs() < 1e-4, "{amplitude:?}");
        }
        assert_eq!(opus_amplitude(b"OpusHead\x01"), None);
    }

    fn check(integrated_lufs: f64, true_peak_dbtp: f64, gain_db: f64) {
        let got = playback_gain_db(Loudness { integrated_lufs, true_peak_dbtp }, -14.0);
        assert!((got - gain_db).abs() < 1e-9, "{integrated_lufs} {true_peak_dbtp}: {got}");
    }

    #[test]
    fn gain_reaches_the_target_and_never_clips() {
        check(-9.0, 0.3, -5.0);
        check(-20.0, -12.0, 6.0);
        check(-20.0, -3.0, 2.0);
        check(-20.0, 0.5, 0.0);
    }

    #[test]
    fn histogram_survives_bytes_and_bad_bytes_are_refused() {
        let blocks = [-70.0, -69.95, -40.0, -23.0, -23.0, -10.05, 9.95, 50.0];
        let many = vec![-14.0; 100_000];
        for histogram in [
            BlockHistogram::default(),
            BlockHistogram::from_blocks(blocks),
            BlockHistogram::from_blocks(many),
        ] {
            assert_eq!(BlockHistogram::from_bytes(&histogram.to_bytes()), Some(histogram));
        }
        let past_the_end: &[u8] = &[0xa0, 0x06, 1];
        for bad in [&[1][..], &[0x80], &[0x80, 0x80], &[0xff; 12], past_the_end] {
            assert_eq!(BlockHistogram::from_bytes(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn release_loudness_gates_what_is_quiet_beside_the_rest() {
        let loud = BlockHistogram::from_blocks(vec![-10.0; 100]);
        let quiet = BlockHistogram::from_blocks(vec![-40.0; 100]);
        let both = BlockHistogram::integrated_lufs([&loud, &quiet]).unwrap();
        assert!((both - -10.0).abs() <= 0.051, "{both}");
        let silence = BlockHistogram::from_blocks([f64::NEG_INFINITY, -90.0]);
        assert_eq!(BlockHistogram::integrated_lufs([&silence]), None);
    }
}
