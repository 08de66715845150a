//! Sound as numbers: decoding a source, finding it in a recording, and how alike they are.

use std::{f64::consts::TAU, path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{desktop::SAMPLE_RATE_HZ, process};

/// Interleaved stereo at [`SAMPLE_RATE_HZ`], full scale is 1.
#[derive(Clone, Default)]
pub struct Stereo {
    pub samples: Vec<f32>,
}

/// Where and how well a source was found.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Frames of the recording before the source's beginning; negative where that was not
    /// recorded.
    pub offset_frames: i64,
    /// Normalised correlation of the overlap: 1 is the same sound at any level.
    pub correlation: f64,
    /// Level of the recording against the source.
    pub gain_db: f64,
}

impl Stereo {
    pub fn from_s16le(bytes: &[u8]) -> Self {
        let samples = bytes.chunks_exact(2);
        Self {
            samples: samples
                .map(|s| f32::from(i16::from_le_bytes([s[0], s[1]])) / 32_768.0)
                .collect(),
        }
    }

    /// Decodes any file, by a decoder that is not ours.
    pub fn decode(path: &Path) -> Result<Self> {
        Self::decode_with(path, &[])
    }

    /// Decodes the beginning of a file that may be hours long.
    pub fn decode_start(path: &Path, length_s: u32) -> Result<Self> {
        Self::decode_with(path, &["-t", &length_s.to_string()])
    }

    fn decode_with(path: &Path, arguments: &[&str]) -> Result<Self> {
        let pcm = process::run(
            Command::new("ffmpeg")
                .args(["-v", "error", "-i"])
                .arg(path)
                .args(arguments)
                .args(["-map", "0:a:0", "-f", "s16le", "-ac", "2", "-ar"])
                .arg(SAMPLE_RATE_HZ.to_string())
                .arg("-"),
        )?;
        Ok(Self::from_s16le(&pcm))
    }

    pub fn n_frames(&self) -> usize {
        self.samples.len() / 2
    }

    pub fn duration_s(&self) -> f64 {
        self.n_frames() as f64 / f64::from(SAMPLE_RATE_HZ)
    }

    /// A part, in seconds; shorter where there is no more.
    pub fn part(&self, start_s: f64, length_s: f64) -> Self {
        let frame = |s: f64| ((s * f64::from(SAMPLE_RATE_HZ)) as usize).min(self.n_frames());
        Self { samples: self.samples[frame(start_s) * 2..frame(start_s + length_s) * 2].to_vec() }
    }

    /// One after the other.
    pub fn then(mut self, next: &Self) -> Self {
        self.samples.extend(&next.samples);
        self
    }

    /// Root mean square over both channels, in dB of full scale.
    pub fn level_db(&self) -> f64 {
        let energy: f64 = self.samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        10.0 * (energy / self.samples.len().max(1) as f64).max(1e-12).log10()
    }

    /// The first frame louder than -60 dB.
    pub fn first_sound(&self) -> Option<usize> {
        self.samples.iter().position(|s| s.abs() > 0.001).map(|at| at / 2)
    }

    /// Without the silence that it begins with.
    pub fn from_first_sound(mut self) -> Self {
        self.samples.drain(..self.first_sound().unwrap_or(0) * 2);
        self
    }

    /// The longest run of frames quieter than -80 dB, in milliseconds.
    pub fn longest_silence_ms(&self) -> f64 {
        let (mut longest, mut run) = (0_u32, 0_u32);
        for frame in self.samples.chunks_exact(2) {
            run = if frame.iter().all(|s| s.abs() < 1e-4) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        f64::from(longest) * 1000.0 / f64::from(SAMPLE_RATE_HZ)
    }

    fn mono(&self) -> Vec<f64> {
        self.samples.chunks_exact(2).map(|frame| f64::from(frame[0] + frame[1]) / 2.0).collect()
    }
}

/// Finds `source` in `recording` by the peak of their normalised cross-correlation: how alike two
/// stretches are, however loud. At least half of the shorter one must be in the other.
pub fn find(source: &Stereo, recording: &Stereo) -> Result<Match> {
    let (source_mono, recording_mono) = (source.mono(), recording.mono());
    if source_mono.is_empty() || recording_mono.is_empty() {
        bail!("there is nothing to compare");
    }
    let size = (source_mono.len() + recording_mono.len()).next_power_of_two();
    let mut a = Spectrum::of(&recording_mono, size);
    let b = Spectrum::of(&source_mono, size);
    a.correlate(&b);
    let (of_source, of_recording) = (Energy::of(&source_mono), Energy::of(&recording_mono));
    let (n_source, n_recording) = (signed(source_mono.len()), signed(recording_mono.len()));
    let n_least = n_source.min(n_recording) / 2;
    let alike = (n_least - n_source..=n_recording - n_least).filter_map(|offset| {
        let (from, to) = (offset.max(0), (offset + n_source).min(n_recording));
        let energy = of_recording.between(from, to) * of_source.between(from - offset, to - offset);
        // The transform is a circle: negative offsets are at its end.
        let both = a.re[offset.rem_euclid(signed(size)) as usize] / size as f64;
        (energy > 0.0).then(|| (offset, both.abs() / energy.sqrt()))
    });
    let peak = alike.max_by(|x, y| x.1.total_cmp(&y.1)).map_or(0, |(offset, _)| offset);
    // A device clock of its own may lie between two samples: the best of the neighbours counts.
    let matches = (-2..=2).map(|near| compare(source, recording, peak + near));
    matches
        .max_by(|x, y| x.correlation.total_cmp(&y.correlation))
        .filter(|best| best.correlation.is_finite())
        .ok_or_else(|| anyhow::anyhow!("there is only silence to compare"))
}

fn signed(n_frames: usize) -> i64 {
    i64::try_from(n_frames).expect("no recording is 2^63 frames long")
}

/// Energy of any stretch of a signal; none of one as quiet as rounding.
struct Energy {
    up_to: Vec<f64>,
}

impl Energy {
    fn of(signal: &[f64]) -> Self {
        let mut sum = 0.0;
        let sums = signal.iter().map(|sample| {
            sum += sample * sample;
            sum
        });
        Self { up_to: std::iter::once(0.0).chain(sums).collect() }
    }

