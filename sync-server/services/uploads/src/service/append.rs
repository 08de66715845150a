//! A piece comes in: written as it comes, and kept as far as it came, unless it has a checksum.

use std::time::Duration;

use bytes::Bytes;
use domain::{AccountId, UploadId};
use futures::{Stream, StreamExt as _};
use web::ApiError;

use super::{Service, Upload, blocking, upload};
use crate::{
    Error,
    folder::Part,
    turns::Held,
    tus::{self, Checksum},
};

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1024 * 1024;

/// A client that sends nothing for so long has lost its line.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// What a client does about an upload that is elsewhere than it thinks.
const GO_ON: &str = "Ask with HEAD how far it is, and go on from there.";

/// How a piece ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// As the client wanted.
    Whole,
    /// The line broke.
    Broken,
    /// Nothing came for too long.
    Idle,
    /// Somebody else goes on with the upload: mostly its client, by another line.
    Taken,
    /// The server stops.
    Stopped,
    /// There is more of it than the file is long.
    TooLong,
}

impl Service {
    /// Appends a piece that begins at `offset_bytes`. Where the line breaks, what came is kept;
    /// where it had a checksum, nothing of it is. What is answered is on the disk.
    ///
    /// May be dropped at any time: what was written by then is settled by whoever comes next.
    ///
    /// # Errors
    /// 409 where the upload is not there yet or further; 460 where the checksum does not match.
    pub async fn append<E>(
        &self,
        account: AccountId,
        id: UploadId,
        offset_bytes: u64,
        checksum: Option<&Checksum>,
        piece: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    ) -> Result<Upload, Error> {
        self.living(account, id).await?;
        let Some(_place) = self.places.take(account) else {
            let told = ApiError::unavailable("Too many files come in at the moment.", 5);
            return Err(told.into());
        };
        let held = self.turns.take(id).await?;
        let (mut row, size_bytes) = self.settled(account, id, &held).await?;
        if offset_bytes != size_bytes {
            return Err(
                ApiError::conflict(format!("The upload is at byte {size_bytes}."), GO_ON).into()
            );
        }
        let left_bytes = row.length_bytes - size_bytes;
        if left_bytes == 0 {
            return Ok(upload(&row, size_bytes));
        }
        // Before and after: the time of an upload is not over while something comes.
        self.store.postpone(account, id, self.expiry_us((self.clock)())).await?;
        if checksum.is_some() {
            self.store.begin_unproven(account, id, size_bytes).await?;
        }
        let folder = self.folder.clone();
        let algorithm = checksum.map(|checksum| checksum.algorithm);
        let of_part = held.clone();
        let part = blocking("open", move || Part::open(&folder, id, algorithm, of_part)).await?;
        let (mut part, n_bytes, end) = self.write(part, piece, left_bytes, &held).await?;

        let is_proven = checksum.is_none_or(|checksum| {
            end == End::Whole && part.digest().is_some_and(|digest| digest == checksum.digest)
        });
        let keeps = is_proven && end != End::TooLong;
        let size_bytes = if keeps { size_bytes + n_bytes } else { size_bytes };
        if keeps {
            blocking("sync", move || part.sync()).await?;
        } else {
            self.on_disk_held("shorten", &held, move |folder| folder.truncate(id, size_bytes))
                .await?;
        }
        if checksum.is_some() {
            self.store.end_unproven(account, id).await?;
        }
        let now_us = (self.clock)();
        row.expires_at_us = self.expiry_us(now_us);
        self.store.postpone(account, id, row.expires_at_us).await?;
        if size_bytes == row.length_bytes {
            self.store.complete(account, id, now_us).await?;
            tracing::info!(upload.id = %id, size_bytes, "upload complete");
        }
        let refused = match end {
            End::Whole if is_proven => return Ok(upload(&row, size_bytes)),
            End::Whole => ApiError::malformed(
                tus::checksum_mismatch(),
                "The piece does not add up to its checksum.",
                "Send it again.",
            ),
            End::Broken => ApiError::invalid("The piece ended before its time.", GO_ON),
            // No conflict, after which clients try again: two would take it from each other for
            // ever.
            End::Taken => ApiError::invalid("Another request went on with this upload.", GO_ON),
            End::Idle => ApiError::unavailable("Nothing came for too long.", 1).with_hint(GO_ON),
            End::Stopped => ApiError::unavailable("The server stops.", 5).with_hint(GO_ON),
            End::TooLong => tus::too_large(
                "There is more in the piece than the upload is long.",
                "Send as much as `upload-length` says.",
            ),
        };
        Err(refused.into())
    }

    /// Writes what comes, at most `left_bytes`. Answers how much was written.
    async fn write<E>(
        &self,
        mut part: Part,
        mut piece: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
        left_bytes: u64,
        held: &Held,
    ) -> Result<(Part, u64, End), Error> {
        let mut n_bytes = 0_u64;
        loop {
            let mut waiting: Vec<Bytes> = Vec::new();
            let mut n_waiting = 0_usize;
            let end = loop {
                let next = tokio::select! {
                    next = tokio::time::timeout(IDLE_TIMEOUT, piece.next()) => next,
                    () = held.give_way.cancelled() => break Some(End::Taken),
                    () = self.stopping.cancelled() => break Some(End::Stopped),
                };
                match next {
                    Ok(Some(Ok(bytes))) => {
                        n_waiting += bytes.len();
                        waiting.push(bytes);
                    }
                    Ok(None) => break Some(End::Whole),
                    Ok(Some(Err(_))) => break Some(End::Broken),
                    Err(_) => break Some(End::Idle),
                }
                if n_bytes + n_waiting as u64 > left_bytes {
                    // Not a byte of it: the client is mistaken about something.
                    return Ok((part, n_bytes, End::TooLong));
                }
                if n_waiting >= WRITE_BYTES {
                    break None;
                }
            };
            part = blocking("write to", move || part.append(&waiting).map(|()| part)).await?;
            n_bytes += n_waiting as u64;
            if let Some(end) = end {
                return Ok((part, n_bytes, end));
            }
        }
    }
}
