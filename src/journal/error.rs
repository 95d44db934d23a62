//! Why the spool could not.

use crate::journal::EntryId;
use std::io;
use std::path::{Path, PathBuf};

/// Why an operation on the spool failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The system said no: the disk is full, say.
    #[error("could not {action} {}: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With this file or directory.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// A spool is one process's, and one exporter's.
    #[error("the spool {} is in use by another process or exporter", dir.display())]
    Locked {
        /// The spool's directory.
        dir: PathBuf,
    },
    /// The file is not what was written.
    #[error("the entry {} is damaged: {damage}", path.display())]
    Damaged {
        /// The entry's file.
        path: PathBuf,
        /// What is wrong with it.
        damage: String,
    },
    /// No number of older entries dropped would make room for it.
    #[error(
        "an entry of {len} bytes does not fit into the spool {} of {max_bytes} bytes",
        dir.display()
    )]
    TooLarge {
        /// The spool's directory.
        dir: PathBuf,
        /// The entry's bytes.
        len: u64,
        /// The spool's bound.
        max_bytes: u64,
    },
    /// It was removed, or dropped to make room.
    #[error("the spool {} has no entry {id}", dir.display())]
    NoSuchEntry {
        /// The spool's directory.
        dir: PathBuf,
        /// The entry's number.
        id: u64,
    },
    /// The disk does not answer.
    #[error("the disk of the spool {} does not answer", dir.display())]
    Slow {
        /// The spool's directory.
        dir: PathBuf,
    },
    /// The spool's thread is gone.
    #[error("the spool {} is closed", dir.display())]
    Closed {
        /// The spool's directory.
        dir: PathBuf,
    },
}

impl SpoolError {
    pub(crate) fn io(action: &'static str, path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io {
            action,
            path,
            reason,
        }
    }
}

/// Why an entry could not be appended.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct AppendError {
    /// What had gone for it before that, oldest first.
    pub(crate) dropped: Vec<EntryId>,
    pub(crate) reason: SpoolError,
}
