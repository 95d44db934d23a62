//! The spool against a model, damage, full disks, crashes and other processes.

mod damage;
mod faults;
mod format;
mod killed;
mod model;
mod other_process;
mod random;
mod replace;
mod thread;

use super::disk::{Disk, OsDisk};
use super::recovery::RecoveredEntry;
use super::*;
use std::fs;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What an entry of up to 4,064 bytes takes.
const BLOCK: u64 = 4096;
const PLENTY: u64 = 1 << 20;

/// A directory that is gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("spool-test-{}-{count}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// Not there yet, so that opening has to make it.
    fn dir(&self) -> PathBuf {
        self.0.join("a").join("spool")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// All file names but the lock's, sorted.
    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(self.dir()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "lock").collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

/// An entry as the tests see it: id, payload, whether it is begun.
type Entry = (EntryId, Vec<u8>, bool);

fn entries(spool: &Spool) -> Vec<Entry> {
    let entries = spool.entries.iter();
    let entry = |(&id, slot): (_, &Slot)| {
        let payload = spool.read(id).unwrap();
        assert_eq!(payload.len() as u64, slot.len);
        (id, payload, slot.state == State::Begun)
    };
    entries.map(entry).collect()
}

fn id(number: u64) -> EntryId {
    (1..number).fold(EntryId::FIRST, |id, _| id.next())
}

/// A disk that writes down what it is asked for, and fails at a given step. It syncs nothing, so
/// that thousands of runs take no time; `faults.rs` checks that syncs are asked for.
#[derive(Clone, Debug, Default)]
struct TestDisk(Arc<Mutex<Fate>>);

#[derive(Debug, Default)]
struct Fate {
    log: Vec<String>,
    /// Steps that go well before one does not.
    fuse: Option<u32>,
    how: Failure,
    is_dead: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Failure {
    /// One step fails, and a write leaves half of it behind.
    #[default]
    Full,
    /// As if the process died before the step (in the midst of it for a write).
    DeathBefore,
    /// As if the process died right after it.
    DeathAfter,
}

impl TestDisk {
    fn fail_after(&self, steps: u32, how: Failure) {
        let mut fate = self.0.lock().unwrap();
        (fate.fuse, fate.how) = (Some(steps), how);
    }

    /// Whether the failure is still to come.
    fn disarm(&self) -> bool {
        self.0.lock().unwrap().fuse.take().is_some()
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }

    fn step<T>(
        &self,
        what: String,
        halves: impl FnOnce(),
        whole: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut fate = self.0.lock().unwrap();
        fate.log.push(what);
        if fate.is_dead {
            return Err(io::Error::other("dead"));
        }
        match fate.fuse {
            Some(0) => {
                fate.fuse = None;
                fate.is_dead = !matches!(fate.how, Failure::Full);
                if matches!(fate.how, Failure::DeathAfter) {
                    whole()?;
                } else {
                    halves();
                }
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(steps) => {
                fate.fuse = Some(steps - 1);
                whole()
            }
            None => whole(),
        }
    }
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

impl Disk for TestDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        let what = format!("create {}", name(path));
        self.step(what, || (), || OsDisk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        OsDisk.open(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        let mut file_again = file.try_clone()?;
        let halves = || OsDisk.write(&mut file_again, half).unwrap();
        let what = format!("write {}", bytes.len());
        self.step(what, halves, || OsDisk.write(file, bytes))
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        self.step("sync".into(), || (), || Ok(()))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step(format!("sync_dir {}", name(dir)), || (), || Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let what = format!("rename {} {}", name(from), name(to));
        self.step(what, || (), || OsDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let what = format!("remove {}", name(path));
        self.step(what, || (), || OsDisk.remove(path))
    }
}

const CHILD_DIR: &str = "SPOOL_TEST_DIR";

/// This very program, to run one of its ignored tests in a process of its own.
fn child_args(test: &str) -> Vec<std::ffi::OsString> {
    let program = std::env::current_exe().unwrap().into_os_string();
    let test = format!("spool::tests::{test}");
    let args = [&test, "--exact", "--ignored", "--nocapture"].map(Into::into);
    std::iter::once(program).chain(args).collect()
}

fn child(test: &str, dir: &Path) -> Command {
    let args = child_args(test);
    let mut command = Command::new(&args[0]);
    command.args(&args[1..]).env(CHILD_DIR, dir);
    command
}

/// Where a child is to work; none if the test was not called as one.
fn child_dir() -> Option<PathBuf> {
    std::env::var_os(CHILD_DIR).map(PathBuf::from)
}
