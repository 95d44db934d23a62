//! A disk that is full, or a process that dies, at every single step.

use super::*;
use crate::journal::tests::model::{Model, Op, perform};

const BOUND: u64 = 3 * BLOCK;

/// Everything there is, with two writes that have to make room.
fn script() -> Vec<Op> {
    let write = |number: u8, len| Op::Write(number.into(), vec![number; len], false);
    vec![
        write(1, 100),
        write(2, 5_000),
        Op::Mark(1),
        Op::Mark(2),
        Op::Unmark(1),
        write(3, 100),
        Op::Write(3, vec![8; 50], true),
        Op::Write(2, vec![9; 70], false),
        Op::Remove(2),
        write(4, 12_000),
        Op::Mark(4),
        Op::Remove(4),
    ]
}

#[test]
fn a_full_disk_at_any_step() {
    let mut failures = 0;
    for target in 0..script().len() {
        for steps in 0.. {
            let scratch = Scratch::new();
            let disk = TestDisk::default();
            let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
            let mut model = Model::new(BOUND);
            for op in &script()[..target] {
                perform(&mut journal, op).1.unwrap();
                model.apply(op);
            }
            let op = &script()[target];
            disk.fail_after(steps, Failure::Full);
            let (dropped, result) = perform(&mut journal, op);
            if disk.disarm() {
                // It has no more steps.
                result.unwrap();
                break;
            }
            failures += 1;
            if let Op::Write(number, ..) = op {
                let was_there = model.records.iter().any(|record| record.0 == *number);
                model.records.retain(|record| !dropped.contains(&record.0));
                if let Err(error) = result {
                    assert!(error.to_string().contains("could not"), "{error}");
                    // What was there stays, in the old form or the new one.
                    assert_eq!(journal.has(*number), was_there, "step {steps}");
                } else {
                    // Only the mark was not changed, and that errs on the safe side.
                    assert!(was_there, "step {steps}");
                }
                let others = |found: Vec<Found>| {
                    let others = found.into_iter().filter(|record| record.0 != *number);
                    others.collect::<Vec<_>>()
                };
                assert_eq!(others(records(&journal)), others(model.records.clone()));
            } else {
                result.unwrap_err();
            }
            // And then there is room again.
            perform(&mut journal, op).1.unwrap();
            model.apply(op);
            assert_eq!(records(&journal), model.records, "{op:?}, step {steps}");
            assert_eq!(journal.bytes(), model.bytes());
            drop(journal);
            let (journal, recovered) = Journal::open(&scratch.dir(), BOUND).unwrap();
            assert_eq!(records(&journal), model.records, "{op:?}, step {steps}");
            let found = (recovered.damaged, recovered.leftovers);
            assert_eq!(found, (0, 0), "{op:?}, {steps}");
        }
    }
    assert!(failures > 30, "{failures}");
}

/// A failed write left something behind, and it could not even be deleted.
#[test]
fn the_next_write_writes_over_what_could_not_be_deleted() {
    for steps in 0..6 {
        let scratch = Scratch::new();
        let disk = TestDisk::default();
        let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
        disk.fail_after(steps, Failure::DeathBefore);
        assert!(journal.write(1, b"failed", false).error.is_some());
        disk.revive();
        write(&mut journal, 1, b"worked");
        assert_eq!(records(&journal), [(1, b"worked".to_vec(), false)]);
        assert_eq!(scratch.names(), ["0000000000000001.record"], "{steps}");
    }
}

#[test]
fn dead_at_any_step() {
    for how in [Failure::DeathBefore, Failure::DeathAfter] {
        for steps in 0.. {
            let scratch = Scratch::new();
            let disk = TestDisk::default();
            let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
            disk.fail_after(steps, how);
            let mut model = Model::new(BOUND);
            let mut possible = None;
            for op in &script() {
                let stages = model.apply(op);
                let (_, result) = perform(&mut journal, op);
                if result.is_err() || disk.is_dead() {
                    possible = Some(stages);
                    break;
                }
            }
            drop(journal);
            let Some(possible) = possible else {
                // It outlived the script, step by step.
                assert!(disk.disarm() && steps > 30, "{steps}");
                break;
            };
            let (journal, recovered) = Journal::open(&scratch.dir(), BOUND).unwrap();
            let found = records(&journal);
            assert!(
                possible.contains(&found),
                "{how:?} {steps}: {}",
                scratch.names().join(" ")
            );
            assert_eq!(recovered.damaged, 0);
            assert!(journal.bytes() <= BOUND);
            assert_eq!(scratch.names().len(), found.len());
        }
    }
}

/// What makes it last when the power fails: each sync before the step that relies on it.
#[test]
fn syncs_in_the_right_order() {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BLOCK).unwrap();
    assert_eq!(disk.take_log(), ["sync_dir a"]);
    write(&mut journal, 1, b"one");
    let new = [
        "create 0000000000000001.half",
        "write 24",
        "write 3",
        "sync",
        "rename 0000000000000001.half 0000000000000001.record",
        "sync_dir journal",
    ];
    assert_eq!(disk.take_log(), new);
    journal.mark(1).unwrap();
    let mark = [
        "rename 0000000000000001.record 0000000000000001.begun",
        "sync_dir journal",
    ];
    assert_eq!(disk.take_log(), mark);
    // In the place of the old one, which is not touched before that.
    write(&mut journal, 1, b"rest");
    let rest = [
        "create 0000000000000001.half",
        "write 24",
        "write 4",
        "sync",
        "rename 0000000000000001.half 0000000000000001.begun",
        "sync_dir journal",
        "rename 0000000000000001.begun 0000000000000001.record",
    ];
    assert_eq!(disk.take_log(), rest);
    write(&mut journal, 2, b"two");
    let log = disk.take_log();
    assert_eq!(log[0], "remove 0000000000000001.record");
    assert_eq!(log.len(), 1 + new.len());
    journal.remove(2).unwrap();
    assert_eq!(disk.take_log(), ["remove 0000000000000002.record"]);
}

/// A mark whose sync failed is not taken for durable when it is asked for again.
#[test]
fn a_mark_is_synced_again() {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
    write(&mut journal, 1, b"one");
    disk.fail_after(1, Failure::Full);
    journal.mark(1).unwrap_err();
    disk.take_log();
    journal.mark(1).unwrap();
    assert_eq!(disk.take_log(), ["sync_dir journal"]);
}
