//! What the journal asks of the file system: where the tests make a disk full, or a process die.
//!
//! A folder is opened once. From then on every operation has a file's name within it, and never a path: what its path
//! leads to may change.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

pub(crate) trait FileSystem: std::fmt::Debug + Send + Sync {
    /// Opens a folder, and makes it if it is not there, for its owner alone.
    fn hold(&self, dir: &Path) -> io::Result<Box<dyn Folder>>;
}

/// A folder that is open. It is unlocked when it is dropped.
pub(crate) trait Folder: std::fmt::Debug + Send + Sync {
    /// Whether it was made when it was opened.
    fn is_new(&self) -> bool;
    /// What is known of the folder itself.
    fn look_at_itself(&self) -> io::Result<Facts>;
    /// The user who works here; none where files have no owners.
    fn user(&self) -> Option<u32>;
    /// Keeps others out.
    fn lock(&mut self) -> Result<(), TryLockError>;
    /// Lets others in again.
    fn unlock(&mut self);
    /// Whether it is still there.
    fn place(&self) -> io::Result<Place>;
    /// The folder that has the name of this one now. It is made if there is none.
    fn anew(&self) -> io::Result<Box<dyn Folder>>;
    /// Of all files in it.
    fn names(&self) -> io::Result<Vec<String>>;
    /// What has that name, without opening or following it.
    fn look(&self, name: &str) -> io::Result<Facts>;
    /// Never follows a link and never waits for another process.
    fn open(&self, name: &str) -> io::Result<(File, Facts)>;
    /// A file of that name that was not there before, for its owner alone.
    fn create(&self, name: &str) -> io::Result<File>;
    /// Takes from all others what they may do with a file that is open.
    fn keep_private(&self, _file: &File) -> io::Result<()> {
        Ok(())
    }
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;
    fn sync(&self, file: &File) -> io::Result<()>;
    fn sync_dir(&self) -> io::Result<()>;
    /// Makes the folder itself last.
    fn sync_parent(&self) -> io::Result<()>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// Whether a folder that is open is where it was.
#[cfg_attr(not(unix), allow(dead_code, reason = "only Unix tells them apart"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Here,
    /// Its name leads to another one or nowhere: it was renamed, or something is mounted over it.
    Elsewhere,
    /// It was removed.
    Gone,
    /// The file system does not know it any more, as after a server's restart. It may be there all the same.
    Stale,
}

/// What a name stands for.
#[cfg_attr(not(unix), allow(dead_code, reason = "only Unix tells them apart"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Fifo,
    Socket,
    Device,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) len: u64,
    /// How many names it has.
    pub(crate) names: u64,
    /// The user that has it; none where files have no owners.
    pub(crate) owner: Option<u32>,
    /// Whether others may do something with it.
    pub(crate) is_open_to_others: bool,
}

/// The operating system's.
#[derive(Debug)]
pub(crate) struct OsFileSystem;

impl FileSystem for OsFileSystem {
    fn hold(&self, dir: &Path) -> io::Result<Box<dyn Folder>> {
        #[cfg(unix)]
        let folder = super::held_folder::HeldFolder::open(dir)?;
        #[cfg(not(unix))]
        let folder = super::path_folder::PathFolder::open(dir)?;
        Ok(Box::new(folder))
    }
}

pub(super) fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)
}
