//! How a score sounds: every note and stroke on a bus, the room, and an even level.

use crate::{SAMPLE_RATE_HZ, Sound, catalog, drums, room, score::Score, seeded::Seeded, voices};

/// The loudest sample, as a part of full scale.
const PEAK: f32 = 0.89;

/// Plays the score.
pub fn render(score: &Score, sound: &catalog::Sound) -> Sound {
    let n_frames = (score.length_s * SAMPLE_RATE_HZ as f32) as usize;
    let (mut left, mut right) = (vec![0.0_f32; n_frames], vec![0.0_f32; n_frames]);
    let mut seeded = Seeded::from_name(score.seed);
    for note in &score.notes {
        voices::play(note, &mut seeded, &mut left, &mut right);
    }
    room::echo(&mut left, &mut right, score.beat_s * 0.75, sound.room * 0.5);
    for stroke in &score.strokes {
        drums::strike(stroke, &mut seeded, &mut left, &mut right);
    }
    room::reverberate(&mut left, &mut right, sound.room);
    for channel in [&mut left, &mut right] {
        saturate(channel);
        fade_out(channel);
    }
    let peak = left.iter().chain(&right).fold(f32::EPSILON, |peak, s| peak.max(s.abs()));
    let gain = PEAK / peak * f32::from(i16::MAX);
    let samples =
        left.iter().zip(&right).flat_map(|(l, r)| [(l * gain) as i16, (r * gain) as i16]).collect();
    Sound { samples }
}

/// Rounds peaks off, as tape does, so that a chord with a kick is not the only loud moment.
fn saturate(channel: &mut [f32]) {
    for sample in channel {
        *sample = (*sample * 0.8).tanh();
    }
}

/// No click at the end.
fn fade_out(channel: &mut [f32]) {
    let n_fade = (SAMPLE_RATE_HZ as usize).min(channel.len());
    let first = channel.len() - n_fade;
    for (idx, sample) in channel[first..].iter_mut().enumerate() {
        *sample *= 1.0 - idx as f32 / n_fade as f32;
    }
}
