//! A file system that answers as a test says, in the stead of the system's or before it does.

use crate::journal::file_system::{Facts, FileSystem, Folder, OsFileSystem, Place};
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a folder is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Lock,
    /// Whether it is where it was.
    Place,
    Names,
    Look(&'a str),
    Open(&'a str),
    Create(&'a str),
    Write,
    Sync,
    SyncDir,
    SyncParent,
    Rename(&'a str, &'a str),
    Remove(&'a str),
}

type Answer = dyn Fn(Asked<'_>) -> io::Result<()> + Send + Sync;
type Owner = dyn Fn(&str) -> Option<u32> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Answering {
    answer: Arc<Answer>,
    owner: Arc<Owner>,
}

impl Answering {
    /// An error is the answer; otherwise the system is asked.
    pub(crate) fn by(answer: impl Fn(Asked<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            owner: Arc::new(|_| None),
        }
    }

    /// Says who has a file; the folder's own name is `.`. None is as the system has it.
    pub(crate) fn with_owners(
        mut self,
        owner: impl Fn(&str) -> Option<u32> + Send + Sync + 'static,
    ) -> Self {
        self.owner = Arc::new(owner);
        self
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

impl FileSystem for Answering {
    fn hold(&self, dir: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(AnsweringFolder {
            by: self.clone(),
            folder: OsFileSystem.hold(dir)?,
        }))
    }
}

#[derive(Debug)]
struct AnsweringFolder {
    by: Answering,
    folder: Box<dyn Folder>,
}

impl AnsweringFolder {
    fn ask(&self, asked: Asked<'_>) -> io::Result<()> {
        (self.by.answer)(asked)
    }

    fn owned(&self, name: &str, facts: Facts) -> Facts {
        let owner = (self.by.owner)(name).or(facts.owner);
        Facts { owner, ..facts }
    }
}

impl Folder for AnsweringFolder {
    fn is_new(&self) -> bool {
        self.folder.is_new()
    }

    fn look_at_itself(&self) -> io::Result<Facts> {
        Ok(self.owned(".", self.folder.look_at_itself()?))
    }

    fn user(&self) -> Option<u32> {
        self.folder.user()
    }

    fn lock(&mut self) -> Result<(), TryLockError> {
        self.ask(Asked::Lock).map_err(TryLockError::Error)?;
        self.folder.lock()
    }

    fn unlock(&mut self) {
        self.folder.unlock();
    }

    fn place(&self) -> io::Result<Place> {
        match self.ask(Asked::Place) {
            Ok(()) => self.folder.place(),
            Err(error) if error.kind() == io::ErrorKind::StaleNetworkFileHandle => Ok(Place::Stale),
            Err(error) => Err(error),
        }
    }

    fn anew(&self) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(Self {
            by: self.by.clone(),
            folder: self.folder.anew()?,
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.ask(Asked::Names)?;
        self.folder.names()
    }

    fn look(&self, name: &str) -> io::Result<Facts> {
        self.ask(Asked::Look(name))?;
        Ok(self.owned(name, self.folder.look(name)?))
    }

    fn open(&self, name: &str) -> io::Result<(File, Facts)> {
        self.ask(Asked::Open(name))?;
        let (file, facts) = self.folder.open(name)?;
        Ok((file, self.owned(name, facts)))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        self.ask(Asked::Create(name))?;
        self.folder.create(name)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.ask(Asked::Write)?;
        self.folder.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.ask(Asked::Sync)?;
        self.folder.sync(file)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.ask(Asked::SyncDir)?;
        self.folder.sync_dir()
    }

    fn sync_parent(&self) -> io::Result<()> {
        self.ask(Asked::SyncParent)?;
        self.folder.sync_parent()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.ask(Asked::Rename(from, to))?;
        self.folder.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.ask(Asked::Remove(name))?;
        self.folder.remove(name)
    }
}
