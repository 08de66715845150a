//! From an item's rate to the device's.

use std::fmt;

use rubato::{
    Async, Fft, FixedAsync, FixedSync, Indexing, Resampler, SincInterpolationParameters,
    SincInterpolationType, WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};

/// Frames the resampler takes at a time: small, so that the first sound is not held back.
const CHUNK_FRAMES: usize = 512;
/// Ratios whose smallest form is larger than this go to the resampler for any ratio: an FFT of
/// that size would delay the start and cost memory.
const MAX_FFT_TERM: u32 = 1_280;

/// A resampler that lives across items, or none where the rates agree.
pub struct Rate {
    target: u32,
    n_channels: usize,
    source: u32,
    resampler: Option<Box<dyn Resampler<f32>>>,
    /// Input frames, interleaved, that do not fill a chunk yet.
    pending: Vec<f32>,
    output: Vec<f32>,
    /// Frames of delay still to be dropped from the output.
    n_delay: usize,
    /// Frames that went in and came out since `base`.
    n_in: u64,
    n_out: u64,
    /// Output frames before this stretch of equal rate.
    base: u64,
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate")
            .field("source", &self.source)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Rate {
    pub fn new(target: u32, channels: u16) -> Self {
        Self {
            target,
            n_channels: usize::from(channels),
            source: target,
            resampler: None,
            pending: Vec::new(),
            output: Vec::new(),
            n_delay: 0,
            n_in: 0,
            n_out: 0,
            base: 0,
        }
    }

    /// Forgets all sound; counting starts at 0 again.
    pub fn reset(&mut self) {
        self.base = 0;
        self.rewind();
    }

    /// Prepares for input of this rate; what the last rate held back goes to `out` first.
    pub fn enter(&mut self, source: u32, out: &mut Vec<f32>) {
        if source == self.source {
            return;
        }
        self.finish(out);
        self.source = source;
        self.resampler =
            (source != self.target).then(|| resampler(source, self.target, self.n_channels));
        if let Some(resampler) = &self.resampler {
            self.output = vec![0.0; resampler.output_frames_max() * self.n_channels];
        }
        self.rewind();
    }

    /// The frame of output, counted since the last reset, at which the next input will sound.
    pub fn next_output_frame(&self) -> u64 {
        self.base + self.outputs_for(self.n_in)
    }

    /// Takes whole frames; whatever is finished goes to `out`.
    pub fn push(&mut self, interleaved: &[f32], out: &mut Vec<f32>) {
        self.n_in += (interleaved.len() / self.n_channels) as u64;
        if self.resampler.is_none() {
            out.extend_from_slice(interleaved);
            self.n_out = self.n_in;
            return;
        }
        self.pending.extend_from_slice(interleaved);
        let mut n_taken = 0;
        while let Some(wanted) = self.resampler.as_ref().map(|r| r.input_frames_next())
            && self.pending.len() - n_taken >= wanted * self.n_channels
        {
            self.step(n_taken, None, out);
            n_taken += wanted * self.n_channels;
        }
        self.pending.drain(..n_taken);
    }

    /// Lets out what is held back, to the exact length that the input makes.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let expected = self.outputs_for(self.n_in);
        let mut n_left = self.pending.len() / self.n_channels;
        // Each round lets out at least a part of a chunk; the bound only guards against a
        // resampler that would not.
        for _ in 0..64 {
            if self.resampler.is_none() || self.n_out >= expected {
                break;
            }
            self.step(0, Some(n_left), out);
            n_left = 0;
            self.pending.clear();
        }
        let n_surplus = self.n_out.saturating_sub(expected) as usize * self.n_channels;
        out.truncate(out.len().saturating_sub(n_surplus));
        self.base += expected;
        self.rewind();
    }

    fn outputs_for(&self, n_in: u64) -> u64 {
        (n_in * u64::from(self.target)).div_ceil(u64::from(self.source))
    }

    fn rewind(&mut self) {
        self.pending.clear();
        self.n_in = 0;
        self.n_out = 0;
        self.n_delay = 0;
        if let Some(resampler) = &mut self.resampler {
            resampler.reset();
            self.n_delay = resampler.output_delay();
        }
    }

