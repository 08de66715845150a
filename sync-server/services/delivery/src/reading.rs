//! Reading a file to a client: a piece ahead, never more, and never bytes of another file.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    time::UNIX_EPOCH,
};

use bytes::Bytes;
use futures::Stream;
use tokio::sync::mpsc;

/// The first piece is small, so that it leaves at once; it still holds the headers and the first
/// moments of any format.
const FIRST_PIECE_BYTES: usize = 32 << 10;

/// Pieces after it.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces read ahead of the client.
const AHEAD: usize = 2;

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

/// The bytes of a range, piece by piece, read on a thread of their own.
///
/// Reading waits while the client has [`AHEAD`] pieces to take, and stops when the stream is
/// dropped. The file is looked at again before each piece is passed on: where it changed under
/// us, or ends early, the stream ends with an error, which breaks the response off; the client
/// sees that it is incomplete.
pub fn read(
    mut file: File,
    range: Range<u64>,
    stamp_expected: Stamp,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_into(&sender, &mut file, range, stamp_expected) {
            tracing::warn!(error = &error as &dyn std::error::Error, "delivery broke off");
            // The client may have left as well.
            let _ = sender.blocking_send(Err(error));
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
}

fn read_into(
    sender: &mpsc::Sender<io::Result<Bytes>>,
    file: &mut File,
    range: Range<u64>,
    stamp_expected: Stamp,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(range.start))?;
    let mut left = range.end - range.start;
    let mut piece_bytes = FIRST_PIECE_BYTES;
    while left > 0 {
        let n = piece_bytes.min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut piece = vec![0; n];
        file.read_exact(&mut piece)?;
        if stamp(file)? != Some(stamp_expected) {
            return Err(io::Error::other("the file changed while it was delivered"));
        }
        left -= n as u64;
        piece_bytes = PIECE_BYTES;
        if sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
