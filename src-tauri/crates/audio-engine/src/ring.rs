//! The lock-free ring between the engine's thread and the device's callback.
//!
//! One thread writes frames, one callback reads them; both count frames from the engine's start
//! and never wrap, so that "frame 1,000,000" names one moment of sound for good. The reading side
//! never allocates, locks or waits: where nothing is there it plays silence and counts it.
//!
//! Every sudden change is a short ramp there: pausing, resuming, jumping and volume.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Most channels that a device may have here.
pub const MAX_CHANNELS: usize = 8;
/// Length of the ramp that opens and closes the sound, in milliseconds.
const RAMP_MS: f32 = 6.0;
/// Time in which the volume may travel its whole range, in milliseconds.
const VOLUME_MS: f32 = 20.0;

/// Rate and layout of what a device takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    pub sample_rate: u32,
    pub channels: u16,
}

/// What both sides share.
#[derive(Debug)]
pub struct Ring {
    format: Format,
    /// Samples as bits: atomics make a shared buffer possible without `unsafe`.
    samples: Box<[AtomicU32]>,
    capacity: u64,
    written: AtomicU64,
    read: AtomicU64,
    /// Frames before this one are not to be played any more.
    skip_to: AtomicU64,
    /// Counts skips: one to where the reading stands already is one, too.
    n_skips: AtomicU64,
    /// Whether the sound after a skip opens with a ramp.
    is_soft: AtomicBool,
    is_open: AtomicBool,
    amplitude: AtomicU32,
    starved: AtomicU64,
    pulled: AtomicU64,
}

impl Ring {
    /// A ring for one second of sound, closed (paused).
    pub fn new(format: Format, amplitude: f32) -> Arc<Self> {
        let capacity = u64::from(format.sample_rate.max(8_000));
        let n_samples = capacity as usize * usize::from(format.channels);
        Arc::new(Self {
            format,
            samples: (0..n_samples).map(|_| AtomicU32::new(0)).collect(),
            capacity,
            written: AtomicU64::new(0),
            read: AtomicU64::new(0),
            skip_to: AtomicU64::new(0),
            n_skips: AtomicU64::new(0),
            is_soft: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
            amplitude: AtomicU32::new(amplitude.to_bits()),
            starved: AtomicU64::new(0),
            pulled: AtomicU64::new(0),
        })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Index of the next frame to be written.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Index of the next frame to be handed to the device.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire).max(self.skip_to.load(Ordering::Acquire))
    }

    /// Frames written and neither played nor skipped.
    pub fn queued(&self) -> u64 {
        self.written().saturating_sub(self.read())
    }

    /// Frames of silence played because nothing was there.
    pub fn starved(&self) -> u64 {
        self.starved.load(Ordering::Relaxed)
    }

    /// Frames the device has asked for, silence included: it lives while this grows.
    pub fn pulled(&self) -> u64 {
        self.pulled.load(Ordering::Relaxed)
    }

    /// Writes whole frames as far as `limit` frames may be queued; says how many were taken.
    pub fn write(&self, interleaved: &[f32], limit: u64) -> usize {
        let n_channels = usize::from(self.format.channels);
        let start = self.written();
        let room = limit.min(self.capacity / 2).saturating_sub(self.queued()) as usize;
        let n_frames = room.min(interleaved.len() / n_channels);
        for (offset, frame) in interleaved.chunks_exact(n_channels).take(n_frames).enumerate() {
            let slot = ((start + offset as u64) % self.capacity) as usize * n_channels;
            for (cell, sample) in self.samples[slot..slot + n_channels].iter().zip(frame) {
                cell.store(sample.to_bits(), Ordering::Relaxed);
            }
        }
        self.written.store(start + n_frames as u64, Ordering::Release);
        n_frames
    }

    /// Forgets what is queued. What comes next opens with a ramp if `is_soft`.
    pub fn skip(&self, is_soft: bool) {
        self.is_soft.store(is_soft, Ordering::Release);
        self.skip_to.store(self.written(), Ordering::Release);
        self.n_skips.fetch_add(1, Ordering::Release);
    }

    /// Lets sound through or holds it; nothing is lost while it is held.
    pub fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Release);
    }

    pub fn set_amplitude(&self, amplitude: f32) {
        self.amplitude.store(amplitude.to_bits(), Ordering::Relaxed);
    }

    /// Plays the last `n_frames` again, as far as they are of the same stretch: they were handed
    /// to a device that died before it played them. Only while nothing reads.
    pub fn rewind(&self, n_frames: u64) {
        let read = self.read();
        let oldest =
            self.skip_to.load(Ordering::Acquire).max(self.written().saturating_sub(self.capacity));
        self.read.store(read.saturating_sub(n_frames).max(oldest).min(read), Ordering::Release);
    }
}