    fn between(&self, from: i64, to: i64) -> f64 {
        let energy = self.up_to[to as usize] - self.up_to[from as usize];
        let is_sound = energy > 1e-8 * (to - from) as f64;
        if is_sound { energy } else { 0.0 }
    }
}

fn compare(source: &Stereo, recording: &Stereo, offset_frames: i64) -> Match {
    let skip = |frames: i64| usize::try_from(frames.max(0)).unwrap_or(0) * 2;
    let source = source.samples.get(skip(-offset_frames)..).unwrap_or(&[]);
    let recording = recording.samples.get(skip(offset_frames)..).unwrap_or(&[]);
    let (mut both, mut of_source, mut of_recording) = (0.0, 0.0, 0.0);
    for (s, r) in source.iter().zip(recording) {
        let (s, r) = (f64::from(*s), f64::from(*r));
        both += s * r;
        of_source += s * s;
        of_recording += r * r;
    }
    Match {
        offset_frames,
        correlation: both / (of_source * of_recording).sqrt(),
        gain_db: 20.0 * (both.abs() / of_source).log10(),
    }
}

/// A Fourier transform in place: radix 2, Cooley and Tukey 1965.
struct Spectrum {
    re: Vec<f64>,
    im: Vec<f64>,
}

impl Spectrum {
    fn of(signal: &[f64], size: usize) -> Self {
        let mut re = signal.to_vec();
        re.resize(size, 0.0);
        let mut spectrum = Self { im: vec![0.0; size], re };
        spectrum.transform();
        spectrum
    }

    /// Becomes the cross-correlation with `other`, as a signal in `re`.
    fn correlate(&mut self, other: &Self) {
        for idx in 0..self.re.len() {
            let (a, b) = ((self.re[idx], self.im[idx]), (other.re[idx], -other.im[idx]));
            self.re[idx] = a.0 * b.0 - a.1 * b.1;
            // Conjugated, so that the forward transform works as the inverse one.
            self.im[idx] = -(a.0 * b.1 + a.1 * b.0);
        }
        self.transform();
    }

    fn transform(&mut self) {
        let size = self.re.len();
        let bits = size.trailing_zeros();
        for idx in 0..size {
            let mirrored = idx.reverse_bits() >> (usize::BITS - bits);
            if mirrored > idx {
                self.re.swap(idx, mirrored);
                self.im.swap(idx, mirrored);
            }
        }
        let mut half = 1;
        while half < size {
            let step = -TAU / (half * 2) as f64;
            for offset in 0..half {
                let (sin, cos) = (step * offset as f64).sin_cos();
                for start in (offset..size).step_by(half * 2) {
                    let other = start + half;
                    let re = self.re[other] * cos - self.im[other] * sin;
                    let im = self.re[other] * sin + self.im[other] * cos;
                    self.re[other] = self.re[start] - re;
                    self.im[other] = self.im[start] - im;
                    self.re[start] += re;
                    self.im[start] += im;
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chirp(n_frames: usize) -> Stereo {
        let frame = |idx: usize| {
            let t = idx as f64 / 44_100.0;
            let value = ((200.0 + 900.0 * t) * t * TAU).sin() as f32 * 0.5;
            [value, -value * 0.6]
        };
        Stereo { samples: (0..n_frames).flat_map(frame).collect() }
    }

    #[test]
    fn a_quieter_delayed_copy_is_found() {
        let source = chirp(40_000);
        let mut recording = Stereo { samples: vec![0.0; 2 * 12_345] };
        recording.samples.extend(source.samples.iter().map(|s| s * 0.5));
        let found = find(&source, &recording).unwrap();
        assert_eq!(found.offset_frames, 12_345);
        assert!(found.correlation > 0.9999, "{found:?}");
        assert!((found.gain_db + 6.02).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn the_middle_of_a_source_is_found_before_the_beginning() {
        let source = chirp(60_000);
        let found = find(&source, &source.part(0.5, 0.4)).unwrap();
        assert_eq!(found.offset_frames, -22_050);
    }

    /// The plain correlation with a loud part was higher than with the quiet one itself.
    #[test]
    fn a_quiet_part_is_not_taken_for_a_loud_one() {
        let mut source = chirp(60_000);
        source.samples[..2 * 20_000].iter_mut().for_each(|s| *s *= 0.02);
        let found = find(&source, &source.part(0.1, 0.2)).unwrap();
        assert_eq!(found.offset_frames, -4_410);
        assert!(found.correlation > 0.9999, "{found:?}");
    }

    #[test]
    fn other_sound_is_not_alike() {
        let mut other = chirp(40_000);
        other.samples.reverse();
        assert!(find(&chirp(40_000), &other).unwrap().correlation < 0.7);
        assert!(find(&chirp(1000), &Stereo { samples: vec![0.0; 4000] }).is_err());
    }
}
