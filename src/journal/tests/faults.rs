//! A disk that is full, or a process that dies, at every single step.

use super::*;
use crate::journal::tests::model::{Model, Op, perform};

const BOUND: u64 = 3 * BLOCK;

/// Everything there is, with two appends that have to make room.
fn script() -> Vec<Op> {
    let append = |number: u8, len| Op::Append(vec![number; len]);
    vec![
        append(1, 100),
        append(2, 5_000),
        Op::Mark(id(1)),
        Op::Mark(id(2)),
        Op::Unmark(id(1)),
        append(3, 100),
        Op::Replace(id(3), vec![8; 50]),
        Op::Remove(id(2)),
        append(4, 12_000),
        Op::Mark(id(5)),
        Op::Remove(id(5)),
    ]
}

#[test]
fn a_full_disk_at_any_step_of_an_append() {
    let mut failures = 0;
    for target in 0..script().len() {
        if matches!(script()[target], Op::Replace(..)) {
            // Its failures are told apart in `replace.rs`.
            continue;
        }
        for steps in 0.. {
            let scratch = Scratch::new();
            let disk = TestDisk::default();
            let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
            let mut model = Model::new(BOUND);
            for op in &script()[..target] {
                perform(&mut spool, op).unwrap();
                model.apply(op);
            }
            let op = &script()[target];
            disk.fail_after(steps, Failure::Full);
            let result = perform(&mut spool, op);
            if disk.disarm() {
                // It has no more steps.
                result.unwrap();
                break;
            }
            failures += 1;
            if let Op::Append(_) = op {
                let error = result.unwrap_err();
                assert!(error.to_string().contains("could not"), "{error}");
                let gone = error.dropped.len();
                let dropped: Vec<EntryId> = model.entries.drain(..gone).map(|e| e.0).collect();
                assert_eq!(error.dropped, dropped);
                assert_eq!(entries(&spool), model.entries);
            } else {
                result.unwrap_err();
            }
            // And then there is room again.
            perform(&mut spool, op).unwrap();
            model.apply(op);
            assert_eq!(entries(&spool), model.entries, "{op:?}, step {steps}");
            assert_eq!(spool.bytes(), model.bytes());
            drop(spool);
            let (spool, recovered) = Spool::open(&scratch.dir(), BOUND).unwrap();
            assert_eq!(entries(&spool), model.entries, "{op:?}, step {steps}");
            assert_eq!(
                (recovered.torn_entries, recovered.leftovers),
                (0, 0),
                "{op:?}, {steps}"
            );
        }
    }
    assert!(failures > 30, "{failures}");
}

/// A failed append left something behind, and it could not even be deleted.
#[test]
fn the_next_append_writes_over_what_could_not_be_deleted() {
    for steps in 0..6 {
        let scratch = Scratch::new();
        let disk = TestDisk::default();
        let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
        disk.fail_after(steps, Failure::DeathBefore);
        spool.append(b"failed").unwrap_err();
        disk.revive();
        let appended = spool.append(b"worked").unwrap();
        assert_eq!(entries(&spool), [(appended.id, b"worked".to_vec(), false)]);
        assert_eq!(scratch.names(), ["0000000000000001.entry"], "{steps}");
    }
}

#[test]
fn dead_at_any_step() {
    for how in [Failure::DeathBefore, Failure::DeathAfter] {
        for steps in 0.. {
            let scratch = Scratch::new();
            let disk = TestDisk::default();
            let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
            disk.fail_after(steps, how);
            let mut model = Model::new(BOUND);
            let mut possible = None;
            for op in &script() {
                let stages = model.apply(op);
                if perform(&mut spool, op).is_err() {
                    possible = Some(stages);
                    break;
                }
            }
            drop(spool);
            let Some(possible) = possible else {
                // It outlived the script, step by step.
                assert!(disk.disarm() && steps > 30, "{steps}");
                break;
            };
            let (spool, recovered) = Spool::open(&scratch.dir(), BOUND).unwrap();
            let found = entries(&spool);
            assert!(
                possible.contains(&found),
                "{how:?} {steps}: {}",
                scratch.names().join(" ")
            );
            assert_eq!(recovered.torn_entries, 0);
            assert!(spool.bytes() <= BOUND);
            assert_eq!(scratch.names().len(), found.len());
        }
    }
}

/// What makes it last when the power fails: each sync before the step that relies on it.
#[test]
fn syncs_in_the_right_order() {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BLOCK).unwrap();
    assert_eq!(disk.take_log(), ["sync_dir a"]);
    spool.append(b"one").unwrap();
    let append = [
        "create 0000000000000001.half",
        "write 32",
        "write 3",
        "sync",
        "rename 0000000000000001.half 0000000000000001.entry",
        "sync_dir spool",
    ];
    assert_eq!(disk.take_log(), append);
    spool.mark(id(1)).unwrap();
    let mark = [
        "rename 0000000000000001.entry 0000000000000001.begun",
        "sync_dir spool",
    ];
    assert_eq!(disk.take_log(), mark);
    spool.append(b"two").unwrap();
    let log = disk.take_log();
    assert_eq!(log[0], "remove 0000000000000001.begun");
    assert_eq!(log.len(), 1 + append.len());
    spool.remove(id(2)).unwrap();
    assert_eq!(disk.take_log(), ["remove 0000000000000002.entry"]);
}

/// A mark whose sync failed is not taken for durable when it is asked for again.
#[test]
fn a_mark_is_synced_again() {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), BOUND).unwrap();
    spool.append(b"one").unwrap();
    disk.fail_after(1, Failure::Full);
    spool.mark(id(1)).unwrap_err();
    disk.take_log();
    spool.mark(id(1)).unwrap();
    assert_eq!(disk.take_log(), ["sync_dir spool"]);
}
