//! Loudness in one pass: K-weighting, 400 ms blocks and true peak (ITU-R BS.1770-4).
//!
//! The filters and the interpolator are those of libebur128, against which the tests compare.
//! Two things make this faster than a general meter: energies are kept per 100 ms and four of
//! them make a block, so that each sample is summed once; and the interpolation for true peak
//! is left out where the samples are too low for it to pass the peak found so far.

use domain::loudness::{BlockHistogram, Loudness};

/// Frames looked at together: small enough that quiet stretches between peaks are skipped.
const CHUNK: usize = 64;
/// Taps of the interpolator, over all phases.
const TAPS: usize = 48;
/// The most history that any interpolator needs, in frames.
const HISTORY_MAX: usize = TAPS / 2 - 1;

/// What a programme measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// `None` where nothing passes the absolute gate, or it is shorter than one block.
    pub loudness: Option<Loudness>,
    pub blocks: BlockHistogram,
}

/// Measures planar samples as they come.
pub struct Meter {
    channels: Vec<Channel>,
    frames_per_hop: usize,
    /// Frames still missing from the hop (100 ms) under way.
    hop_left: usize,
    hop_energy: f64,
    /// Energies of the last three hops.
    recent: [f64; 3],
    n_hops: u64,
    blocks_lufs: Vec<f64>,
    interpolator: Option<Interpolator>,
    peak: f32,
}

struct Channel {
    weight: f64,
    filter: Filter,
    history: [f32; HISTORY_MAX],
}

impl Meter {
    /// `None`: no such audio is measured (a rate below 1 kHz, or no channels).
    pub fn new(rate_hz: u32, n_channels: usize) -> Option<Self> {
        if !(1_000..=2_822_400).contains(&rate_hz) || !(1..=64).contains(&n_channels) {
            return None;
        }
        let channels = (0..n_channels)
            .map(|idx| Channel {
                weight: channel_weight(idx, n_channels),
                filter: Filter::new(f64::from(rate_hz)),
                history: [0.0; HISTORY_MAX],
            })
            .collect();
        let frames_per_hop = (rate_hz as usize + 5) / 10;
        Some(Self {
            channels,
            frames_per_hop,
            hop_left: frames_per_hop,
            hop_energy: 0.0,
            recent: [0.0; 3],
            n_hops: 0,
            blocks_lufs: Vec::new(),
            interpolator: Interpolator::new(rate_hz),
            peak: 0.0,
        })
    }

    /// Takes one plane per channel, all of one length.
    pub fn feed(&mut self, planes: &[&[f32]]) {
        let n_frames = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        let mut from = 0;
        while from < n_frames {
            let to = n_frames.min(from + self.hop_left);
            for (channel, plane) in self.channels.iter_mut().zip(planes) {
                if channel.weight > 0.0 {
                    self.hop_energy += channel.weight * channel.filter.energy(&plane[from..to]);
                }
            }
            self.hop_left -= to - from;
            if self.hop_left == 0 {
                self.end_hop();
            }
            from = to;
        }
        for (channel, plane) in self.channels.iter_mut().zip(planes) {
            self.peak = channel.peak(&plane[..n_frames], self.interpolator.as_ref(), self.peak);
        }
    }

    fn end_hop(&mut self) {
        self.n_hops += 1;
        if self.n_hops >= 4 {
            let energy = self.recent.iter().sum::<f64>() + self.hop_energy;
            let mean = energy / (4 * self.frames_per_hop) as f64;
            let lufs = 10.0 * mean.log10() - 0.691;
            if lufs >= BlockHistogram::FLOOR_LUFS {
                self.blocks_lufs.push(lufs);
            }
        }
        self.recent = [self.recent[1], self.recent[2], self.hop_energy];
        self.hop_energy = 0.0;
        self.hop_left = self.frames_per_hop;
    }

    pub fn finish(self) -> Measured {
        let loudness = gated_lufs(&self.blocks_lufs).map(|integrated_lufs| Loudness {
            integrated_lufs,
            true_peak_dbtp: 20.0 * f64::from(self.peak).max(1e-10).log10(),
        });
        Measured { loudness, blocks: BlockHistogram::from_blocks(self.blocks_lufs) }
    }
}

