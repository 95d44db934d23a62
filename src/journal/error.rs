//! Why the journal could not.

use std::io;
use std::path::{Path, PathBuf};

/// Why an operation on the [journal](crate::CloudWatchBuilder::with_journal) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system said no: the disk is full, say.
    #[error("could not {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With this file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// A journal is one process's, and one exporter's.
    #[error("the journal {} is in use by another process or exporter", dir.display())]
    Locked {
        /// The journal's folder.
        dir: PathBuf,
    },
    /// The file is not what was written.
    #[error("the record {} is damaged: {damage}", path.display())]
    Damaged {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        damage: String,
    },
    /// A later version of this crate wrote it, in a way that this version does not know.
    #[error("the record {} is of version {version}, which is later than this one's", path.display())]
    LaterVersion {
        /// The record's file.
        path: PathBuf,
        /// Its version.
        version: u8,
    },
    /// No number of older records dropped would make room for it.
    #[error(
        "a record of {len} bytes does not fit into the journal {} of {max_bytes} bytes",
        dir.display()
    )]
    TooLarge {
        /// The journal's folder.
        dir: PathBuf,
        /// The record's bytes.
        len: u64,
        /// The journal's bound.
        max_bytes: u64,
    },
    /// It was removed, or dropped to make room.
    #[error("the journal {} has no record {number}", dir.display())]
    NoSuchRecord {
        /// The journal's folder.
        dir: PathBuf,
        /// The record's number.
        number: u64,
    },
    /// More data come than the disk takes.
    #[error("the disk of the journal {} takes less than what comes", dir.display())]
    Behind {
        /// The journal's folder.
        dir: PathBuf,
    },
    /// The disk does not answer.
    #[error("the disk of the journal {} does not answer", dir.display())]
    Slow {
        /// The journal's folder.
        dir: PathBuf,
    },
    /// The journal's thread is gone.
    #[error("the journal {} is closed", dir.display())]
    Closed {
        /// The journal's folder.
        dir: PathBuf,
    },
}

impl JournalError {
    pub(crate) fn io(action: &'static str, path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io {
            action,
            path,
            reason,
        }
    }
}
