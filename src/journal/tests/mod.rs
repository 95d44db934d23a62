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

use super::*;
use crate::journal::disk::OsDisk;
use crate::journal::recovery::RecoveredEntry;
use crate::journal::test_disk::Failure;
use std::fs;
use std::io;
use std::process::Command;

/// What an entry of up to 4,064 bytes takes.
const BLOCK: u64 = 4096;
const PLENTY: u64 = 1 << 20;

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

const CHILD_DIR: &str = "SPOOL_TEST_DIR";

/// This very program, to run one of these tests again as the child of itself.
fn child_args(test: &str) -> Vec<std::ffi::OsString> {
    let program = std::env::current_exe().unwrap().into_os_string();
    let test = format!("journal::tests::{test}");
    let args = [&test, "--exact", "--nocapture"].map(Into::into);
    std::iter::once(program).chain(args).collect()
}

fn child(test: &str, dir: &Path) -> Command {
    let args = child_args(test);
    let mut command = Command::new(&args[0]);
    command.args(&args[1..]).env(CHILD_DIR, dir);
    command
}

/// Where a child is to work; none in the test that starts it.
fn child_dir() -> Option<PathBuf> {
    std::env::var_os(CHILD_DIR).map(PathBuf::from)
}