impl Channel {
    /// The higher of `peak` and the true peak of these samples; remembers their end.
    fn peak(&mut self, samples: &[f32], interpolator: Option<&Interpolator>, peak: f32) -> f32 {
        let Some(interpolator) = interpolator else {
            return sample_peak(samples).max(peak);
        };
        let n_history = interpolator.n_taps - 1;
        let mut window = [0.0_f32; HISTORY_MAX + CHUNK];
        let mut peak = peak;
        for chunk in samples.chunks(CHUNK) {
            let window = &mut window[..n_history + chunk.len()];
            window[..n_history].copy_from_slice(&self.history[..n_history]);
            window[n_history..].copy_from_slice(chunk);
            if sample_peak(window) * interpolator.gain_max > peak {
                peak = interpolator.peak(window).max(peak);
            }
            self.history[..n_history].copy_from_slice(&window[chunk.len()..]);
        }
        peak
    }
}

fn sample_peak(samples: &[f32]) -> f32 {
    // Lanes of their own let the compiler use vector registers.
    let mut lanes = [0.0_f32; 8];
    let chunks = samples.chunks_exact(8);
    let rest = chunks.remainder().iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
    for chunk in chunks {
        for (lane, sample) in lanes.iter_mut().zip(chunk) {
            *lane = if sample.abs() > *lane { sample.abs() } else { *lane };
        }
    }
    lanes.into_iter().fold(rest, f32::max)
}

/// BS.1770-4, table 3: front channels count 1, surround 1.41, the low-frequency one not at all.
/// Channels stand in the order of WAVE files.
fn channel_weight(idx: usize, n_channels: usize) -> f64 {
    match (n_channels, idx) {
        (4, 2 | 3) | (5, 3 | 4) => 1.41,
        (4 | 5, _) | (_, 0..=2) => 1.0,
        (_, 4 | 5) => 1.41,
        _ => 0.0,
    }
}

/// Gated loudness of a programme (BS.1770-4, annex 1) from its blocks, which all passed the
/// absolute gate.
fn gated_lufs(blocks_lufs: &[f64]) -> Option<f64> {
    let mean = |from_lufs: f64| {
        let (sum, n) = blocks_lufs
            .iter()
            .filter(|lufs| **lufs >= from_lufs)
            .fold((0.0, 0_u64), |(sum, n), lufs| (sum + 10_f64.powf(lufs / 10.0), n + 1));
        (n > 0).then(|| 10.0 * (sum / n as f64).log10())
    };
    mean(mean(f64::NEG_INFINITY)? - 10.0)
}

/// The two stages of K-weighting as one filter of fourth order.
struct Filter {
    b: [f64; 5],
    a: [f64; 5],
    state: [f64; 4],
}

impl Filter {
    /// Coefficients for any rate, from the analogue prototypes behind the tables for 48 kHz.
    fn new(rate_hz: f64) -> Self {
        use std::f64::consts::PI;
        let (f0, gain_db, q) =
            (1_681.974_450_955_533, 3.999_843_853_973_347, 0.707_175_236_955_419_6);
        let k = (PI * f0 / rate_hz).tan();
        let vh = 10_f64.powf(gain_db / 20.0);
        let vb = vh.powf(0.499_666_774_154_541_6);
        let a0 = 1.0 + k / q + k * k;
        let shelf_b = [
            (vh + vb * k / q + k * k) / a0,
            2.0 * (k * k - vh) / a0,
            (vh - vb * k / q + k * k) / a0,
        ];
        let shelf_a = [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0];

        let (f0, q) = (38.135_470_876_024_44, 0.500_327_037_323_877_3);
        let k = (PI * f0 / rate_hz).tan();
        let a0 = 1.0 + k / q + k * k;
        let high_b = [1.0, -2.0, 1.0];
        let high_a = [1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0];
        Self { b: product(shelf_b, high_b), a: product(shelf_a, high_a), state: [0.0; 4] }
    }

