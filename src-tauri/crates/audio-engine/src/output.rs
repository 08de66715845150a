//! Where sound goes: a device, or memory in its place.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

/// Where an engine plays.
#[derive(Clone, Debug)]
pub enum Output {
    /// The device of this name, or the system's default.
    Device(Option<String>),
    /// No hardware: the same path up to the device, whose place memory takes.
    Memory(MemoryOutput),
}

/// How fast a memory output takes samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// As a device does, in blocks of 10 ms.
    RealTime,
    /// As fast as they come; takes only what is there, never silence of starvation.
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

/// What a [`MemoryOutput`] was handed, interleaved. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Debug, Default)]
struct Captured {
    samples: Vec<f32>,
    first_sound: Option<Instant>,
}

/// Names of the devices that sound can go to.
pub fn output_devices() -> Vec<String> {
    Vec::new()
}
