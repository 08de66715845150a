//! Music for tests that need some file, not a particular one.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

const RATE_HZ: u32 = 8_000;

/// Writes a WAV file (16 bit, mono) with a tone of its own: no two pitches make the same file.
pub fn tone_write(path: &Path, pitch_hz: u32, seconds: u32) -> io::Result<()> {
    let mut wav = header(1, RATE_HZ, RATE_HZ * seconds * 2);
    // A whole number of waves a second: each second is the same.
    let second: Vec<u8> = (0..RATE_HZ)
        .flat_map(|at| {
            let phase = std::f32::consts::TAU * (pitch_hz * at % RATE_HZ) as f32 / RATE_HZ as f32;
            ((phase.sin() * 8_000.0) as i16).to_le_bytes()
        })
        .collect();
    for _ in 0..seconds {
        wav.extend_from_slice(&second);
    }
    fs::write(path, wav)
}

/// Writes a WAV file of six hours of silence: no machine is through with it soon, though it takes
/// no place on the disk.
pub fn silence_write(path: &Path) -> io::Result<()> {
    const DATA_BYTES: u32 = 4_000_000_000;
    let header = header(2, 44_100, DATA_BYTES);
    let mut file = File::create(path)?;
    file.write_all(&header)?;
    file.set_len(header.len() as u64 + u64::from(DATA_BYTES))
}

/// What comes before the samples, which have 16 bit (RIFF, PCM).
fn header(n_channels: u16, rate_hz: u32, data_bytes: u32) -> Vec<u8> {
    let frame_bytes = n_channels * 2;
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&n_channels.to_le_bytes());
    wav.extend_from_slice(&rate_hz.to_le_bytes());
    wav.extend_from_slice(&(rate_hz * u32::from(frame_bytes)).to_le_bytes());
    wav.extend_from_slice(&frame_bytes.to_le_bytes());
    wav.extend_from_slice(&16_u16.to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data_bytes.to_le_bytes());
    wav
}
