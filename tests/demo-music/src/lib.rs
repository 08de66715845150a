//! A small original catalog for a machine without any music: synthesised, deterministic, tagged,
//! with covers.
//!
//! Every artist has a sound (instruments, mode, tempo), every track a form (intro, verses,
//! choruses, outro), and everything else follows from the track's name through a seeded stream of
//! numbers, so that each machine makes the same files. It is no composer and no studio: four
//! instruments, drums and a room.
//!
//! From a title to a file: [`catalog`] -> `score` (what is played) -> `mix` (how it sounds:
//! `voices`, `drums`, `room`) -> `file` (FLAC, tags, `cover`). Start reading at [`write_catalog`].

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context, Result};

pub mod catalog;
mod cover;
mod drums;
mod file;
mod mix;
mod room;
mod score;
mod seeded;
mod voices;

/// Of all the music.
pub const SAMPLE_RATE_HZ: u32 = 44_100;

/// Changes whenever the same title would make another file.
const VERSION: &str = "2";

/// Writes the catalog into a folder, one folder per release, and lists its files. Files that an
/// earlier call finished are kept.
pub fn write_catalog(dir: &Path) -> Result<Vec<PathBuf>> {
    let stamp = dir.join(".version");
    let is_current = fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION);
    let jobs: Vec<(catalog::Piece, PathBuf)> =
        catalog::pieces().map(|piece| (piece, dir.join(piece.path()))).collect();
    let pending: Vec<_> = jobs.iter().filter(|(_, path)| !(is_current && path.is_file())).collect();
    let next = AtomicUsize::new(0);
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(pending.len());
    thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some((piece, path)) = pending.get(next.fetch_add(1, Ordering::Relaxed)) {
                write_piece(piece, path)
                    .with_context(|| format!("synthesise {}", path.display()))?;
            }
            Ok(())
        };
        let workers: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    fs::create_dir_all(dir)?;
    fs::write(&stamp, VERSION)?;
    Ok(jobs.into_iter().map(|(_, path)| path).collect())
}

fn write_piece(piece: &catalog::Piece, path: &Path) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let sound = mix::render(&score::compose(piece), &piece.release.sound);
    file::write(piece, &sound, path)
}

/// Interleaved stereo samples.
pub struct Sound {
    pub samples: Vec<i16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_large_enough_and_the_same_every_time() {
        let artists: std::collections::BTreeSet<&str> =
            catalog::pieces().map(|piece| piece.release.artist).collect();
        assert!(artists.len() >= 4, "{artists:?}");
        assert!(catalog::pieces().count() >= 12);

        let piece = catalog::pieces().next().unwrap();
        let render = || mix::render(&score::compose(&piece), &piece.release.sound).samples;
        let first = render();
        assert!(first == render(), "two renderings differ");
    }

    #[test]
    fn every_piece_is_long_loud_and_stereo() {
        for piece in catalog::pieces() {
            let samples = mix::render(&score::compose(&piece), &piece.release.sound).samples;
            let seconds = samples.len() / 2 / SAMPLE_RATE_HZ as usize;
            assert!((40..120).contains(&seconds), "{}: {seconds} s", piece.title);
            let peak = samples.iter().map(|s| i32::from(*s).abs()).max().unwrap();
            assert!((24_000..32_760).contains(&peak), "{}: peak {peak}", piece.title);
            let side = samples.chunks_exact(2).filter(|frame| frame[0] != frame[1]).count();
            assert!(side > samples.len() / 4, "{} is nearly mono", piece.title);
        }
    }
}