    /// Runs one chunk of `pending` through, or the `partial` frames at its start and silence.
    fn step(&mut self, offset: usize, partial: Option<usize>, out: &mut Vec<f32>) {
        let Some(resampler) = &mut self.resampler else { return };
        let input = &self.pending[offset..];
        let n_frames = input.len() / self.n_channels;
        let capacity = self.output.len() / self.n_channels;
        let mut indexing = Indexing::new();
        if let Some(n_partial) = partial {
            indexing = indexing.partial_len(n_partial);
        }
        let result =
            InterleavedSlice::new(input, self.n_channels, n_frames).ok().and_then(|from| {
                let mut to =
                    InterleavedSlice::new_mut(&mut self.output, self.n_channels, capacity).ok()?;
                resampler.process_into_buffer(&from, &mut to, Some(&indexing)).ok()
            });
        let Some((_, n_made)) = result else {
            tracing::error!(from = self.source, to = self.target, "a chunk could not be resampled");
            return;
        };
        let n_dropped = self.n_delay.min(n_made);
        self.n_delay -= n_dropped;
        self.n_out += (n_made - n_dropped) as u64;
        out.extend_from_slice(&self.output[n_dropped * self.n_channels..n_made * self.n_channels]);
    }
}

fn resampler(source: u32, target: u32, n_channels: usize) -> Box<dyn Resampler<f32>> {
    let divisor = gcd(source, target);
    // An even number of smallest steps keeps the delay a whole number of frames.
    let n_step = (source / divisor) as usize;
    let n_chunk = CHUNK_FRAMES.div_ceil(n_step).next_multiple_of(2) * n_step;
    if source.max(target) / divisor <= MAX_FFT_TERM
        && let Ok(fft) = Fft::new_custom(
            source as usize,
            target as usize,
            n_chunk,
            1,
            n_channels,
            WindowFunction::BlackmanHarris2,
            FixedSync::Input,
        )
    {
        return Box::new(fft);
    }
    let parameters = SincInterpolationParameters {
        sinc_len: 192,
        f_cutoff: None,
        oversampling_factor: 256,
        interpolation: SincInterpolationType::Cubic,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(target) / f64::from(source);
    Box::new(
        Async::new_sinc(ratio, 1.0, &parameters, CHUNK_FRAMES, n_channels, FixedAsync::Input)
            .expect("rates and channels are above zero and the parameters are constant"),
    )
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, n_frames: usize, first: usize) -> Vec<f32> {
        (first..first + n_frames)
            .flat_map(|i| {
                let t = i as f64 / f64::from(rate);
                let sample = (0.5 * (t * 997.0 * std::f64::consts::TAU).sin()) as f32;
                [sample, -sample]
            })
            .collect()
    }

    /// Resamples a tone pushed in uneven pieces and compares it with the tone itself.
    fn check(from: u32, to: u32, tolerance: f32) {
        let sent = tone(from, from as usize, 0);
        let mut rate = Rate::new(to, 2);
        let mut got = Vec::new();
        rate.enter(from, &mut got);
        for piece in sent.chunks(2 * 733) {
            rate.push(piece, &mut got);
        }
        rate.finish(&mut got);
        let want = tone(to, to as usize, 0);
        assert_eq!(got.len(), want.len(), "{from} to {to}");
        let edge = to as usize / 50;
        let worst = got[edge..got.len() - edge]
            .iter()
            .zip(&want[edge..])
            .map(|(a, b)| (a - b).abs())
            .fold(0f32, f32::max);
        assert!(worst < tolerance, "{from} to {to}: off by {worst}");
    }

    #[test]
    fn a_tone_stays_that_tone_at_its_place_and_length() {
        check(44_100, 48_000, 0.002);
        check(48_000, 44_100, 0.002);
        check(96_000, 48_000, 0.002);
        check(22_050, 48_000, 0.002);
        check(8_000, 44_100, 0.002);
        check(48_000, 48_000, 0.002);
        // The resampler for any ratio is off by a part of a sample in time.
        check(44_101, 48_000, 0.05);
    }

    #[test]
    fn a_change_of_rate_keeps_the_count() {
        let mut rate = Rate::new(48_000, 2);
        let mut got = Vec::new();
        rate.enter(44_100, &mut got);
        rate.push(&tone(44_100, 44_100, 0), &mut got);
        rate.enter(48_000, &mut got);
        assert_eq!(rate.next_output_frame(), 48_000);
        rate.push(&tone(48_000, 480, 0), &mut got);
        assert_eq!(got.len(), 2 * 48_480);
    }
}
