//! Covers of an import: embedded, else an image in the folder; each looked at once.

use std::{
    collections::HashMap,
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
};

/// Names of cover images without their endings, best first.
const NAMES: [&str; 5] = ["cover", "folder", "front", "album", "albumart"];
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Larger images are left out.
const BYTES_MAX: u64 = 24 * 1024 * 1024;
/// Answers that are kept; then they are asked for anew.
const KEPT_MAX: usize = 512;

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

    /// The cover of a file, whose embedded one may be empty.
    pub async fn cover(
        &mut self,
        path: &[u8],
        embedded: Vec<u8>,
    ) -> Result<Option<Cover>, PeerError> {
        if !embedded.is_empty()
            && let Some(cover) = self.put(embedded).await?
        {
            return Ok(Some(cover));
        }
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
        let image = tokio::task::spawn_blocking(move || image_in(&path)).await.unwrap_or(None);
        let cover = match image {
            Some(bytes) => self.put(bytes).await?,
            None => None,
        };
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

/// The best-named image of a folder, of those named alike the largest.
fn image_in(folder: &Path) -> Option<Vec<u8>> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut candidates: Vec<(usize, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let lower =
                |part: Option<&std::ffi::OsStr>| Some(part?.to_string_lossy().to_lowercase());
            let (stem, extension) = (lower(path.file_stem())?, lower(path.extension())?);
            let rank = NAMES.iter().position(|name| *name == stem)?;
            if !EXTENSIONS.contains(&extension.as_str()) {
                return None;
            }
            let metadata = std::fs::metadata(&path).ok()?;
            (metadata.is_file() && (1..=BYTES_MAX).contains(&metadata.len())).then_some((
                rank,
                metadata.len(),
                path,
            ))
        })
        .collect();
    candidates.sort_by_key(|(rank, n_bytes, _)| (*rank, std::cmp::Reverse(*n_bytes)));
    candidates.into_iter().find_map(|(_, _, path)| {
        let mut bytes = Vec::new();
        std::fs::File::open(path).ok()?.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
        is_image(&bytes).then_some(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_named_image_wins_then_the_largest() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, extra: usize| {
            let bytes = [&b"\xff\xd8\xff"[..], &vec![0; extra]].concat();
            std::fs::write(folder.path().join(name), &bytes).unwrap();
            bytes
        };
        assert_eq!(image_in(folder.path()), None);
        put("scan.jpg", 500);
        let front = put("Front.JPEG", 50);
        assert_eq!(image_in(folder.path()), Some(front));
        put("Cover.png", 10);
        let cover = put("COVER.jpg", 20);
        assert_eq!(image_in(folder.path()), Some(cover));
        std::fs::write(folder.path().join("cover.webp"), vec![b'x'; 400]).unwrap();
        assert!(image_in(folder.path()).unwrap().len() < 100, "it is no image");
    }
}
