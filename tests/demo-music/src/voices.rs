//! Instruments: a note in, samples added to a stereo bus.

use std::f32::consts::TAU;

use crate::{SAMPLE_RATE_HZ, catalog::Voice, score::Note, seeded::Seeded};

const RATE: f32 = SAMPLE_RATE_HZ as f32;

/// Adds one note to the bus.
pub fn play(note: &Note, seeded: &mut Seeded, left: &mut [f32], right: &mut [f32]) {
    let start = (note.start_s * RATE) as usize;
    let tone = match note.voice {
        Voice::Pluck => pluck(note, seeded),
        Voice::Keys => keys(note),
        Voice::Pad => saws(note, 0.007, 900.0, (0.35, 0.7)),
        Voice::Organ => organ(note),
        Voice::Bass => bass(note),
        Voice::Synth => saws(note, 0.003, 2200.0, (0.012, 0.14)),
    };
    // Equal power: the same loudness wherever it stands.
    let angle = (note.pan.clamp(-1.0, 1.0) + 1.0) * TAU / 8.0;
    let (gain_left, gain_right) = (angle.cos() * note.strength, angle.sin() * note.strength);
    let room = left.len().saturating_sub(start);
    for (idx, sample) in tone.into_iter().take(room).enumerate() {
        left[start + idx] += sample * gain_left;
        right[start + idx] += sample * gain_right;
    }
}

fn frequency(pitch: u8) -> f32 {
    440.0 * 2.0_f32.powf((f32::from(pitch) - 69.0) / 12.0)
}

/// Rises in `attack_s`, holds for the note's length, fades in `release_s`.
fn envelope(note: &Note, attack_s: f32, release_s: f32) -> impl Iterator<Item = f32> {
    let (attack, hold, release) = (attack_s * RATE, note.length_s * RATE, release_s * RATE);
    (0..(hold + release) as usize).map(move |idx| {
        let t = idx as f32;
        let rise = (t / attack).min(1.0);
        let fall = 1.0 - ((t - hold) / release).clamp(0.0, 1.0);
        rise * fall * fall
    })
}

/// Karplus and Strong, "Digital synthesis of plucked-string and drum timbres", 1983.
fn pluck(note: &Note, seeded: &mut Seeded) -> Vec<f32> {
    let period = (RATE / frequency(note.pitch)).max(2.0);
    let mut string: Vec<f32> = Vec::with_capacity(period as usize);
    let mut smooth = 0.0;
    for _ in 0..period as usize {
        smooth = 0.55 * smooth + 0.45 * seeded.signed();
        string.push(smooth * 1.6);
    }
    let n_samples = ((note.length_s + 0.9) * RATE) as usize;
    let fade = 0.12 * RATE;
    let mut at = 0;
    let mut samples = Vec::with_capacity(n_samples);
    for idx in 0..n_samples {
        let next = (at + 1) % string.len();
        let sample = string[at];
        string[at] = 0.4985 * (string[at] + string[next]);
        at = next;
        samples.push(sample * ((n_samples - idx) as f32 / fade).min(1.0));
    }
    samples
}

/// Frequency modulation (Chowning 1973); the bend dies before the note does.
fn keys(note: &Note) -> Vec<f32> {
    let step = TAU * frequency(note.pitch) / RATE;
    let tone = envelope(note, 0.004, 0.5).enumerate().map(|(idx, gain)| {
        let t = idx as f32 / RATE;
        let bend = 1.6 * (-t * 3.5).exp();
        let phase = step * idx as f32;
        let tine = 0.25 * (phase * 7.0).sin() * (-t * 14.0).exp();
        let decay = (-t * 1.3).exp();
        gain * decay * 0.55 * ((phase + bend * phase.sin()).sin() + tine)
    });
    tone.collect()
}

/// Three saws a little apart behind a falling low-pass.
fn saws(note: &Note, detune: f32, cutoff_hz: f32, (attack_s, release_s): (f32, f32)) -> Vec<f32> {
    let frequency = frequency(note.pitch);
    let mut phases = [0.0_f32, 0.33, 0.71];
    let steps = [1.0 - detune, 1.0, 1.0 + detune].map(|ratio| frequency * ratio / RATE);
    let (mut low, mut band) = (0.0_f32, 0.0_f32);
    let tone = envelope(note, attack_s, release_s).enumerate().map(|(idx, gain)| {
        let mut saw = 0.0;
        for (phase, step) in phases.iter_mut().zip(steps) {
            *phase = (*phase + step).fract();
            saw += 2.0 * *phase - 1.0 - blep(*phase, step);
        }
        // Chamberlin's state variable filter.
        let opening = 1.0 + 1.4 * (-(idx as f32) / RATE * 4.0).exp();
        let f = (TAU / 2.0 * (cutoff_hz * opening + frequency) / RATE).sin().min(0.45) * 2.0;
        low += f * band;
        band += f * (saw * 0.2 - low - 0.9 * band);
        gain * low
    });
    tone.collect()
}

/// Takes the edge off a saw's jump, so that it does not ring below its pitch (PolyBLEP).
fn blep(phase: f32, step: f32) -> f32 {
    if phase < step {
        let t = phase / step;
        t + t - t * t - 1.0
    } else if phase > 1.0 - step {
        let t = (phase - 1.0) / step;
        t * t + t + t + 1.0
    } else {
        0.0
    }
}

fn organ(note: &Note) -> Vec<f32> {
    let step = TAU * frequency(note.pitch) / RATE;
    let tone = envelope(note, 0.09, 0.6).enumerate().map(|(idx, gain)| {
        let wobble = 1.0 + 0.06 * (TAU * 0.8 * idx as f32 / RATE).sin();
        let phase = step * idx as f32;
        let pipes = phase.sin()
            + 0.5 * (2.0 * phase).sin()
            + 0.22 * (3.0 * phase).sin()
            + 0.12 * (4.0 * phase).sin();
        gain * wobble * 0.34 * pipes
    });
    tone.collect()
}

fn bass(note: &Note) -> Vec<f32> {
    let step = TAU * frequency(note.pitch) / RATE;
    let tone = envelope(note, 0.008, 0.09).enumerate().map(|(idx, gain)| {
        let t = idx as f32 / RATE;
        let phase = step * idx as f32;
        let string = phase.sin()
            + 0.42 * (2.0 * phase).sin() * (-t * 3.0).exp()
            + 0.16 * (3.0 * phase).sin() * (-t * 7.0).exp();
        gain * (-t * 0.9).exp() * 0.62 * string
    });
    tone.collect()
}
