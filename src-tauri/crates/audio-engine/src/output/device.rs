//! A real sound device, through rodio.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::{Duration, Instant},
};

use rodio::{
    DeviceSinkBuilder, DeviceSinkError, DeviceTrait, MixerDeviceSink,
    cpal::{self, BufferSize, traits::HostTrait},
};

use super::{Inside, News, Order};
use crate::ring::{Format, MAX_CHANNELS, Ring, Tap};

/// How often a running device is looked after.
const WATCH: Duration = Duration::from_millis(200);
/// How often it is asked whether the system's default became another one.
const DEFAULT_CHECK: Duration = Duration::from_secs(2);
/// A device that takes nothing for so long is dead, whatever it says.
const STALL: Duration = Duration::from_secs(3);
/// Half of the sound that a sound server is asked to hold for us, in milliseconds. On a busy
/// machine the driver's thread, which is an ordinary one on Linux, is late by tens of
/// milliseconds; the price of more is that a start is heard later.
const HALF_MS: u32 = 90;
/// What ALSA is asked for per part that is handed over; elsewhere the parts are the whole.
const N_PARTS: u64 = if cfg!(target_os = "linux") { 2 } else { 1 };
/// Pauses between tries to open double from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(3);

/// Names of the devices that sound can go to.
pub fn output_devices() -> Vec<String> {
    let Ok(devices) = cpal::default_host().output_devices() else { return Vec::new() };
    let mut names: Vec<String> = devices.filter_map(|device| name_of(&device)).collect();
    names.sort();
    names.dedup();
    names
}

/// An open device.
struct Open {
    sink: MixerDeviceSink,
    name: String,
    /// Set by the driver's thread when the device has failed.
    is_broken: Arc<AtomicBool>,
}

pub fn run(inside: &Inside, mut wanted: Option<String>) {
    let mut pause = FIRST_PAUSE;
    let mut last_reason = None;
    loop {
        match open(wanted.as_deref()) {
            Ok(open) => {
                pause = FIRST_PAUSE;
                last_reason = None;
                match play(inside, open, wanted.is_none()) {
                    Outcome::Closed => return,
                    Outcome::Switch(name) => wanted = name,
                    Outcome::Lost => {}
                }
                inside.tell(News::Lost);
            }
            Err(reason) => {
                if last_reason.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "no sound device");
                    inside.tell(News::Missing { reason: reason.clone() });
                    last_reason = Some(reason);
                }
                match inside.order_within(pause) {
                    Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => return,
                    Ok(Order::Switch(name)) => wanted = name,
                    Ok(Order::Attach { .. }) | Err(RecvTimeoutError::Timeout) => {}
                }
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}

/// Why a device is not played on any more.
enum Outcome {
    Closed,
    Switch(Option<String>),
    Lost,
}

/// Plays until something happens to the device.
fn play(inside: &Inside, open: Open, follows_default: bool) -> Outcome {
    let config = open.sink.config();
    let n_buffered = match config.buffer_size() {
        BufferSize::Fixed(n_frames) => u64::from(*n_frames) * N_PARTS,
        BufferSize::Default => u64::from(config.sample_rate().get()) / 20,
    };
    let format =
        Format { sample_rate: config.sample_rate().get(), channels: config.channel_count().get() };
    inside.tell(News::Opened {
        opening: inside.next_opening(),
        name: open.name.clone(),
        format,
        latency_frames: n_buffered,
        is_patient: false,
    });
    let mut playing: Option<Arc<Ring>> = None;
    let (mut n_pulled, mut moved_at) = (0, Instant::now());
    let mut checked_at = Instant::now();
    loop {
        match inside.order_within(WATCH) {
            Ok(Order::Attach { ring, .. }) => {
                open.sink.mixer().add(Tap::new(Arc::clone(&ring)));
                playing = Some(ring);
                moved_at = Instant::now();
            }
            Ok(Order::Switch(name)) => return Outcome::Switch(name),
            Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => return Outcome::Closed,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if open.is_broken.load(Ordering::SeqCst) {
            return Outcome::Lost;
        }
        if let Some(ring) = &playing {
            if ring.pulled() != n_pulled {
                n_pulled = ring.pulled();
                moved_at = Instant::now();
            } else if moved_at.elapsed() > STALL {
                tracing::warn!(device = open.name, "the sound device takes nothing any more");
                return Outcome::Lost;
            }
        }
        if follows_default && checked_at.elapsed() > DEFAULT_CHECK {
            checked_at = Instant::now();
            let default = cpal::default_host().default_output_device();
            if let Some(name) = default.and_then(|device| name_of(&device))
                && name != open.name
            {
                return Outcome::Lost;
            }
        }
    }
}

/// Opens the wanted device, or the default one where it is not there.
fn open(wanted: Option<&str>) -> Result<Open, String> {
    let host = cpal::default_host();
    let named = wanted.and_then(|wanted| {
        host.output_devices().ok()?.find(|device| name_of(device).as_deref() == Some(wanted))
    });
    let device = named
        .or_else(|| host.default_output_device())
        .ok_or("there is no sound device on this machine")?;
    let name = name_of(&device).unwrap_or_else(|| "unnamed device".to_owned());
    let is_broken = Arc::new(AtomicBool::new(false));
    let sink = open_sink(&device, &is_broken).map_err(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "a device did not open");
        format!("the sound device \"{name}\" cannot be opened")
    })?;
    if usize::from(sink.config().channel_count().get()) > MAX_CHANNELS {
        return Err(format!("the sound device \"{name}\" has too many channels"));
    }
    let mut open = Open { sink, name, is_broken };
    open.sink.log_on_drop(false);
    Ok(open)
}

/// Opens with the buffer that suits us best among those the device takes.
fn open_sink(
    device: &cpal::Device,
    is_broken: &Arc<AtomicBool>,
) -> Result<MixerDeviceSink, DeviceSinkError> {
    let open = |buffer_size: Option<BufferSize>| {
        let flag = Arc::clone(is_broken);
        let mut builder = DeviceSinkBuilder::from_device(device.clone())?;
        if let Some(size) = buffer_size {
            builder = builder.with_buffer_size(size);
        }
        builder
            .with_error_callback(move |error| {
                // Dropouts and refused priorities are no reason to look for another device.
                if !matches!(error.kind(), cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied)
                {
                    flag.store(true, Ordering::SeqCst);
                }
            })
            .open_stream()
    };
    // Elsewhere the system runs the driver's thread before all others.
    let steady = cfg!(target_os = "linux")
        .then(|| device.default_output_config().ok())
        .flatten()
        .map(|config| BufferSize::Fixed(config.sample_rate() * HALF_MS / 1000));
    let first = open(steady);
    first.or_else(|_| open(None)).or_else(|_| open(Some(BufferSize::Default)))
}

fn name_of(device: &cpal::Device) -> Option<String> {
    device.description().ok().map(|description| description.name().to_owned())
}
