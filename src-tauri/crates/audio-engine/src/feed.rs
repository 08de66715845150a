//! From decoded chunks to the ring: layout, gain, rate, limiter.
//!
//! The stages run over one endless stream: an item follows the one before it inside the same
//! resampler, so that a track boundary is no event for the sound at all. What the boundary means
//! (which item is heard, and where in it) is kept beside the sound as [`Segment`]s.

mod limiter;
mod mix;
mod rate;

use std::collections::VecDeque;

use crate::{
    PlayToken,
    deck::Chunk,
    ring::{Format, Ring},
};
use limiter::Limiter;
use rate::Rate;

/// Sound kept ready in the ring, in milliseconds: what a busy machine may be late by.
const QUEUED_MS: u64 = 450;
/// Time in which a changed gain is reached, in milliseconds.
const GAIN_MS: f32 = 60.0;
/// Segments remembered at most; they are dropped as they are heard.
const MAX_SEGMENTS: usize = 64;

/// From this frame of the ring on, this item is heard, from this position on.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub start: u64,
    pub token: PlayToken,
    pub position_ms: f64,
}

/// The gain of the item that is being fed, on its way to where it should be.
#[derive(Clone, Copy, Debug)]
struct Gain {
    now: f32,
    target: f32,
}

/// Feeds one ring.
#[derive(Debug)]
pub struct Feed {
    format: Format,
    rate: Rate,
    limiter: Limiter,
    gain: Gain,
    /// Finished frames that the ring has no room for yet.
    ready: Vec<f32>,
    n_taken: usize,
    mixed: Vec<f32>,
    segments: VecDeque<Segment>,
    token: Option<PlayToken>,
    /// Frame of the ring at which the resampler's first frame of output stands.
    origin: u64,
}

impl Feed {
    pub fn new(format: Format) -> Self {
        Self {
            format,
            rate: Rate::new(format.sample_rate, format.channels),
            limiter: Limiter::new(format),
            gain: Gain { now: 1.0, target: 1.0 },
            ready: Vec::new(),
            n_taken: 0,
            mixed: Vec::new(),
            segments: VecDeque::new(),
            token: None,
            origin: 0,
        }
    }

    /// Starts a new stretch of sound behind what the ring holds; forgets what is not in it yet.
    pub fn restart(&mut self, ring: &Ring) {
        self.rate.reset();
        self.limiter.reset();
        self.ready.clear();
        self.n_taken = 0;
        self.segments.clear();
        self.token = None;
        self.origin = ring.written();
    }

    /// More chunks are wanted.
    pub fn is_hungry(&self) -> bool {
        self.n_taken >= self.ready.len()
    }

    /// Changes the gain of the item that is being fed, smoothly.
    pub fn set_gain(&mut self, gain_db: f32) {
        self.gain.target = amplitude_of(gain_db);
    }

    /// Takes one chunk of `token`, whose gain is `gain_db` when it starts.
    pub fn push(&mut self, token: PlayToken, gain_db: f32, chunk: &Chunk) {
        // What the last rate held back comes out here, and is limited like everything.
        let from = self.ready.len();
        self.rate.enter(chunk.sample_rate, &mut self.ready);
        if self.token != Some(token) {
            self.token = Some(token);
            let amplitude = amplitude_of(gain_db);
            self.gain = Gain { now: amplitude, target: amplitude };
        }
        let start = self.origin + self.rate.next_output_frame();
        let position_ms = chunk.position as f64 * 1000.0 / f64::from(chunk.sample_rate);
        self.note(Segment { start, token, position_ms });
        mix::remap(&chunk.samples, chunk.channels, self.format.channels, &mut self.mixed);
        self.apply_gain(chunk.sample_rate);
        self.rate.push(&self.mixed, &mut self.ready);
        self.limiter.run(&mut self.ready[from..]);
    }

    /// Nothing follows: lets out what the resampler holds back.
    pub fn finish(&mut self) {
        let from = self.ready.len();
        self.rate.finish(&mut self.ready);
        self.limiter.run(&mut self.ready[from..]);
    }

    /// Moves finished frames into the ring, as far as it has room; says whether any moved.
    pub fn pour(&mut self, ring: &Ring) -> bool {
        let limit = u64::from(self.format.sample_rate) * QUEUED_MS / 1000;
        let n_frames = ring.write(&self.ready[self.n_taken..], limit);
        self.n_taken += n_frames * usize::from(self.format.channels);
        if self.is_hungry() {
            self.ready.clear();
            self.n_taken = 0;
        }
        n_frames > 0
    }

    /// Which item is heard at a frame of the ring, and where in it; drops what lies before.
    pub fn heard_at(&mut self, frame: u64) -> Option<(PlayToken, f64)> {
        while self.segments.get(1).is_some_and(|next| next.start <= frame) {
            self.segments.pop_front();
        }
        let segment = self.segments.front()?;
        let n_frames = frame.saturating_sub(segment.start) as f64;
        Some((
            segment.token,
            segment.position_ms + n_frames * 1000.0 / f64::from(self.format.sample_rate),
        ))
    }

    /// Sound of this stretch has been handed to the device, of which `read` is the next frame.
    pub fn has_begun(&self, read: u64) -> bool {
        self.segments.front().is_some_and(|segment| read > segment.start)
    }

    /// Remembers a segment, unless it only continues the last one.
    fn note(&mut self, segment: Segment) {
        if let Some(last) = self.segments.back()
            && last.token == segment.token
        {
            let n_frames = segment.start.saturating_sub(last.start) as f64;
            let expected =
                last.position_ms + n_frames * 1000.0 / f64::from(self.format.sample_rate);
            if (expected - segment.position_ms).abs() < 2.0 || self.segments.len() >= MAX_SEGMENTS {
                return;
            }
        }
        self.segments.push_back(segment);
    }

    fn apply_gain(&mut self, sample_rate: u32) {
        let Gain { now, target } = &mut self.gain;
        if (*now - *target).abs() < f32::EPSILON {
            if (*now - 1.0).abs() > f32::EPSILON {
                self.mixed.iter_mut().for_each(|sample| *sample *= *now);
            }
            return;
        }
        let step = 1000.0 / (GAIN_MS * sample_rate as f32);
        for frame in self.mixed.chunks_exact_mut(usize::from(self.format.channels)) {
            *now += (*target - *now).clamp(-step, step);
            for sample in frame {
                *sample *= *now;
            }
        }
    }
}

fn amplitude_of(gain_db: f32) -> f32 {
    if gain_db.is_finite() { 10f32.powf(gain_db.clamp(-60.0, 24.0) / 20.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEREO: Format = Format { sample_rate: 48_000, channels: 2 };

    fn loud(sample_rate: u32) -> Chunk {
        Chunk { samples: vec![1.0; 2 * 900], channels: 2, sample_rate, position: 0 }
    }

    /// What the resampler of one track still held when a track of another rate came went past
    /// the limiter, and clipped.
    #[test]
    fn the_end_of_a_track_of_another_rate_is_limited_too() {
        let mut feed = Feed::new(STEREO);
        feed.push(PlayToken(1), 6.0, &loud(44_100));
        feed.push(PlayToken(2), 0.0, &loud(48_000));
        let peak = feed.ready.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak <= 1.0, "{peak}");
    }
}
