//! A folder by its descriptor: a path may lead elsewhere later, a descriptor does not.

use crate::journal::file_system::{Facts, Folder, Kind, Place};
use rustix::fs::{self as unix, AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// The name that the first builds locked, and that one of them still might.
const LOCK: &str = "lock";

#[derive(Debug)]
pub(super) struct HeldFolder {
    /// Locked itself: who deletes a name in it lets nobody in.
    dir: File,
    /// Where it was found, and its name there; none for what has no name, as the root.
    parent: Option<(File, OsString)>,
    lock: Option<File>,
    is_locked: bool,
    is_new: bool,
}

impl HeldFolder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::empty();
        let (dir, is_new) = match open_dir(CWD, path, flags) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().filter(|one| !one.as_os_str().is_empty());
                parent.map_or(Ok(()), std::fs::create_dir_all)?;
                let is_new = make_dir(CWD, path.as_os_str())?;
                (open_dir(CWD, path, flags)?, is_new)
            }
            dir => (dir?, false),
        };
        let mut folder = Self::of(dir, is_new);
        folder.parent = parent_of(path).filter(|(parent, name)| {
            // It may have been replaced in between.
            same(&folder.dir, parent, name).unwrap_or(false)
        });
        Ok(folder)
    }

    fn of(dir: File, is_new: bool) -> Self {
        Self {
            dir,
            parent: None,
            lock: None,
            is_locked: false,
            is_new,
        }
    }

    fn stat(&self, name: &str) -> io::Result<Facts> {
        let stat = unix::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(facts(&stat))
    }

    /// A file to lock beside the folder itself: where the build before runs, and where the file system locks files for
    /// all machines but folders for one of them, as NFS does.
    fn lock_name(&mut self) -> Result<(), TryLockError> {
        let opened = self.open_lock();
        let file = match opened {
            Ok(file) => file,
            Err(error) if self.is_locked => {
                tracing::warn!(%error, "the journal's file `lock` cannot be used; the folder itself is locked");
                return Ok(());
            }
            Err(error) => return Err(TryLockError::Error(error)),
        };
        match file.try_lock() {
            Err(TryLockError::Error(_)) if self.is_locked => {}
            locked => {
                locked?;
                self.is_locked = true;
                self.lock = Some(file);
            }
        }
        Ok(())
    }

    fn open_lock(&self) -> io::Result<File> {
        // Without a writer's rights NFS gives no lock for one holder alone.
        let flags = OFlags::WRONLY | OFlags::CREATE;
        let file = open_file(&self.dir, LOCK, flags)?;
        let facts = facts(&unix::fstat(&file)?);
        if facts.kind == Kind::File {
            if facts.is_open_to_others {
                // Who can open it can lock it. Another user's stays as it is.
                _ = self.keep_private(&file);
            }
            Ok(file)
        } else {
            Err(io::Error::other("it is not a regular file"))
        }
    }
}

impl Folder for HeldFolder {
    fn is_new(&self) -> bool {
        self.is_new
    }

    fn look_at_itself(&self) -> io::Result<Facts> {
        Ok(facts(&unix::fstat(&self.dir)?))
    }

    fn user(&self) -> Option<u32> {
        Some(rustix::process::geteuid().as_raw())
    }

    fn lock(&mut self) -> Result<(), TryLockError> {
        match self.dir.try_lock() {
            Ok(()) => self.is_locked = true,
            // No lock for folders, or for those who can only read, or no server for locks.
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {}
            Err(error) => return Err(error),
        }
        self.lock_name()
    }

    fn unlock(&mut self) {
        // Closing is not enough: a process that is being spawned has the files open as well, until it gets to be
        // another program.
        if std::mem::take(&mut self.is_locked) {
            _ = self.dir.unlock();
        }
        // In this order: when the name is free, so is the folder.
        if let Some(lock) = self.lock.take() {
            _ = lock.unlock();
        }
    }

    fn place(&self) -> io::Result<Place> {
        let is_gone = match unix::fstat(&self.dir) {
            Ok(stat) => facts(&stat).names == 0,
            Err(Errno::STALE) => return Ok(Place::Stale),
            Err(Errno::NOENT) => true,
            Err(error) => return Err(error.into()),
        };
        if is_gone {
            return Ok(Place::Gone);
        }
        let is_here = match &self.parent {
            Some((parent, name)) => same(&self.dir, parent, name)?,
            None => true,
        };
        Ok(if is_here {
            Place::Here
        } else {
            Place::Elsewhere
        })
    }

