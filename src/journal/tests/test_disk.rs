//! A disk that fails or hangs as it is told.

use crate::journal::file_system::{Facts, FileSystem, Folder, OsFileSystem, Place};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

/// What is asked of it, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Read,
    /// The first step of a write.
    Create,
    Mark,
    Remove,
}

/// How a step fails that is told by its number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Failure {
    /// One step fails, and a write leaves half of it behind.
    #[default]
    Full,
    /// As if the process died before the step (in the midst of it for a write).
    DeathBefore,
    /// As if the process died right after it.
    DeathAfter,
}

/// The system's, until it is told otherwise. It syncs nothing, as nobody here loses power, and so thousands of runs
/// take no time; its log says which syncs were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestDisk(Arc<(Mutex<Told>, Condvar)>);

#[derive(Debug, Default)]
struct Told {
    hangs: Vec<Step>,
    /// Of those that hang, what may go on once.
    passes: Vec<Step>,
    fails: Vec<Step>,
    asked: Vec<Step>,
    log: Vec<String>,
    /// Steps that go well before one does not.
    fuse: Option<u32>,
    how: Failure,
    is_dead: bool,
    panics: bool,
}

impl TestDisk {
    /// From now on these steps do not come back, and those that hung for another go on.
    pub(crate) fn hang(&self, steps: &[Step]) {
        self.0.0.lock().unwrap().hangs = steps.to_vec();
        self.0.1.notify_all();
    }

    /// Lets one of these steps come back, though they hang.
    pub(crate) fn let_pass(&self, step: Step) {
        self.0.0.lock().unwrap().passes.push(step);
        self.0.1.notify_all();
    }

    /// The next step panics.
    pub(crate) fn panic(&self) {
        self.0.0.lock().unwrap().panics = true;
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

    /// The step after so many more fails, whatever it is for.
    pub(crate) fn fail_after(&self, steps: u32, how: Failure) {
        let mut told = self.0.0.lock().unwrap();
        (told.fuse, told.how) = (Some(steps), how);
    }

    /// Whether that failure is still to come.
    pub(crate) fn disarm(&self) -> bool {
        self.0.0.lock().unwrap().fuse.take().is_some()
    }

    /// Whether that failure was the process's death.
    pub(crate) fn is_dead(&self) -> bool {
        self.0.0.lock().unwrap().is_dead
    }

    /// As if the process that died had been started again.
    pub(crate) fn revive(&self) {
        self.0.0.lock().unwrap().is_dead = false;
    }

    /// All steps since the last time, but for those that only read.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.0.lock().unwrap().log)
    }

    fn ask(&self, step: Step) -> io::Result<()> {
        let (told, mended) = &*self.0;
        let mut told = told.lock().unwrap();
        told.asked.push(step);
        let panics = std::mem::take(&mut told.panics);
        if panics {
            drop(told);
            panic!("on purpose");
        }
        while told.hangs.contains(&step) {
            if let Some(pass) = told.passes.iter().position(|one| *one == step) {
                told.passes.swap_remove(pass);
                break;
            }
            told = mended.wait(told).unwrap();
        }
        if told.fails.contains(&step) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn step<T>(
        &self,
        what: String,
        halves: impl FnOnce(),
        whole: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut told = self.0.0.lock().unwrap();
        told.log.push(what);
        if told.is_dead {
            return Err(io::Error::other("dead"));
        }
        let Some(steps) = told.fuse.take() else {
            drop(told);
            return whole();
        };
        if let Some(steps) = steps.checked_sub(1) {
            told.fuse = Some(steps);
            return whole();
        }
        told.is_dead = !matches!(told.how, Failure::Full);
        if matches!(told.how, Failure::DeathAfter) {
            whole()?;
        } else {
            halves();
        }
        Err(io::ErrorKind::StorageFull.into())
    }
}

/// A folder on such a disk.
#[derive(Debug)]
struct TestFolder {
    disk: TestDisk,
    folder: Box<dyn Folder>,
    path: PathBuf,
}

impl FileSystem for TestDisk {
    fn hold(&self, dir: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(TestFolder {
            disk: self.clone(),
            folder: OsFileSystem.hold(dir)?,
            path: dir.to_owned(),
        }))
    }
}

fn is(name: &str, extension: &str) -> bool {
    name.split_once('.').is_some_and(|(_, is)| is == extension)
}

fn name(path: Option<&Path>) -> &str {
    path.unwrap().file_name().unwrap().to_str().unwrap()
}

impl Folder for TestFolder {
    fn is_new(&self) -> bool {
        self.folder.is_new()
    }

    fn look_at_itself(&self) -> io::Result<Facts> {
        self.folder.look_at_itself()
    }

    fn user(&self) -> Option<u32> {
        self.folder.user()
    }

    fn lock(&mut self) -> Result<(), TryLockError> {
        self.folder.lock()
    }

    fn unlock(&mut self) {
        self.folder.unlock();
    }

    fn place(&self) -> io::Result<Place> {
        self.folder.place()
    }

    fn anew(&self) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(Self {
            disk: self.disk.clone(),
            folder: self.folder.anew()?,
            path: self.path.clone(),
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }

    fn look(&self, name: &str) -> io::Result<Facts> {
        self.folder.look(name)
    }

    fn open(&self, name: &str) -> io::Result<(File, Facts)> {
        self.disk.ask(Step::Read)?;
        self.folder.open(name)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        self.disk.ask(Step::Create)?;
        let what = format!("create {name}");
        self.disk.step(what, || (), || self.folder.create(name))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        let mut file_again = file.try_clone()?;
        let halves = || self.folder.write(&mut file_again, half).unwrap();
        let what = format!("write {}", bytes.len());
        (self.disk).step(what, halves, || self.folder.write(file, bytes))
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        self.disk.step("sync".into(), || (), || Ok(()))
    }

    fn sync_dir(&self) -> io::Result<()> {
        let what = format!("sync_dir {}", name(Some(&self.path)));
        self.disk.step(what, || (), || Ok(()))
    }

    fn sync_parent(&self) -> io::Result<()> {
        let what = format!("sync_dir {}", name(self.path.parent()));
        self.disk.step(what, || (), || Ok(()))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if is(to, "begun") && is(from, "record") {
            self.disk.ask(Step::Mark)?;
        }
        let what = format!("rename {from} {to}");
        (self.disk).step(what, || (), || self.folder.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        // One that a write has just failed to write does not matter.
        if !is(name, "half") {
            self.disk.ask(Step::Remove)?;
        }
        let what = format!("remove {name}");
        self.disk.step(what, || (), || self.folder.remove(name))
    }
}
