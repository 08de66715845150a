//! Verifying a file of the log, without the server that wrote it.
//!
//! A file comes from anywhere: lines are bounded, every line has one form only, and nothing is
//! kept but the right edge of the tree.

use std::io::{self, BufRead, Read as _};

use signed_note::{Checkpoint, NoteError, VerifyingKey};

use crate::{
    line::{Dropped, FORMAT, Header, Kept, LINE_BYTES_MAX, Line, Signed, VERSION},
    merkle::{Frontier, Hash},
};

/// What a good file comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What its last checkpoint says. To know that the file is the latest, compare it with a
    /// checkpoint kept elsewhere.
    pub checkpoint: Checkpoint,
    /// Of the records, those whose content is gone.
    pub n_dropped: u64,
    pub n_checkpoints: u64,
    /// Of the checkpoints, the first ones: they were signed by keys before the one that was given,
    /// and vouch for nothing. The first one of the key that was given covers all that they cover.
    pub n_unverified: u64,
    /// The key that signed the last checkpoint: the one that was given, or where it handed over.
    pub key: VerifyingKey,
}

/// The first thing that is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("cannot read the file")]
    Read(#[source] io::Error),

    #[error("line 1 is not the beginning of an audit log that this program knows")]
    Header,

    #[error("the file is of the log {found}, the key of {expected}")]
    OtherLog { found: String, expected: String },

    #[error(
        "line {line} is not written as a record or a checkpoint is; record {seq} would be next"
    )]
    Line { line: u64, seq: u64 },

    #[error("line {line} has more than {LINE_BYTES_MAX} bytes; record {seq} would be next")]
    LineTooLong { line: u64, seq: u64 },

    #[error("line {line}: record {found} stands where record {expected} belongs")]
    OutOfOrder { line: u64, expected: u64, found: u64 },

    #[error("line {line}: the content of record {seq} is not what was recorded")]
    Content { line: u64, seq: u64 },

    #[error("line {line}: the checkpoint behind {n_records} records is not good")]
    Note {
        line: u64,
        n_records: u64,
        #[source]
        source: NoteError,
    },

    #[error("line {line}: a checkpoint of {found} records stands behind {expected}")]
    CheckpointPlace { line: u64, expected: u64, found: u64 },

    #[error("line {line}: a checkpoint is missing before that of {size} records")]
    CheckpointMissing { line: u64, size: u64 },

    #[error("{}", changed(*.first, *.last))]
    Changed {
        line: u64,
        /// Of the records since the last good checkpoint, one at least is not what was recorded.
        first: u64,
        last: u64,
    },

    #[error("the file is cut off: {n_records} records, of which checkpoints cover {n_covered}")]
    Truncated { n_records: u64, n_covered: u64 },
}

/// Verifies a file with a key of its log: the one it began with, or a later one. Where the key hands
/// over to another, that one is followed.
///
/// # Errors
/// The first fault, with the record it is about.
pub fn verify_file(mut reader: impl BufRead, key: &VerifyingKey) -> Result<Verified, Fault> {
    let mut walk = Walk {
        key: key.clone(),
        line: 0,
        tree: Frontier::default(),
        last: None,
        before_key: None,
        n_dropped: 0,
        n_checkpoints: 0,
        n_unverified: 0,
    };
    let mut line = Vec::new();
    while walk.read_line(&mut reader, &mut line)? {
        walk.take(&line)?;
    }
    walk.end()
}

/// How far verifying has come.
struct Walk {
    /// The key whose turn it is.
    key: VerifyingKey,
    /// Number of the line at hand, from 1.
    line: u64,
    tree: Frontier,
    /// The last good checkpoint.
    last: Option<Checkpoint>,
    /// The first checkpoint by another key: one before ours, unless ours never comes.
    before_key: Option<Fault>,
    n_dropped: u64,
    n_checkpoints: u64,
    n_unverified: u64,
}

