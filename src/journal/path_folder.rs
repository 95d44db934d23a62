//! A folder by its path, where a system has no operations relative to a folder that is open.

use crate::journal::file_system::{Facts, Folder, Kind, Place};
use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct PathFolder {
    /// From the root: another working folder changes nothing.
    dir: PathBuf,
    lock: Option<File>,
    is_new: bool,
}

impl PathFolder {
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let is_new = !dir.is_dir();
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.canonicalize()?,
            lock: None,
            is_new,
        })
    }
}

impl Folder for PathFolder {
    fn is_new(&self) -> bool {
        self.is_new
    }

    fn look_at_itself(&self) -> io::Result<Facts> {
        fs::metadata(&self.dir).map(|found| facts(&found))
    }

    fn user(&self) -> Option<u32> {
        None
    }

    /// A name in it, as folders cannot be opened as files.
    fn lock(&mut self) -> Result<(), TryLockError> {
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        let path = self.dir.join("lock");
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            let what = io::Error::other("its name `lock` is not a regular file");
            return Err(TryLockError::Error(what));
        }
        let file = options.open(path).map_err(TryLockError::Error)?;
        file.try_lock()?;
        self.lock = Some(file);
        Ok(())
    }

    fn unlock(&mut self) {
        // Closing is not enough where a process that is being spawned has the file open as well.
        if let Some(lock) = self.lock.take() {
            _ = lock.unlock();
        }
    }

    fn place(&self) -> io::Result<Place> {
        let is_there = self.dir.try_exists()?;
        Ok(if is_there { Place::Here } else { Place::Gone })
    }

    fn anew(&self) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(Self::open(&self.dir)?))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for file in fs::read_dir(&self.dir)? {
            names.extend(file?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn look(&self, name: &str) -> io::Result<Facts> {
        let found = fs::symlink_metadata(self.dir.join(name))?;
        Ok(facts(&found))
    }

    fn open(&self, name: &str) -> io::Result<(File, Facts)> {
        let file = File::open(self.dir.join(name))?;
        let found = file.metadata()?;
        Ok((file, facts(&found)))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        File::create_new(self.dir.join(name))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        super::file_system::write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_parent(&self) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }
}

impl Drop for PathFolder {
    fn drop(&mut self) {
        self.unlock();
    }
}

fn facts(found: &Metadata) -> Facts {
    let kind = if found.is_file() {
        Kind::File
    } else if found.is_dir() {
        Kind::Folder
    } else if found.is_symlink() {
        Kind::Link
    } else {
        Kind::Device
    };
    Facts {
        kind,
        len: found.len(),
        names: 1,
        owner: None,
        is_open_to_others: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::file_system::FileSystem;
    use crate::journal::tests::scratch::Scratch;
    use crate::journal::{Journal, JournalError};

    #[derive(Debug)]
    struct ByPath;

    impl FileSystem for ByPath {
        fn hold(&self, dir: &Path) -> io::Result<Box<dyn Folder>> {
            Ok(Box::new(PathFolder::open(dir)?))
        }
    }

    #[test]
    fn a_journal_by_path() {
        let scratch = Scratch::new();
        let (mut journal, _) = Journal::open_on(ByPath, &scratch.dir(), 1 << 20).unwrap();
        let error = Journal::open_on(ByPath, &scratch.dir(), 1 << 20).unwrap_err();
        assert!(matches!(error, JournalError::Locked { .. }), "{error}");
        for number in 1..=3 {
            assert!(journal.write(number, b"payload", false).error.is_none());
        }
        journal.mark(2).unwrap();
        journal.remove(3).unwrap();
        drop(journal);
        let (journal, recovered) = Journal::open_on(ByPath, &scratch.dir(), 1 << 20).unwrap();
        let begun: Vec<bool> = recovered.records.iter().map(|one| one.is_begun).collect();
        assert_eq!(begun, [false, true]);
        assert_eq!(journal.read(1).unwrap(), b"payload");
    }

    #[test]
    fn one_that_was_removed_is_made_anew() {
        let scratch = Scratch::new();
        let (mut journal, _) = Journal::open_on(ByPath, &scratch.dir(), 1 << 20).unwrap();
        fs::remove_dir_all(scratch.dir()).unwrap();
        assert!(journal.write(1, b"payload", false).error.is_none());
        assert_eq!(scratch.names(), ["0000000000000001.record"]);
    }
}
