//! Looks into one file: its hash, tags, cover, sound. Runs in the decode worker, since files
//! are hostile until decoded.

mod decode;
mod meter;
mod mp4;
pub(crate) mod tags;

use std::{
    fs::File,
    io::{Cursor, Read as _, Seek as _, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use symphonia::core::io::MediaSource;

use crate::{
    paths,
    protocol::{Answer, Report},
};

/// Files up to this size are read once, whole; larger ones once for the hash and once, from the
/// system's cache, for the sound.
const IN_MEMORY_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// Bytes read at once where a file is not held whole.
const READ_BYTES: usize = 1024 * 1024;
/// Bytes at the start of a file by which its kind is told.
const HEAD_BYTES: usize = 12;

/// Why a file is of no use.
#[derive(Debug)]
pub(crate) struct Flaw {
    reason: String,
    is_passing: bool,
}

impl Flaw {
    /// The disk's trouble, not the file's.
    fn unreadable(error: &std::io::Error) -> Self {
        Self { reason: format!("it cannot be read: {error}"), is_passing: true }
    }
}

impl From<String> for Flaw {
    fn from(reason: String) -> Self {
        Self { reason, is_passing: false }
    }
}

impl From<&str> for Flaw {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// The answer, and the embedded cover. A file is not decoded when `is_known` says so of its hash.
pub(crate) fn examine(path: &Path, is_known: impl FnOnce(&str) -> bool) -> (Answer, Vec<u8>) {
    match try_examine(path, is_known) {
        Ok(examined) => examined,
        Err(Flaw { reason, is_passing }) => (Answer::Broken { reason, is_passing }, Vec::new()),
    }
}

fn try_examine(
    path: &Path,
    is_known: impl FnOnce(&str) -> bool,
) -> Result<(Answer, Vec<u8>), Flaw> {
    let unreadable = |error| Flaw::unreadable(&error);
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("it is not a file".into());
    }
    let content = Content::read(&mut file, metadata.len()).map_err(unreadable)?;
    if content.n_bytes == 0 {
        return Err("it is empty".into());
    }
    let content_hash = paths::hex(content.hash.as_bytes());
    if is_known(&content_hash) {
        return Ok((Answer::Known { content_hash }, Vec::new()));
    }
    let is_id3v2_3 = content.head.starts_with(b"ID3\x03");
    let extension =
        path.extension().map_or(String::new(), |ext| ext.to_string_lossy().to_lowercase());
    // Both libraries have panicked on hostile files before; a file may cost its own tags or
    // itself, never the worker.
    let mut found = catch_unwind(AssertUnwindSafe(|| match &content.bytes {
        Some(bytes) => tags::find(Cursor::new(bytes.as_slice()), &extension),
        None => tags::find(&file, &extension),
    }))
    .unwrap_or_default();
    let pictures_max = if found.is_empty() { tags::COVER_BYTES_MAX } else { 0 };
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let source: Box<dyn MediaSource + '_> = if let Some(bytes) = &content.bytes {
            Box::new(Cursor::new(bytes.as_slice()))
        } else {
            file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            Box::new(file.try_clone().map_err(unreadable)?)
        };
        decode::decode(source, &extension, content.n_bytes, pictures_max, || match &content.bytes {
            Some(bytes) => mp4::playable(Cursor::new(bytes.as_slice())).ok().flatten(),
            // A handle of its own: clones share their position.
            None => mp4::playable(File::open(path).ok()?).ok().flatten(),
        })
    }))
    .unwrap_or_else(|_| Err("the decoder gave up on it".into()))
    .map_err(|flaw| {
        if flaw.reason == decode::NOT_AUDIO && content.is_marked_as_audio() {
            "it is cut off or damaged: what kind of audio it is can be seen, but not how to read it"
                .into()
        } else {
            flaw
        }
    })?;

    found.extend(decoded.tags);
    let has_tags = !found.is_empty();
    let (tags, cover) = tags::sum_up(&found, is_id3v2_3);
    let cover = cover.unwrap_or_default();
    let remark = decoded.remark.or_else(|| {
        (content.head.starts_with(b"ID3") && !has_tags)
            .then(|| "its tags cannot be read".to_owned())
    });
    let report = Report {
        content_hash,
        audio: decoded.audio,
        duration_ms: decoded.duration_ms,
        loudness: decoded.measured.loudness.or(tags.tagged_loudness),
        loudness_blocks: decoded.measured.blocks,
        tags,
        remark,
        cover_bytes: cover.len(),
    };
    Ok((Answer::Read(Box::new(report)), cover))
}

/// A file's bytes, where they fit, and their hash.
struct Content {
    bytes: Option<Vec<u8>>,
    head: [u8; HEAD_BYTES],
    n_bytes: u64,
    hash: blake3::Hash,
}

impl Content {
    fn read(file: &mut File, size_bytes: u64) -> std::io::Result<Self> {
        if size_bytes <= IN_MEMORY_BYTES_MAX {
            let mut bytes = Vec::with_capacity(size_bytes as usize);
            // It may have grown since: never more than was allowed.
            file.take(IN_MEMORY_BYTES_MAX).read_to_end(&mut bytes)?;
            let mut head = [0; HEAD_BYTES];
            let n_head = bytes.len().min(HEAD_BYTES);
            head[..n_head].copy_from_slice(&bytes[..n_head]);
            let hash = blake3::hash(&bytes);
            return Ok(Self { n_bytes: bytes.len() as u64, head, hash, bytes: Some(bytes) });
        }
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; READ_BYTES];
        let mut head = [0; HEAD_BYTES];
        let mut n_bytes = 0_u64;
        loop {
            let n = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if n_bytes == 0 {
                let n_head = n.min(HEAD_BYTES);
                head[..n_head].copy_from_slice(&buffer[..n_head]);
            }
            hasher.update(&buffer[..n]);
            n_bytes += n as u64;
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { bytes: None, head, n_bytes, hash: hasher.finalize() })
    }

    /// By the marks that stand at the start of FLAC, Ogg, WAV, AIFF and MP4.
    fn is_marked_as_audio(&self) -> bool {
        let (start, kind) = (&self.head[..4], &self.head[8..]);
        start == b"fLaC" && self.n_bytes > 4
            || start == b"OggS"
            || start == b"RIFF" && kind == b"WAVE"
            || start == b"FORM" && kind.starts_with(b"AIF")
            || &self.head[4..8] == b"ftyp"
    }
}