    fn anew(&self) -> io::Result<Box<dyn Folder>> {
        let Some((parent, name)) = &self.parent else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let is_new = make_dir(parent, name)?;
        // What was a folder before is one now, too, and no link to another.
        let dir = open_dir(parent, Path::new(name), OFlags::NOFOLLOW)?;
        let mut folder = Self::of(dir, is_new);
        folder.parent = Some((parent.try_clone()?, name.clone()));
        Ok(Box::new(folder))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in unix::Dir::read_from(&self.dir)? {
            // Ours are ASCII.
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn look(&self, name: &str) -> io::Result<Facts> {
        self.stat(name)
    }

    fn open(&self, name: &str) -> io::Result<(File, Facts)> {
        let file = open_file(&self.dir, name, OFlags::RDONLY)?;
        let facts = facts(&unix::fstat(&file)?);
        Ok((file, facts))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        open_file(&self.dir, name, new)
    }

    fn keep_private(&self, file: &File) -> io::Result<()> {
        Ok(unix::fchmod(file, Mode::RUSR | Mode::WUSR)?)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        super::file_system::write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    fn sync_parent(&self) -> io::Result<()> {
        match &self.parent {
            Some((parent, _)) => parent.sync_all(),
            None => Ok(()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(unix::renameat(&self.dir, from, &self.dir, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unix::unlinkat(&self.dir, name, AtFlags::empty())?)
    }
}

impl Drop for HeldFolder {
    fn drop(&mut self) {
        self.unlock();
    }
}

fn open_dir(at: impl AsFd, path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(unix::openat(at, path, flags, Mode::empty())?.into())
}

fn open_file(dir: &File, name: &str, flags: OFlags) -> io::Result<File> {
    let never = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let for_owner = Mode::RUSR | Mode::WUSR;
    Ok(unix::openat(dir, name, flags | never, for_owner)?.into())
}

/// Whether it was not there.
fn make_dir(at: impl AsFd, path: &OsStr) -> io::Result<bool> {
    match unix::mkdirat(at, path, Mode::RWXU) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn parent_of(path: &Path) -> Option<(File, OsString)> {
    // Links within the path are followed now, and not once more.
    let path = path.canonicalize().ok()?;
    let (parent, name) = (path.parent()?, path.file_name()?);
    let parent = open_dir(CWD, parent, OFlags::empty()).ok()?;
    Some((parent, name.to_owned()))
}

/// Whether a name leads to this folder.
fn same(dir: &File, parent: &File, name: &OsStr) -> io::Result<bool> {
    let held = unix::fstat(dir)?;
    match unix::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(named) => Ok((held.st_dev, held.st_ino) == (named.st_dev, named.st_ino)),
        Err(Errno::NOENT | Errno::STALE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn has_no_locks(error: &io::Error) -> bool {
    let no_locks = [Errno::BADF, Errno::NOLCK].map(|one| Some(one.raw_os_error()));
    super::not_there::is_not_there(error) || no_locks.contains(&error.raw_os_error())
}

// The types of the fields differ among systems.
#[allow(
    clippy::cast_lossless,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast
)]
fn facts(stat: &Stat) -> Facts {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    };
    Facts {
        kind,
        len: stat.st_size as u64,
        names: stat.st_nlink as u64,
        owner: Some(stat.st_uid),
        is_open_to_others: Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::scratch::Scratch;

    /// A process that is being spawned has all our files open for a moment.
    #[test]
    fn free_even_if_it_is_open_elsewhere() {
        let scratch = Scratch::new();
        let mut folder = HeldFolder::open(&scratch.dir()).unwrap();
        folder.lock().unwrap();
        let lock = folder.lock.as_ref().unwrap();
        let elsewhere = [&folder.dir, lock].map(|file| file.try_clone().unwrap());
        let mut other = HeldFolder::open(&scratch.dir()).unwrap();
        assert!(matches!(other.lock(), Err(TryLockError::WouldBlock)));
        drop(folder);
        other.lock().unwrap();
        drop(elsewhere);
    }
}
