//! What parent and decode worker say to each other: one JSON line per job on the worker's
//! standard input; per job one JSON line on its standard output, followed by as many bytes of
//! cover as the line announces. Where the job says so, the worker first answers with the file's
//! hash alone and waits for `true` (its content is known) or `false`.

use domain::{
    loudness::{BlockHistogram, Loudness},
    music::AudioFacts,
};
use serde::{Deserialize, Serialize};

use crate::file::tags::Tags;

/// First line of a worker, so that a program that is none is told from a file that kills one.
pub(crate) const READY: &[u8] = b"melodyud decode worker 1\n";

/// Look into one file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Bytes of the path, in hexadecimal.
    pub path: String,
    /// Whether to ask, once the file is hashed, if it needs to be decoded at all.
    pub must_ask: bool,
}

/// What the file holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Answer {
    /// The question: is this content known?
    Hashed {
        content_hash: String,
    },
    /// It is, so it was not decoded.
    Known {
        content_hash: String,
    },
    Read(Box<Report>),
    Broken {
        reason: String,
        /// Whether another look at the same file may end better: the disk, the worker or the
        /// time failed, not the file.
        is_passing: bool,
    },
}

/// Everything about a file that decodes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    pub content_hash: String,
    pub tags: Tags,
    pub audio: AudioFacts,
    pub duration_ms: u64,
    pub loudness: Option<Loudness>,
    pub loudness_blocks: BlockHistogram,
    /// What is not quite right with it, in words.
    pub remark: Option<String>,
    /// Bytes of the embedded cover that follow; 0: none.
    pub cover_bytes: usize,
}
