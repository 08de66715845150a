//! Covers of an import: embedded, else an image in the folder; each looked at once.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::DirEntry,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use domain::Cover;

use examine::{is_image, paths};

use crate::{
    folder,
    peer::{Covers, PeerError},
    scan,
};

/// Names of cover images without their endings, best first.
const NAMES: [&str; 5] = ["cover", "folder", "front", "album", "albumart"];
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Larger images are left out.
const BYTES_MAX: u64 = 24 * 1024 * 1024;
/// Answers that are kept; then they are asked for anew.
const KEPT_MAX: usize = 512;

/// In place of a stamp: the file brings its own cover, whatever its folder holds.
pub(crate) const EMBEDDED: i64 = -1;

/// Finds covers and hands them on.
pub(crate) struct CoverFinder {
    peer: Arc<dyn Covers>,
    root: PathBuf,
    /// By hash of the bytes.
    known: HashMap<blake3::Hash, Option<Cover>>,
    /// By folder relative to the root.
    folders: HashMap<Vec<u8>, Option<Cover>>,
}

impl CoverFinder {
    pub fn new(peer: Arc<dyn Covers>, root: PathBuf) -> Self {
        Self { peer, root, known: HashMap::new(), folders: HashMap::new() }
    }

    /// A cover in a file, where it is one that can be shown.
    pub async fn embedded(&mut self, bytes: Vec<u8>) -> Result<Option<Cover>, PeerError> {
        if bytes.is_empty() { Ok(None) } else { self.put(bytes).await }
    }

    /// The cover in a file's folder, or in that of its release.
    pub async fn beside(&mut self, path: &[u8]) -> Result<Option<Cover>, PeerError> {
        let own = folder::parent(path);
        let release = folder::release_folder(path);
        if let Some(cover) = self.folder(own).await? {
            return Ok(Some(cover));
        }
        if release == own { Ok(None) } else { self.folder(release).await }
    }

    async fn folder(&mut self, folder: &[u8]) -> Result<Option<Cover>, PeerError> {
        if let Some(cover) = self.folders.get(folder) {
            return Ok(cover.clone());
        }
        let path = self.root.join(paths::from_bytes(folder));
        // A failure of the thread is that of the disk: no cover.
        let named = tokio::task::spawn_blocking(move || images_in(&path)).await.unwrap_or_default();
        let mut cover = None;
        for image in named {
            // One that turns out to be broken hides none behind it.
            let bytes = tokio::task::spawn_blocking(move || read(&image)).await.unwrap_or(None);
            if let Some(bytes) = bytes {
                cover = self.put(bytes).await?;
            }
            if cover.is_some() {
                break;
            }
        }
        if self.folders.len() >= KEPT_MAX {
            self.folders.clear();
        }
        self.folders.insert(folder.to_vec(), cover.clone());
        Ok(cover)
    }

    async fn put(&mut self, bytes: Vec<u8>) -> Result<Option<Cover>, PeerError> {
        let hash = blake3::hash(&bytes);
        if let Some(cover) = self.known.get(&hash) {
            return Ok(cover.clone());
        }
        let cover = self.peer.cover_put(Bytes::from(bytes)).await?;
        if self.known.len() >= KEPT_MAX {
            self.known.clear();
        }
        self.known.insert(hash, cover.clone());
        Ok(cover)
    }
}

/// Stands for the names, sizes and times of a folder's cover images; 0 where it has none.
pub(crate) fn stamp(entries: &[DirEntry]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut is_empty = true;
    for entry in entries.iter().filter(|entry| rank(&entry.file_name()).is_some()) {
        let Ok(metadata) = std::fs::metadata(entry.path()) else { continue };
        is_empty = false;
        hasher.update(entry.file_name().as_encoded_bytes());
        hasher.update(&metadata.len().to_le_bytes());
        hasher.update(&scan::mtime_us(&metadata).to_le_bytes());
    }
    if is_empty { 0 } else { short(&hasher.finalize()) }
}

/// Stands for two stamps.
pub(crate) fn both(a: i64, b: i64) -> i64 {
    if b == 0 {
        return a;
    }
    short(&blake3::hash(&[a.to_le_bytes(), b.to_le_bytes()].concat()))
}

/// Positive: neither "none" nor [`EMBEDDED`].
fn short(hash: &blake3::Hash) -> i64 {
    hash.as_bytes()[..8].iter().fold(0, |key, byte| key << 8 | i64::from(*byte)) & i64::MAX | 1
}

/// How well an image is named for a cover, 0 the best.
fn rank(name: &OsStr) -> Option<usize> {
    let name = name.to_str()?.to_lowercase();
    let (stem, extension) = name.rsplit_once('.')?;
    let rank = NAMES.iter().position(|known| *known == stem)?;
    EXTENSIONS.contains(&extension).then_some(rank)
}

/// The images of a folder that are named like covers, the best first, of those named alike the
/// largest.
fn images_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut named: Vec<(usize, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let rank = rank(path.file_name()?)?;
            let metadata = std::fs::metadata(&path).ok()?;
            let fits = metadata.is_file() && (1..=BYTES_MAX).contains(&metadata.len());
            fits.then_some((rank, metadata.len(), path))
        })
        .collect();
    named.sort_by_key(|(rank, n_bytes, _)| (*rank, std::cmp::Reverse(*n_bytes)));
    named.into_iter().map(|(_, _, path)| path).collect()
}

fn read(image: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(image).ok()?.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
    is_image(&bytes).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_named_image_comes_first_then_the_largest() {
        let folder = tempfile::tempdir().unwrap();
        for (name, n_bytes) in
            [("scan.jpg", 500), ("Front.JPEG", 50), ("Cover.png", 10), ("COVER.jpg", 20)]
        {
            std::fs::write(folder.path().join(name), vec![0; n_bytes]).unwrap();
        }
        let names: Vec<_> = images_in(folder.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["COVER.jpg", "Cover.png", "Front.JPEG"]);
    }
}
