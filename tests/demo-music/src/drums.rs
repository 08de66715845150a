//! Drums: a stroke in, samples added to a stereo bus.

use std::f32::consts::TAU;

use crate::{
    SAMPLE_RATE_HZ,
    score::{Drum, Stroke},
    seeded::Seeded,
};

const RATE: f32 = SAMPLE_RATE_HZ as f32;

/// Adds one stroke to the bus.
pub fn strike(stroke: &Stroke, seeded: &mut Seeded, left: &mut [f32], right: &mut [f32]) {
    let (samples, pan) = match stroke.drum {
        Drum::Kick => (kick(), 0.0),
        Drum::Snare => (snare(seeded), 0.06),
        Drum::Hat => (noise(seeded, 0.05, 60.0, 0.85), -0.3),
        Drum::OpenHat => (noise(seeded, 0.24, 14.0, 0.8), 0.3),
        Drum::Brush => (noise(seeded, 0.16, 22.0, 0.35), 0.2),
    };
    let start = (stroke.start_s * RATE) as usize;
    let room = left.len().saturating_sub(start);
    for (idx, sample) in samples.into_iter().take(room).enumerate() {
        left[start + idx] += sample * stroke.strength * (1.0 - pan);
        right[start + idx] += sample * stroke.strength * (1.0 + pan);
    }
}

/// A sine that falls from the beater's knock to the skin's tone.
fn kick() -> Vec<f32> {
    let mut phase = 0.0;
    let n_samples = (0.32 * RATE) as usize;
    let tone = (0..n_samples).map(|idx| {
        let t = idx as f32 / RATE;
        phase += TAU * (46.0 + 130.0 * (-t * 34.0).exp()) / RATE;
        phase.sin() * (-t * 11.0).exp()
    });
    tone.collect()
}

fn snare(seeded: &mut Seeded) -> Vec<f32> {
    let rattle = noise(seeded, 0.22, 20.0, 0.5);
    let tone = rattle.into_iter().enumerate().map(|(idx, noise)| {
        let t = idx as f32 / RATE;
        0.8 * noise + 0.45 * (TAU * 186.0 * t).sin() * (-t * 26.0).exp()
    });
    tone.collect()
}

/// Noise without its low part, fading at `decay` per second; `edge` near 1 leaves only hiss.
fn noise(seeded: &mut Seeded, length_s: f32, decay: f32, edge: f32) -> Vec<f32> {
    let mut low = 0.0;
    let n_samples = (length_s * RATE) as usize;
    let tone = (0..n_samples).map(|idx| {
        let t = idx as f32 / RATE;
        let white = seeded.signed();
        low += (1.0 - edge * 0.5) * (white - low);
        (white - edge * low) * (-t * decay).exp()
    });
    tone.collect()
}
