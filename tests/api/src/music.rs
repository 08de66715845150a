//! Music for tests that need some file, not a particular one.

use std::{fs, io, path::Path};

const RATE_HZ: u32 = 8_000;

/// Writes a WAV file (RIFF, 16 bit, mono) with a tone of its own: no two pitches make the same
/// file.
pub fn tone_write(path: &Path, pitch_hz: u32, seconds: u32) -> io::Result<()> {
    let n_samples = RATE_HZ * seconds;
    let data_bytes = n_samples * 2;
    let mut wav = Vec::with_capacity(44 + data_bytes as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&RATE_HZ.to_le_bytes());
    wav.extend_from_slice(&(RATE_HZ * 2).to_le_bytes());
    wav.extend_from_slice(&2_u16.to_le_bytes());
    wav.extend_from_slice(&16_u16.to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data_bytes.to_le_bytes());
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
