//! Why the journal could not.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why an operation on the [journal](crate::CloudWatchBuilder::with_journal) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system said no: the disk is full, say.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With this file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
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
    /// What has the name of a record is none of this journal's. It stays where it is.
    #[error("{} is no record of this journal: it is {what}", path.display())]
    Refused {
        /// What has the name.
        path: PathBuf,
        /// What it is.
        what: &'static str,
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
    /// For the log, which shows no sources.
    pub(crate) fn with_reason(&self) -> impl fmt::Display {
        fmt::from_fn(move |f| match self.source() {
            Some(reason) => write!(f, "{self}: {reason}"),
            None => fmt::Display::fmt(self, f),
        })
    }

    pub(crate) fn io(action: &'static str, path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io {
            action,
            path,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_said_is_the_source() {
        let error = JournalError::io("open", Path::new("a"), io::Error::other("no"));
        assert_eq!(error.to_string(), "could not open a");
        assert_eq!(error.source().unwrap().to_string(), "no");
        assert_eq!(error.with_reason().to_string(), "could not open a: no");
        let dir = PathBuf::from("a");
        let closed = JournalError::Closed { dir };
        assert!(closed.source().is_none());
        assert_eq!(closed.with_reason().to_string(), "the journal a is closed");
    }
}
