//! The journal against a model, damage, full disks, crashes and other processes.

pub(crate) mod answering;
mod damage;
mod faults;
mod format;
mod killed;
mod model;
mod moved;
mod other_process;
#[cfg(unix)]
mod planted;
mod random;
mod replace;
pub(crate) mod scratch;
mod strange_disk;
pub(crate) mod test_disk;
mod writer;

use super::*;
use crate::journal::recovery::RecoveredRecord;
use crate::journal::tests::answering::{Answering, Asked};
use crate::journal::tests::scratch::Scratch;
use crate::journal::tests::test_disk::{Failure, Step, TestDisk};
use std::fs;
use std::io;
use std::process::Command;

/// What a record of up to 4,072 bytes takes.
const BLOCK: u64 = 4096;
const PLENTY: u64 = 1 << 20;

/// A record as the tests see it: number, payload, whether it is begun.
type Found = (u64, Vec<u8>, bool);

fn records(journal: &Journal) -> Vec<Found> {
    let records = journal.records.iter();
    let found = |(&number, record): (_, &Record)| {
        let payload = journal.read(number).unwrap();
        assert_eq!(payload.len() as u64, record.len);
        (number, payload, record.state == State::Begun)
    };
    records.map(found).collect()
}

/// Writes one that goes well; gives what had to go for it.
fn write(journal: &mut Journal, number: u64, payload: &[u8]) -> Vec<u64> {
    let written = journal.write(number, payload, false);
    assert!(written.error.is_none() && written.is_there, "{written:?}");
    numbers(&written)
}

const CHILD_DIR: &str = "JOURNAL_TEST_DIR";

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

/// Of the records that had to go for what was written.
fn numbers(written: &Written) -> Vec<u64> {
    written.dropped.iter().map(|one| one.number).collect()
}