/// The endless source that a device pulls; at most one per ring at a time.
#[derive(Debug)]
pub struct Tap {
    ring: Arc<Ring>,
    n_channels: usize,
    frame: [f32; MAX_CHANNELS],
    channel_idx: usize,
    read: u64,
    n_skips: u64,
    /// 0 closed to 1 open.
    gate: f32,
    gate_step: f32,
    amplitude: f32,
    amplitude_step: f32,
    /// The next sound opens at once, without a ramp.
    is_hard: bool,
    /// Something sounded since the last skip, so that a break in it is audible.
    has_sounded: bool,
}

impl Tap {
    pub fn new(ring: Arc<Ring>) -> Self {
        let rate = ring.format.sample_rate as f32;
        Self {
            n_channels: usize::from(ring.format.channels),
            frame: [0.0; MAX_CHANNELS],
            channel_idx: 0,
            read: ring.read.load(Ordering::Acquire),
            // A skip that nobody has carried out yet is this tap's to do.
            n_skips: ring.n_skips.load(Ordering::Acquire).saturating_sub(1),
            gate: 0.0,
            gate_step: 1000.0 / (RAMP_MS * rate),
            amplitude: f32::from_bits(ring.amplitude.load(Ordering::Relaxed)),
            amplitude_step: 1000.0 / (VOLUME_MS * rate),
            is_hard: false,
            has_sounded: false,
            ring,
        }
    }

    /// Takes the next frame into `self.frame`; says whether one was played.
    fn advance(&mut self) -> bool {
        self.ring.pulled.fetch_add(1, Ordering::Relaxed);
        let written = self.ring.written.load(Ordering::Acquire);
        let n_skips = self.ring.n_skips.load(Ordering::Acquire);
        let is_skipping = n_skips != self.n_skips;
        let skip_to = self.ring.skip_to.load(Ordering::Acquire);
        let is_open = self.ring.is_open.load(Ordering::Acquire);

        let target = if is_open && !is_skipping { 1.0 } else { 0.0 };
        self.gate += (target - self.gate).clamp(-self.gate_step, self.gate_step);
        let wanted = f32::from_bits(self.ring.amplitude.load(Ordering::Relaxed));
        self.amplitude +=
            (wanted - self.amplitude).clamp(-self.amplitude_step, self.amplitude_step);

        if is_skipping && (self.gate <= 0.0 || self.read >= skip_to || !self.has_sounded) {
            self.read = skip_to.max(self.read);
            self.n_skips = n_skips;
            self.gate = 0.0;
            self.is_hard = !self.ring.is_soft.load(Ordering::Acquire);
            self.has_sounded = false;
            self.ring.read.store(self.read, Ordering::Release);
        }
        if is_open && self.is_hard && n_skips == self.n_skips {
            self.is_hard = false;
            self.gate = 1.0;
        }
        if self.gate <= 0.0 && !is_open {
            self.frame = [0.0; MAX_CHANNELS];
            return false;
        }
        if self.read >= written {
            self.frame = [0.0; MAX_CHANNELS];
            if self.has_sounded {
                // Sound breaks off here: let what follows open softly.
                self.gate = 0.0;
                self.ring.starved.fetch_add(1, Ordering::Relaxed);
            }
            return false;
        }
        let slot = (self.read % self.ring.capacity) as usize * self.n_channels;
        let gain = self.gate * self.amplitude;
        let cells = &self.ring.samples[slot..slot + self.n_channels];
        for (sample, cell) in self.frame.iter_mut().zip(cells) {
            *sample = f32::from_bits(cell.load(Ordering::Relaxed)) * gain;
        }
        self.has_sounded = true;
        self.read += 1;
        self.ring.read.store(self.read, Ordering::Release);
        true
    }