    /// Filters on and sums the squares (transposed direct form II).
    fn energy(&mut self, samples: &[f32]) -> f64 {
        let (b, a) = (self.b, self.a);
        let [mut s1, mut s2, mut s3, mut s4] = self.state;
        let mut sum = 0.0;
        for sample in samples {
            let x = f64::from(*sample);
            let y = b[0] * x + s1;
            s1 = b[1] * x - a[1] * y + s2;
            s2 = b[2] * x - a[2] * y + s3;
            s3 = b[3] * x - a[3] * y + s4;
            s4 = b[4] * x - a[4] * y;
            sum += y * y;
        }
        // Numbers too small to matter would slow the processor down in long silences.
        self.state = [s1, s2, s3, s4].map(|s| if s.abs() < 1e-30 { 0.0 } else { s });
        if sum.is_finite() { sum } else { 0.0 }
    }
}

fn product(p: [f64; 3], q: [f64; 3]) -> [f64; 5] {
    let mut out = [0.0; 5];
    for (i, p) in p.iter().enumerate() {
        for (j, q) in q.iter().enumerate() {
            out[i + j] += p * q;
        }
    }
    out
}

/// Finds peaks between the samples: windowed sinc, four times below 96 kHz, twice below 192.
struct Interpolator {
    n_taps: usize,
    /// By phase, oldest sample first.
    phases: Vec<Vec<f32>>,
    /// By how much the interpolated may pass the samples it is made of.
    gain_max: f32,
}

impl Interpolator {
    fn new(rate_hz: u32) -> Option<Self> {
        use std::f64::consts::PI;
        let factor = match rate_hz {
            0..96_000 => 4,
            96_000..192_000 => 2,
            _ => return None,
        };
        let n_taps = TAPS / factor;
        let mut phases = vec![vec![0.0_f32; n_taps]; factor];
        for idx in 0..TAPS {
            let window = 0.5 * (1.0 - (2.0 * PI * idx as f64 / TAPS as f64).cos());
            let m = (idx as f64 - TAPS as f64 / 2.0) * PI / factor as f64;
            let sinc = if m.abs() > 1e-6 { m.sin() / m } else { 1.0 };
            phases[idx % factor][n_taps - 1 - idx / factor] = (window * sinc) as f32;
        }
        let gain_max = phases
            .iter()
            .map(|taps| taps.iter().map(|tap| tap.abs()).sum::<f32>())
            .fold(1.0, f32::max);
        Some(Self { n_taps, phases, gain_max: gain_max * 1.000_01 })
    }

    /// Highest interpolated value over the window, whose first `n_taps - 1` samples are history.
    fn peak(&self, window: &[f32]) -> f32 {
        let n_out = window.len() + 1 - self.n_taps;
        let mut peak = 0.0_f32;
        for taps in &self.phases {
            let mut out = [0.0_f32; CHUNK];
            let out = &mut out[..n_out];
            for (tap_idx, tap) in taps.iter().enumerate() {
                for (out, sample) in out.iter_mut().zip(&window[tap_idx..]) {
                    *out += tap * sample;
                }
            }
            peak = peak.max(sample_peak(out));
        }
        peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate_hz: u32, hz: f64, dbfs: f64, seconds: f64) -> Vec<f32> {
        let amplitude = 10_f64.powf(dbfs / 20.0);
        (0..(seconds * f64::from(rate_hz)) as usize)
            .map(|n| {
                let phase = std::f64::consts::TAU * hz * n as f64 / f64::from(rate_hz);
                (amplitude * phase.sin()) as f32
            })
            .collect()
    }

