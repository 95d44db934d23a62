//! What is left of an entry takes its place.

use super::*;

fn full(scratch: &Scratch, disk: &TestDisk) -> Spool {
    let (mut spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), 3 * BLOCK).unwrap();
    for payload in ["one", "two", "three"] {
        spool.append(payload.as_bytes()).unwrap();
    }
    spool
}

#[test]
fn it_costs_no_neighbour_though_there_is_no_room() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut spool = full(&scratch, &disk);
    let appended = spool.replace(id(2), b"rest").unwrap();
    assert_eq!((appended.id, appended.dropped), (id(4), vec![]));
    let expected = [(1, "one"), (3, "three"), (4, "rest")];
    let expected = expected.map(|(number, text)| (id(number), text.as_bytes().to_vec(), false));
    assert_eq!(entries(&spool), expected);
    assert_eq!(spool.bytes(), 3 * BLOCK);
    // Where it is larger, the oldest goes, as ever; and what is gone already is not replaced.
    assert_eq!(spool.replace(id(4), &[5; 5_000]).unwrap().dropped, [id(1)]);
    assert_eq!(spool.replace(id(4), b"again").unwrap().dropped, [id(3)]);
}

/// There is one of the two, at whatever step the process dies.
#[test]
fn dead_at_any_step_there_is_either() {
    for how in [Failure::DeathBefore, Failure::DeathAfter] {
        let mut seen = [false; 2];
        for steps in 0.. {
            let (scratch, disk) = (Scratch::new(), TestDisk::default());
            let mut spool = full(&scratch, &disk);
            spool.mark(id(2)).unwrap();
            disk.fail_after(steps, how);
            let _ = spool.replace(id(2), b"rest");
            drop(spool);
            let is_over = disk.disarm();
            let (spool, recovered) = Spool::open(&scratch.dir(), PLENTY).unwrap();
            let found: Vec<_> = entries(&spool).into_iter().map(|entry| entry.1).collect();
            let with = |rest: &[&str]| {
                let all = [&["one"], rest].concat();
                let all = all.iter().map(|text| text.as_bytes().to_vec());
                all.collect::<Vec<_>>()
            };
            let is_old = found == with(&["two", "three"]);
            let is_new = found == with(&["three", "rest"]);
            assert!(is_old || is_new, "{how:?} {steps}: {:?}", scratch.names());
            assert_eq!((recovered.torn_entries, spool.bytes()), (0, 3 * BLOCK));
            assert_eq!(scratch.names().len(), 3);
            seen[usize::from(is_new)] = true;
            if is_over {
                break;
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}

/// The disk is full, and what was there before would be sent twice.
#[test]
fn what_cannot_be_written_is_not_replaced_by_the_old() {
    for steps in 0..6 {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let mut spool = full(&scratch, &disk);
        disk.fail_after(steps, Failure::Full);
        spool.replace(id(2), b"rest").unwrap_err();
        assert!(spool.read(id(2)).is_err(), "{steps}");
        assert_eq!((spool.len(), scratch.names().len()), (2, 2), "{steps}");
    }
}

#[test]
fn the_old_one_never_outlives_the_new_one() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut spool = full(&scratch, &disk);
    // The deletion, after six steps that make the new one.
    disk.fail_after(6, Failure::Full);
    spool.replace(id(2), b"rest").unwrap();
    assert_eq!(spool.read(id(2)).unwrap(), b"two");
    disk.fail_after(0, Failure::Full);
    spool.remove(id(4)).unwrap_err();
    assert_eq!(spool.read(id(4)).unwrap(), b"rest");
    spool.remove(id(4)).unwrap();
    assert_eq!(scratch.names().len(), 2);
    assert_eq!(spool.bytes(), 2 * BLOCK);
}

#[test]
fn a_chain_of_them_is_one() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut spool = full(&scratch, &disk);
    let names = [2, 4, 5].map(|number| scratch.file(&format!("{number:016x}.entry")));
    let [two, rest, _] = &names;
    let old = [two, rest].map(|path| (path, path.with_extension("kept")));
    fs::copy(old[0].0, &old[0].1).unwrap();
    spool.replace(id(2), b"rest").unwrap();
    fs::copy(old[1].0, &old[1].1).unwrap();
    spool.replace(id(4), b"rest of it").unwrap();
    drop(spool);
    // As after a loss of power, which brought back what was deleted.
    for (path, kept) in old {
        fs::rename(kept, path).unwrap();
    }
    let (spool, recovered) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(recovered.leftovers, 2);
    let found = entries(&spool).into_iter().map(|entry| entry.0);
    assert_eq!(found.collect::<Vec<_>>(), [1, 3, 5].map(id));
}

/// What must not be sent twice is not sent as long as the disk has it unmarked.
#[test]
fn marked_or_off_the_disk_or_an_error() {
    // The rename and its sync; then the deletion and its sync.
    for (fails_at, expected) in [
        (vec![], Some(true)),
        (vec![0], Some(false)),
        (vec![1], Some(false)),
    ] {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let mut spool = full(&scratch, &disk);
        if let Some(&steps) = fails_at.first() {
            disk.fail_after(steps, Failure::Full);
        }
        let marked = spool.mark_or_withdraw(id(1)).ok();
        assert_eq!(marked, expected);
        assert_eq!(spool.slot(id(1)).is_ok(), marked == Some(true));
    }
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let mut spool = full(&scratch, &disk);
    disk.fail_after(0, Failure::DeathBefore);
    spool.mark_or_withdraw(id(1)).unwrap_err();
    assert_eq!(scratch.names().len(), 3);
    disk.revive();
    disk.take_log();
    assert!(spool.mark_or_withdraw(id(1)).unwrap());
    assert_eq!(disk.take_log().last().unwrap(), "sync_dir spool");
}
