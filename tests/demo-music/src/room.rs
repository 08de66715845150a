//! The room around the music: echoes and reverberation.
//!
//! Parallel combs and serial all-passes (Schroeder, "Natural sounding artificial reverberation",
//! 1962), with the lengths of Jezar's public-domain Freeverb; left and right differ by a few
//! samples, which makes it wide.

use crate::SAMPLE_RATE_HZ;

const COMBS: [usize; 6] = [1116, 1188, 1277, 1356, 1422, 1557];
const ALL_PASSES: [usize; 3] = [556, 441, 225];
const SPREAD: usize = 23;

/// Adds the room to both channels; `amount` from 0 to 1.
pub fn reverberate(left: &mut [f32], right: &mut [f32], amount: f32) {
    for (channel, spread) in [(left, 0), (right, SPREAD)] {
        let mut combs: Vec<Comb> = COMBS.iter().map(|n| Comb::new(n + spread)).collect();
        let mut passes: Vec<AllPass> =
            ALL_PASSES.iter().map(|n| AllPass::new(n + spread)).collect();
        for sample in channel {
            let input = *sample * 0.12;
            let wet = combs.iter_mut().map(|comb| comb.next(input)).sum();
            let wet = passes.iter_mut().fold(wet, |wet, pass| pass.next(wet));
            *sample += wet * amount;
        }
    }
}

/// Echoes that cross from side to side, `delay_s` apart.
pub fn echo(left: &mut [f32], right: &mut [f32], delay_s: f32, amount: f32) {
    let delay = (delay_s * SAMPLE_RATE_HZ as f32) as usize;
    for idx in delay..left.len() {
        let (from_left, from_right) = (left[idx - delay], right[idx - delay]);
        left[idx] += from_right * amount;
        right[idx] += from_left * amount;
    }
}

struct Comb {
    line: Vec<f32>,
    at: usize,
    dull: f32,
}

impl Comb {
    fn new(n_samples: usize) -> Self {
        Self { line: vec![0.0; n_samples], at: 0, dull: 0.0 }
    }

    fn next(&mut self, input: f32) -> f32 {
        let out = self.line[self.at];
        // Walls swallow the highs first.
        self.dull = 0.75 * out + 0.25 * self.dull;
        self.line[self.at] = input + self.dull * 0.8;
        self.at = (self.at + 1) % self.line.len();
        out
    }
}

struct AllPass {
    line: Vec<f32>,
    at: usize,
}

impl AllPass {
    fn new(n_samples: usize) -> Self {
        Self { line: vec![0.0; n_samples], at: 0 }
    }

    fn next(&mut self, input: f32) -> f32 {
        let held = self.line[self.at];
        self.line[self.at] = input + held * 0.5;
        self.at = (self.at + 1) % self.line.len();
        held - input
    }
}