    /// Noise with bursts, so that gates and skipped stretches matter.
    fn noise(n_frames: usize, mut seed: u64) -> Vec<f32> {
        (0..n_frames)
            .map(|n| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                let white = (seed >> 40) as f32 / 8_388_608.0 - 1.0;
                let level = [0.9, 0.02, 0.3, 0.000_1, 0.6][n / 30_000 % 5];
                white * level
            })
            .collect()
    }

    fn measure(rate_hz: u32, planes: &[&[f32]], step: usize) -> Measured {
        let mut meter = Meter::new(rate_hz, planes.len()).unwrap();
        let n = planes[0].len();
        for from in (0..n).step_by(step) {
            let part: Vec<&[f32]> = planes.iter().map(|p| &p[from..n.min(from + step)]).collect();
            meter.feed(&part);
        }
        meter.finish()
    }

    /// EBU Tech 3341, cases 1 and 2: a stereo sine of 1 kHz reads its own level.
    #[test]
    fn ebu_sines_read_their_level() {
        for rate_hz in [44_100, 48_000, 96_000, 192_000] {
            for dbfs in [-23.0, -33.0] {
                let tone = sine(rate_hz, 1_000.0, dbfs, 20.0);
                let loudness = measure(rate_hz, &[&tone, &tone], 1_152).loudness.unwrap();
                assert!((loudness.integrated_lufs - dbfs).abs() < 0.1, "{rate_hz} {loudness:?}");
                assert!((loudness.true_peak_dbtp - dbfs).abs() < 0.2, "{rate_hz} {loudness:?}");
            }
        }
    }

    /// EBU Tech 3341, case 3: quiet parts around the programme are gated out.
    #[test]
    fn ebu_gate_leaves_quiet_parts_out() {
        let mut tone = sine(48_000, 1_000.0, -36.0, 10.0);
        tone.extend(sine(48_000, 1_000.0, -23.0, 60.0));
        tone.extend(sine(48_000, 1_000.0, -36.0, 10.0));
        let loudness = measure(48_000, &[&tone, &tone], 4_096).loudness.unwrap();
        assert!((loudness.integrated_lufs - -23.0).abs() < 0.1, "{loudness:?}");
    }

    /// EBU Tech 3341, case 6: surround weights; the low-frequency channel does not count.
    #[test]
    fn ebu_surround_weights() {
        let level = |dbfs| sine(48_000, 1_000.0, dbfs, 20.0);
        let (front, centre, back, lfe) = (level(-28.0), level(-24.0), level(-30.0), level(-3.0));
        let planes = [&front[..], &front, &centre, &lfe, &back, &back];
        let loudness = measure(48_000, &planes, 1_024).loudness.unwrap();
        assert!((loudness.integrated_lufs - -23.0).abs() < 0.1, "{loudness:?}");
    }

    /// A sine at a quarter of the rate, 45 degrees off: its samples stay 3 dB below its peak.
    #[test]
    fn true_peak_lies_between_samples() {
        let tone: Vec<f32> = (0..48_000)
            .map(|n| (std::f64::consts::FRAC_PI_2 * (n as f64 + 0.5)).sin() as f32 * 0.5)
            .collect();
        let loudness = measure(48_000, &[&tone, &tone], 1_000).loudness.unwrap();
        assert!((loudness.true_peak_dbtp - -6.02).abs() < 0.3, "{loudness:?}");
    }

    #[test]
    fn agrees_with_libebur128_however_it_is_fed() {
        for (rate_hz, n_channels) in [(44_100, 2), (48_000, 1), (96_000, 2), (32_000, 6)] {
            let planes: Vec<Vec<f32>> =
                (0..n_channels).map(|c| noise(8 * rate_hz as usize, c as u64 + 1)).collect();
            let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
            let mut reference = ebur128::EbuR128::new(
                n_channels,
                rate_hz,
                ebur128::Mode::I | ebur128::Mode::TRUE_PEAK,
            )
            .unwrap();
            reference.add_frames_planar_f32(&planes).unwrap();
            let peak = (0..n_channels).map(|c| reference.true_peak(c).unwrap()).fold(0.0, f64::max);
            for step in [1, 333, 1_152, 1 << 20] {
                let loudness = measure(rate_hz, &planes, step).loudness.unwrap();
                let expected = reference.loudness_global().unwrap();
                assert!((loudness.integrated_lufs - expected).abs() < 1e-6, "{step} {expected}");
                let peak_db = 20.0 * peak.log10();
                assert!((loudness.true_peak_dbtp - peak_db).abs() < 1e-3, "{step} {peak_db}");
            }
        }
    }

    #[test]
    fn silence_and_less_than_a_block_have_no_loudness() {
        let silence = vec![0.0; 96_000];
        assert_eq!(measure(48_000, &[&silence], 4_096).loudness, None);
        let blip = sine(48_000, 1_000.0, -10.0, 0.3);
        assert_eq!(measure(48_000, &[&blip], 4_096).loudness, None);
        assert!(Meter::new(0, 2).is_none());
    }
}
