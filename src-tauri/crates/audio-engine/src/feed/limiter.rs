//! Keeps every sample within full scale.

use crate::ring::Format;

/// Time in which a reduction is let go again, in milliseconds.
const RELEASE_MS: f32 = 80.0;

/// A peak limiter without look-ahead: gain falls at once with the sample that would exceed full
/// scale and recovers slowly. Sound that stays within full scale passes bit for bit.
#[derive(Debug)]
pub struct Limiter {
    n_channels: usize,
    gain: f32,
    release: f32,
}

impl Limiter {
    pub fn new(format: Format) -> Self {
        let release = 1.0 - (-1000.0 / (RELEASE_MS * format.sample_rate as f32)).exp();
        Self { n_channels: usize::from(format.channels), gain: 1.0, release }
    }

    pub fn reset(&mut self) {
        self.gain = 1.0;
    }

    /// Limits whole interleaved frames in place, all channels of a frame alike.
    pub fn run(&mut self, interleaved: &mut [f32]) {
        for frame in interleaved.chunks_exact_mut(self.n_channels) {
            let mut peak = 0f32;
            for sample in frame.iter_mut() {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
                peak = peak.max(sample.abs());
            }
            if self.gain < 1.0 {
                self.gain += (1.0 - self.gain) * self.release;
                if self.gain > 0.9999 {
                    self.gain = 1.0;
                }
            }
            if peak * self.gain > 1.0 {
                self.gain = 1.0 / peak;
            }
            if self.gain < 1.0 {
                for sample in frame {
                    *sample = (*sample * self.gain).clamp(-1.0, 1.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(sent: &[f32]) -> Vec<f32> {
        let mut samples = sent.to_vec();
        Limiter::new(Format { sample_rate: 48_000, channels: 2 }).run(&mut samples);
        samples
    }

    #[test]
    fn sound_within_full_scale_passes_bit_for_bit() {
        let sent: Vec<f32> = (0..4_000).map(|i| (i as f32 * 0.05).sin()).collect();
        assert_eq!(limited(&sent), sent);
    }

    #[test]
    fn nothing_leaves_above_full_scale_and_quiet_parts_come_back() {
        let mut sent: Vec<f32> = (0..4_000).map(|i| 3.0 * (i as f32 * 0.05).sin()).collect();
        sent.extend([f32::NAN, f32::INFINITY]);
        sent.extend(vec![0.5; 96_000]);
        let got = limited(&sent);
        assert!(got.iter().all(|sample| sample.abs() <= 1.0));
        assert!(got.iter().take(4_000).any(|sample| sample.abs() > 0.9));
        assert!((got[got.len() - 1] - 0.5).abs() < 0.001);
    }
}