    /// Takes one frame if one is to be played now, for a device that is in no hurry: for it
    /// nothing ever starves.
    pub fn pull(&mut self) -> Option<&[f32]> {
        let is_skipping = self.ring.n_skips.load(Ordering::Acquire) != self.n_skips;
        if !is_skipping && self.read >= self.ring.written.load(Ordering::Acquire) {
            return None;
        }
        if self.advance() { Some(&self.frame[..self.n_channels]) } else { None }
    }
}

impl Iterator for Tap {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.channel_idx == 0 {
            self.advance();
        }
        let sample = self.frame[self.channel_idx];
        self.channel_idx = (self.channel_idx + 1) % self.n_channels;
        Some(sample)
    }
}

impl rodio::Source for Tap {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> rodio::ChannelCount {
        NonZero::new(self.ring.format.channels).unwrap_or(NonZero::<u16>::MIN)
    }

    fn sample_rate(&self) -> rodio::SampleRate {
        NonZero::new(self.ring.format.sample_rate).unwrap_or(NonZero::<u32>::MIN)
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONO: Format = Format { sample_rate: 8_000, channels: 1 };

    fn opened() -> (Arc<Ring>, Tap) {
        let ring = Ring::new(MONO, 1.0);
        ring.set_open(true);
        ring.skip(false);
        let tap = Tap::new(Arc::clone(&ring));
        (ring, tap)
    }

    fn jumps(samples: &[f32]) -> f32 {
        samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn what_goes_in_comes_out_bit_for_bit_across_the_seam() {
        let (ring, mut tap) = opened();
        let sent: Vec<f32> = (0..20_000).map(|i| (i as f32 * 0.1).sin()).collect();
        let mut heard = Vec::new();
        for block in sent.chunks(1_700) {
            assert_eq!(ring.write(block, 4_000), block.len());
            heard.extend(tap.by_ref().take(block.len()));
        }
        assert_eq!(sent, heard);
        assert_eq!(ring.starved(), 0);
    }

    #[test]
    fn pausing_and_resuming_lose_nothing_and_do_not_click() {
        let (ring, mut tap) = opened();
        ring.write(&[0.5; 3_000], 4_000);
        let mut heard: Vec<f32> = tap.by_ref().take(500).collect();
        ring.set_open(false);
        heard.extend(tap.by_ref().take(500));
        assert_eq!(heard.last(), Some(&0.0));
        let read = ring.read();
        heard.extend(tap.by_ref().take(500));
        assert_eq!(ring.read(), read, "held while paused");
        ring.set_open(true);
        heard.extend(tap.by_ref().take(500));
        assert_eq!(heard.last(), Some(&0.5));
        assert!(jumps(&heard) < 0.02, "{}", jumps(&heard[1..]));
    }

    #[test]
    fn a_skip_drops_what_is_queued_and_ramps() {
        let (ring, mut tap) = opened();
        ring.write(&[0.5; 2_000], 4_000);
        let mut heard: Vec<f32> = tap.by_ref().take(200).collect();
        ring.skip(true);
        assert_eq!(ring.queued(), 0);
        ring.write(&[-0.5; 2_000], 4_000);
        heard.extend(tap.by_ref().take(300));
        assert_eq!(heard.last(), Some(&-0.5));
        assert!(jumps(&heard) < 0.03, "{}", jumps(&heard));
    }

    #[test]
    fn starving_is_silence_and_is_counted() {
        let (ring, mut tap) = opened();
        ring.write(&[0.25; 10], 4_000);
        assert!(tap.by_ref().take(30).skip(10).all(|sample| sample.abs() < f32::EPSILON));
        assert_eq!(ring.starved(), 20);
    }

    #[test]
    fn a_rewind_plays_the_last_frames_again() {
        let (ring, mut tap) = opened();
        ring.write(&[0.1; 500], 4_000);
        tap.by_ref().take(300).for_each(drop);
        ring.rewind(100);
        assert_eq!(ring.read(), 200);
        ring.rewind(1_000);
        assert_eq!(ring.read(), 0);
    }
}
