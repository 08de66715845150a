//! A virtual device: for tests and measurements, and where there is no hardware on purpose.

use std::{
    sync::{Arc, Condvar, Mutex, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

use super::{Inside, News, Order};
use crate::{
    ring::{Format, Tap},
    source::lock,
};

/// Samples kept at most: ten minutes of stereo at 48 kHz.
const MAX_SAMPLES: usize = 10 * 60 * 48_000 * 2;
/// Length of a block, as a device with little latency has it.
const BLOCK: Duration = Duration::from_millis(2);
/// How long an order is waited for at a time.
const PATIENCE: Duration = Duration::from_secs(1);
/// Below this a sample counts as silence.
const SILENCE: f32 = 1e-4;

/// How fast a memory output takes samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// As a device does, in small blocks, silence included.
    RealTime,
    /// As fast as they come; takes only what is there, never silence of pauses or starvation.
    Unpaced,
}

/// A virtual device that keeps what it is handed.
#[derive(Clone, Debug)]
pub struct MemoryOutput {
    pub sample_rate: u32,
    pub channels: u16,
    pub pace: Pace,
    pub capture: Capture,
}

/// What a [`MemoryOutput`] was handed, interleaved, up to ten minutes. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Debug, Default)]
struct Captured {
    samples: Vec<f32>,
    first_sound: Option<Instant>,
    is_gone: bool,
    sample_rate: Option<u32>,
}

impl Capture {
    /// Takes what was handed over since the last time, and waits for sound anew.
    pub fn take(&self) -> Vec<f32> {
        let mut captured = lock(&self.0.0);
        captured.first_sound = None;
        std::mem::take(&mut captured.samples)
    }

    /// A copy of what was handed over since the last [`Self::take`].
    pub fn samples(&self) -> Vec<f32> {
        lock(&self.0.0).samples.clone()
    }

    /// When the first sample that is not silence was handed over since the last
    /// [`Self::take`]; waits for it.
    pub fn wait_for_sound(&self, timeout: Duration) -> Option<Instant> {
        let deadline = Instant::now() + timeout;
        let mut captured = lock(&self.0.0);
        while captured.first_sound.is_none() {
            let left = deadline.checked_duration_since(Instant::now())?;
            captured = match self.0.1.wait_timeout(captured, left) {
                Ok((captured, _)) => captured,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        captured.first_sound
    }

    /// Unplugs the virtual device, or plugs it in again.
    pub fn set_plugged(&self, is_plugged: bool) {
        lock(&self.0.0).is_gone = !is_plugged;
    }

    /// The virtual device takes this rate from the next time on that it opens.
    pub fn set_sample_rate(&self, sample_rate: u32) {
        lock(&self.0.0).sample_rate = Some(sample_rate);
    }

    fn sample_rate(&self) -> Option<u32> {
        lock(&self.0.0).sample_rate
    }

    fn is_plugged(&self) -> bool {
        !lock(&self.0.0).is_gone
    }

    fn push(&self, samples: &[f32]) {
        let mut captured = lock(&self.0.0);
        let room = MAX_SAMPLES.saturating_sub(captured.samples.len());
        captured.samples.extend_from_slice(&samples[..samples.len().min(room)]);
        if captured.first_sound.is_none() && samples.iter().any(|sample| sample.abs() > SILENCE) {
            captured.first_sound = Some(Instant::now());
            self.0.1.notify_all();
        }
    }
}

/// What becomes of the virtual device.
enum Outcome {
    Closed,
    Unplugged,
    /// Another device was asked for: as there is only one, it closes and opens again.
    Switched,
}

pub fn run(inside: &Inside, memory: &MemoryOutput) {
    loop {
        while !memory.capture.is_plugged() {
            if matches!(wait(inside, BLOCK), Some(Outcome::Closed)) {
                return;
            }
        }
        let sample_rate = memory.capture.sample_rate().unwrap_or(memory.sample_rate);
        inside.tell(News::Opened {
            opening: inside.next_opening(),
            name: "memory".to_owned(),
            format: Format { sample_rate, channels: memory.channels },
            latency_frames: 0,
            is_patient: memory.pace == Pace::Unpaced,
        });
        let outcome = match wait_for_tap(inside) {
            Ok(tap) => pump(inside, memory, sample_rate, tap),
            Err(outcome) => outcome,
        };
        match outcome {
            Outcome::Closed => return,
            Outcome::Switched => inside.tell(News::Lost),
            Outcome::Unplugged => {
                inside.tell(News::Lost);
                inside.tell(News::Missing { reason: "the virtual device is unplugged".to_owned() });
            }
        }
    }
}

fn wait_for_tap(inside: &Inside) -> Result<Tap, Outcome> {
    loop {
        match inside.order_within(PATIENCE) {
            Ok(Order::Attach { ring, .. }) => return Ok(Tap::new(ring)),
            Ok(Order::Switch(_)) => return Err(Outcome::Switched),
            Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => return Err(Outcome::Closed),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Pulls until something becomes of the device.
fn pump(inside: &Inside, memory: &MemoryOutput, sample_rate: u32, mut tap: Tap) -> Outcome {
    let n_block = (u128::from(sample_rate) * BLOCK.as_micros() / 1_000_000) as usize;
    let n_samples = n_block.max(1) * usize::from(memory.channels);
    let mut block = Vec::with_capacity(n_samples);
    let mut due = Instant::now();
    while memory.capture.is_plugged() {
        block.clear();
        match memory.pace {
            Pace::RealTime => block.extend(tap.by_ref().take(n_samples)),
            Pace::Unpaced => {
                while block.len() < n_samples
                    && let Some(frame) = tap.pull()
                {
                    block.extend_from_slice(frame);
                }
            }
        }
        memory.capture.push(&block);
        let is_dry = block.is_empty();
        if memory.pace == Pace::Unpaced {
            inside.waker.wake();
        }
        due = (due + BLOCK).max(Instant::now().checked_sub(10 * BLOCK).unwrap_or(due));
        let pause = match memory.pace {
            Pace::RealTime => due.saturating_duration_since(Instant::now()),
            Pace::Unpaced if is_dry => Duration::from_micros(500),
            Pace::Unpaced => Duration::ZERO,
        };
        if let Some(outcome) = wait(inside, pause) {
            return outcome;
        }
    }
    Outcome::Unplugged
}

/// Waits, and says what was ordered meanwhile.
fn wait(inside: &Inside, pause: Duration) -> Option<Outcome> {
    match inside.order_within(pause) {
        Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => Some(Outcome::Closed),
        Ok(Order::Switch(_)) => Some(Outcome::Switched),
        Ok(Order::Attach { .. }) | Err(RecvTimeoutError::Timeout) => None,
    }
}
