//! What a file system does not have: network file systems cannot sync a folder, or lock, or rename. Such an answer is not
//! a broken disk. The record is kept, and what is not guaranteed is said once.

use std::cell::Cell;
use std::io;
use std::path::Path;

/// An operation that a file system may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    SyncFolder,
    SyncFile,
    Lock,
    Rename,
}

impl Operation {
    fn without(self) -> &'static str {
        match self {
            Self::SyncFolder => {
                "it cannot sync folders; after a loss of power a record may be missing, or may not say that it was tried"
            }
            Self::SyncFile => {
                "it cannot sync files; after a loss of power a record may be missing or damaged"
            }
            Self::Lock => "it cannot lock; nothing keeps a second process out of the journal",
            Self::Rename => {
                "it cannot rename; a process that is killed while it writes a record leaves a damaged one"
            }
        }
    }
}

/// What was said already.
#[derive(Debug, Default)]
pub(super) struct NotThere(Cell<[bool; 4]>);

impl NotThere {
    /// What was done, or all right without it, where the file system does not have it.
    pub(super) fn or_without(
        &self,
        operation: Operation,
        dir: &Path,
        done: io::Result<()>,
    ) -> io::Result<()> {
        match done {
            Err(error) if is_not_there(&error) => {
                self.say(operation, dir, &error);
                Ok(())
            }
            done => done,
        }
    }

    pub(super) fn say(&self, operation: Operation, dir: &Path, error: &io::Error) {
        let mut said = self.0.get();
        if !std::mem::replace(&mut said[operation as usize], true) {
            self.0.set(said);
            let without = operation.without();
            tracing::warn!(dir = %dir.display(), %error, "the journal's file system does not do all it should: {without}");
        }
    }
}

/// `EINVAL`, `ENOTSUP`, `EOPNOTSUPP` and `ENOSYS`, where they come from an operation that had nothing else to refuse.
pub(super) fn is_not_there(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}
