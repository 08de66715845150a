//! Reading a file to a client: no further than it takes, and never bytes of another file.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use futures::Stream;

/// The first piece is small, so that it leaves at once; it still holds the headers and the first
/// moments of any format.
const FIRST_PIECE_BYTES: usize = 32 << 10;

/// Pieces after it.
const PIECE_BYTES: usize = 256 << 10;

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub size_bytes: u64,
    pub mtime_us: i64,
}

/// The stamp of an open file; `None` where it is no regular file.
pub fn stamp(file: &File) -> io::Result<Option<Stamp>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let modified = metadata.modified()?;
    let mtime_us = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    };
    Ok(Some(Stamp { size_bytes: metadata.len(), mtime_us }))
}

/// The bytes of a range, piece by piece, each read when it is asked for: a client that does not
/// read holds no thread and no memory.
///
/// The file is looked at again before each piece is passed on: where it changed under us, or
/// ends early, the stream ends with an error, which breaks the response off; the client sees
/// that it is incomplete.
pub fn read(
    file: File,
    range: Range<u64>,
    stamp_expected: Stamp,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let reading = Reading { file, range, piece_bytes: FIRST_PIECE_BYTES, stamp_expected };
    futures::stream::try_unfold(reading, |reading| async move {
        if reading.range.is_empty() {
            return Ok(None);
        }
        let next = tokio::task::spawn_blocking(|| reading.next());
        let next = next.await.map_err(io::Error::other).flatten();
        next.map(Some).inspect_err(|error| {
            tracing::warn!(error = error as &dyn std::error::Error, "delivery broke off");
        })
    })
}

/// A range that is being read.
struct Reading {
    file: File,
    /// What is left of it.
    range: Range<u64>,
    piece_bytes: usize,
    stamp_expected: Stamp,
}

impl Reading {
    fn next(mut self) -> io::Result<(Bytes, Self)> {
        let left = self.range.end - self.range.start;
        let mut piece = vec![0; self.piece_bytes.min(usize::try_from(left).unwrap_or(usize::MAX))];
        self.file.seek(SeekFrom::Start(self.range.start))?;
        self.file.read_exact(&mut piece)?;
        if stamp(&self.file)? != Some(self.stamp_expected) {
            return Err(io::Error::other("the file changed while it was delivered"));
        }
        self.range.start += piece.len() as u64;
        self.piece_bytes = PIECE_BYTES;
        Ok((piece.into(), self))
    }
}