impl Walk {
    /// The next line without its break; `false` at the end.
    fn read_line(&mut self, reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Fault> {
        line.clear();
        let mut bounded = reader.take(LINE_BYTES_MAX as u64 + 1);
        bounded.read_until(b'\n', line).map_err(Fault::Read)?;
        if line.is_empty() {
            return Ok(false);
        }
        self.line += 1;
        if line.pop_if(|byte| *byte == b'\n').is_some() {
            return Ok(true);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(Fault::LineTooLong { line: self.line, seq: self.tree.size() });
        }
        Err(self.truncated())
    }

    fn take(&mut self, text: &[u8]) -> Result<(), Fault> {
        let parsed = Line::parse(text);
        match (self.line, parsed) {
            (1, Some(Line::Header(header))) => self.take_header(header),
            (1, _) => Err(Fault::Header),
            (_, Some(Line::Record(kept))) => self.take_record(&kept),
            (_, Some(Line::Dropped(dropped))) => self.take_dropped(&dropped),
            (_, Some(Line::Checkpoint(signed))) => self.take_checkpoint(&signed),
            _ => Err(Fault::Line { line: self.line, seq: self.tree.size() }),
        }
    }

    fn take_header(&self, header: Header) -> Result<(), Fault> {
        if header.format != FORMAT || header.version != VERSION {
            return Err(Fault::Header);
        }
        if header.origin != self.key.name() {
            let expected = self.key.name().to_owned();
            return Err(Fault::OtherLog { found: header.origin, expected });
        }
        Ok(())
    }

    fn take_record(&mut self, kept: &Kept) -> Result<(), Fault> {
        let seq = kept.record.seq;
        self.check_order(seq)?;
        if kept.record.leaf() != kept.leaf {
            return Err(Fault::Content { line: self.line, seq });
        }
        self.grow(kept.leaf);
        Ok(())
    }

    fn take_dropped(&mut self, dropped: &Dropped) -> Result<(), Fault> {
        self.check_order(dropped.seq)?;
        self.n_dropped += 1;
        self.grow(dropped.leaf);
        Ok(())
    }

    fn take_checkpoint(&mut self, signed: &Signed) -> Result<(), Fault> {
        let (line, size) = (self.line, self.tree.size());
        let checkpoint = self.open_note(&signed.checkpoint)?;
        if checkpoint.size != size {
            return Err(Fault::CheckpointPlace { line, expected: size, found: checkpoint.size });
        }
        // Of one size there is one checkpoint; the next covers more.
        let last = self.last.as_ref().map(|last| last.size);
        if signed.previous != last || last == Some(size) {
            return Err(Fault::CheckpointMissing { line, size });
        }
        if checkpoint.root != self.tree.root() {
            let first = last.unwrap_or(0);
            return Err(Fault::Changed { line, first, last: size.saturating_sub(1) });
        }
        self.n_checkpoints += 1;
        self.last = Some(checkpoint);
        Ok(())
    }

    /// What the note says, signed by the key whose turn it is. Before the first one of that key,
    /// there may be those of earlier ones.
    fn open_note(&mut self, note: &str) -> Result<Checkpoint, Fault> {
        let fault = |source| Fault::Note { line: self.line, n_records: self.tree.size(), source };
        let is_before = self.n_checkpoints == self.n_unverified;
        match Checkpoint::open(note, &self.key) {
            Ok(opened) => {
                // Others are before it only where it takes over from one of them.
                if is_before
                    && !opened.takes_over
                    && let Some(fault) = self.before_key.take()
                {
                    return Err(fault);
                }
                if let Some(next) = opened.next_key {
                    self.key = next;
                }
                Ok(opened.checkpoint)
            }
            Err(NoteError::OtherKey) if is_before => {
                let claimed = Checkpoint::read(note).map_err(fault)?;
                if claimed.origin != self.key.name() {
                    return Err(fault(NoteError::OtherKey));
                }
                if self.before_key.is_none() {
                    self.before_key = Some(fault(NoteError::OtherKey));
                }
                self.n_unverified += 1;
                Ok(claimed)
            }
            Err(source) => Err(fault(source)),
        }
    }

    fn end(self) -> Result<Verified, Fault> {
        let truncated = self.truncated();
        if self.n_unverified == self.n_checkpoints
            && let Some(fault) = self.before_key
        {
            return Err(fault);
        }
        match self.last {
            Some(checkpoint) if checkpoint.size == self.tree.size() => Ok(Verified {
                checkpoint,
                n_dropped: self.n_dropped,
                n_checkpoints: self.n_checkpoints,
                n_unverified: self.n_unverified,
                key: self.key,
            }),
            _ => Err(truncated),
        }
    }

    fn check_order(&self, found: u64) -> Result<(), Fault> {
        let expected = self.tree.size();
        if found == expected {
            return Ok(());
        }
        Err(Fault::OutOfOrder { line: self.line, expected, found })
    }

    fn grow(&mut self, leaf: Hash) {
        self.tree.push(leaf, |_, _| {});
    }

    fn truncated(&self) -> Fault {
        let n_covered = self.last.as_ref().map_or(0, |last| last.size);
        Fault::Truncated { n_records: self.tree.size(), n_covered }
    }
}

fn changed(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} is not what was recorded")
    } else {
        format!("one of the records {first} to {last} is not what was recorded")
    }
}
