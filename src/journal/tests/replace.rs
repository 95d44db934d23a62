//! What is left of a batch takes the place of its record.

use super::*;

const NONE: [u64; 0] = [];

fn full(scratch: &Scratch, disk: &TestDisk) -> Journal {
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), 3 * BLOCK).unwrap();
    for (number, payload) in (1..).zip(["one", "two", "three"]) {
        write(&mut journal, number, payload.as_bytes());
    }
    journal
}

#[test]
fn it_costs_no_neighbour_though_there_is_no_room() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut journal = full(&scratch, &disk);
    assert_eq!(write(&mut journal, 2, b"rest"), NONE);
    let expected = [(1, "one"), (2, "rest"), (3, "three")];
    let expected = expected.map(|(number, text)| (number, text.as_bytes().to_vec(), false));
    assert_eq!(records(&journal), expected);
    assert_eq!(journal.bytes(), 3 * BLOCK);
    // Where it is larger, the oldest other goes, as ever.
    assert_eq!(write(&mut journal, 2, &[5; 5_000]), [1]);
    assert_eq!(write(&mut journal, 2, b"again"), NONE);
    assert_eq!(journal.bytes(), 2 * BLOCK);
}

#[test]
fn it_is_marked_as_it_is_asked_for() {
    for (was_begun, is_begun) in [(false, false), (false, true), (true, false), (true, true)] {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let mut journal = full(&scratch, &disk);
        if was_begun {
            journal.mark(2).unwrap();
        }
        assert!(journal.write(2, b"rest", is_begun).error.is_none());
        assert_eq!(records(&journal)[1], (2, b"rest".to_vec(), is_begun));
        assert_eq!(scratch.names().len(), 3);
    }
}

/// There is one of the two, at whatever step the process dies; never one unmarked that was marked and is the old one.
#[test]
fn dead_at_any_step_there_is_either() {
    for how in [Failure::DeathBefore, Failure::DeathAfter] {
        let mut seen = [false; 2];
        for steps in 0.. {
            let (scratch, disk) = (Scratch::new(), TestDisk::default());
            let mut journal = full(&scratch, &disk);
            journal.mark(2).unwrap();
            disk.fail_after(steps, how);
            let _ = journal.write(2, b"rest", false);
            drop(journal);
            let is_over = disk.disarm();
            let (journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
            let found = records(&journal);
            assert_eq!(
                (found.len(), scratch.names().len()),
                (3, 3),
                "{how:?} {steps}"
            );
            let (_, payload, is_begun) = &found[1];
            let is_new = payload == b"rest";
            assert!(
                is_new || (payload == b"two" && *is_begun),
                "{how:?} {steps}"
            );
            assert_eq!((recovered.damaged, journal.bytes()), (0, 3 * BLOCK));
            seen[usize::from(is_new)] = true;
            if is_over {
                assert!(is_new && !is_begun);
                break;
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}

/// Under at-least-once it would be lost in a crash; under at-most-once it is marked, and so not sent again.
#[test]
fn what_cannot_be_written_leaves_the_old_one() {
    for steps in 0..5 {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let mut journal = full(&scratch, &disk);
        journal.mark(2).unwrap();
        disk.fail_after(steps, Failure::Full);
        let written = journal.write(2, b"rest", false);
        assert!(written.error.is_some() && written.is_there, "{steps}");
        assert_eq!(records(&journal)[1], (2, b"two".to_vec(), true), "{steps}");
        assert_eq!(scratch.names().len(), 3, "{steps}");
    }
}

/// What must not be sent twice is not sent as long as the disk has it unmarked.
#[test]
fn what_cannot_be_marked_is_withdrawn_for_good() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut journal = full(&scratch, &disk);
    disk.take_log();
    journal.withdraw(1).unwrap();
    let steps = ["remove 0000000000000001.record", "sync_dir journal"];
    assert_eq!(disk.take_log(), steps);
    assert!(!journal.has(1));
    // One that is gone is synced again: it could still come back.
    journal.withdraw(1).unwrap();
    assert_eq!(disk.take_log(), steps[1..]);
    for steps in 0..2 {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let mut journal = full(&scratch, &disk);
        disk.fail_after(steps, Failure::Full);
        journal.withdraw(1).unwrap_err();
        journal.withdraw(1).unwrap();
        assert_eq!(scratch.names().len(), 2);
    }
}

/// Else what was delivered would be sent again by the next process.
#[test]
fn a_removal_that_failed_is_tried_again() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut journal = full(&scratch, &disk);
    for number in 1..=2 {
        disk.fail_after(0, Failure::Full);
        journal.discard(number).unwrap_err();
    }
    assert_eq!((scratch.names().len(), journal.bytes()), (3, 3 * BLOCK));
    disk.fail_after(0, Failure::Full);
    journal.remove_left();
    assert_eq!(scratch.names().len(), 3);
    journal.remove_left();
    journal.remove_left();
    assert_eq!(scratch.names(), ["0000000000000003.record"]);
    assert_eq!(journal.bytes(), BLOCK);
}
