//! A disk that fails or hangs as it is told.

use super::disk::{Disk, OsDisk};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

/// What is asked of it, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Read,
    /// The first step of an append.
    Create,
    Mark,
    Remove,
}

/// The system's, until it is told otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestDisk(Arc<(Mutex<Told>, Condvar)>);

#[derive(Debug, Default)]
struct Told {
    hangs: Vec<Step>,
    fails: Vec<Step>,
    asked: Vec<Step>,
}

impl TestDisk {
    /// From now on these steps do not come back.
    pub(crate) fn hang(&self, steps: &[Step]) {
        self.0.0.lock().unwrap().hangs = steps.to_vec();
    }

    /// From now on these steps fail, as on a disk that is full or worn out, and nothing hangs.
    pub(crate) fn fail(&self, steps: &[Step]) {
        let mut told = self.0.0.lock().unwrap();
        (told.hangs, told.fails) = (Vec::new(), steps.to_vec());
        self.0.1.notify_all();
    }

    /// All goes well again, what hung included.
    pub(crate) fn mend(&self) {
        *self.0.0.lock().unwrap() = Told::default();
        self.0.1.notify_all();
    }

    /// How often it was asked for this, since it was mended.
    pub(crate) fn asked(&self, step: Step) -> usize {
        let told = self.0.0.lock().unwrap();
        told.asked.iter().filter(|asked| **asked == step).count()
    }

    fn step<T>(&self, step: Step, done: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let (told, mended) = &*self.0;
        let mut told = told.lock().unwrap();
        told.asked.push(step);
        while told.hangs.contains(&step) {
            told = mended.wait(told).unwrap();
        }
        if told.fails.contains(&step) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        drop(told);
        done()
    }
}

impl Disk for TestDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.step(Step::Create, || OsDisk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.step(Step::Read, || OsDisk.open(path))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        OsDisk.write(file, bytes)
    }

    /// Nobody here loses power.
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.extension().is_some_and(|extension| extension == "begun") {
            return self.step(Step::Mark, || OsDisk.rename(from, to));
        }
        OsDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        // The one that an append has just failed to write does not matter.
        if path
            .extension()
            .is_some_and(|extension| extension == "half")
        {
            return OsDisk.remove(path);
        }
        self.step(Step::Remove, || OsDisk.remove(path))
    }
}
