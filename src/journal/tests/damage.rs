//! Files that are not what was written.

use super::*;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MIDDLE: &str = "0000000000000002.record";

/// Three records, the middle one's file changed, as the next start finds it.
fn recovered_after(change: impl FnOnce(&Path)) -> (Scratch, Recovered, Vec<Found>) {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    for (number, payload) in (1..).zip(["before", "middle", "after"]) {
        write(&mut journal, number, payload.as_bytes());
    }
    drop(journal);
    change(&scratch.file(MIDDLE));
    let (journal, recovered) = Journal::open_on(disk, &scratch.dir(), PLENTY).unwrap();
    let found = records(&journal);
    (scratch, recovered, found)
}

fn assert_costs_no_neighbour(change: impl FnOnce(&Path), len: u64) {
    let (scratch, recovered, found) = recovered_after(change);
    assert_eq!((recovered.damaged, recovered.damaged_bytes), (1, len));
    let payloads = found.iter().map(|(_, payload, _)| &payload[..]);
    assert_eq!(payloads.collect::<Vec<_>>(), [&b"before"[..], b"after"]);
    assert_eq!(recovered.records.len(), 2);
    assert!(!scratch.file(MIDDLE).exists());
}

#[test]
fn a_file_cut_off_anywhere() {
    for len in 0..30 {
        assert_costs_no_neighbour(|path| truncate(path, len), len);
    }
}

#[test]
fn any_bit_flipped() {
    for bit in 0..30 * 8 {
        assert_costs_no_neighbour(|path| flip(path, bit), 30);
    }
}

#[test]
fn bytes_too_many() {
    assert_costs_no_neighbour(|path| truncate(path, 31), 31);
    // A length that nobody should reserve memory for.
    let huge = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[16..20].fill(0xff);
        fs::write(path, bytes).unwrap();
    };
    assert_costs_no_neighbour(huge, 30);
}

#[test]
fn another_record_s_file() {
    let swap = |path: &Path| {
        let other = path.with_file_name("0000000000000001.record");
        _ = fs::copy(other, path).unwrap();
    };
    assert_costs_no_neighbour(swap, 30);
}

/// What is whole, and not ours.
#[test]
fn another_program_s_file() {
    let foreign = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[..6].copy_from_slice(b"others");
        let checksum = crc32fast::hash(&[&bytes[..20], &bytes[24..]].concat());
        bytes[20..24].copy_from_slice(&checksum.to_le_bytes());
        fs::write(path, bytes).unwrap();
    };
    assert_costs_no_neighbour(foreign, 30);
}

#[test]
fn a_file_that_somebody_else_deleted() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    let path = scratch.file("0000000000000001.record");
    fs::remove_file(&path).unwrap();
    let error = journal.read(1).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    journal.remove(1).unwrap();
    assert_eq!((journal.records.len(), journal.bytes()), (0, 0));
}

#[test]
fn damage_that_comes_later_is_seen_when_it_is_read() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"payload");
    let path = scratch.file("0000000000000001.record");
    flip(&path, 24 * 8);
    let error = journal.read(1).unwrap_err();
    let expected = format!(
        "the record {} is damaged: its checksum does not match",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    journal.remove(1).unwrap();
    assert_eq!((journal.records.len(), journal.bytes()), (0, 0));
}

#[test]
fn leftovers_are_deleted_and_what_is_not_ours_is_not() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"kept");
    drop(journal);
    fs::write(scratch.file("0000000000000005.half"), b"half of it").unwrap();
    let foreign = [
        "1.record",
        "0000000000000003",
        "0000000000000003.RECORD",
        "000000000000000A.record",
        "00000000000000ff.record.old",
        "ffffffffffffffff.record",
        "notes.txt",
    ];
    for name in foreign {
        fs::write(scratch.file(name), b"foreign").unwrap();
    }
    fs::create_dir(scratch.file("0000000000000004.record")).unwrap();

    let (_journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.leftovers, recovered.damaged), (1, 0));
    assert_eq!(recovered.records.len(), 1);
    assert!(!scratch.file("0000000000000005.half").exists());
    assert!(foreign.iter().all(|name| scratch.file(name).exists()));
    assert_eq!(recovered.next, 6);
}

/// A rollback must not lose it.
#[test]
fn a_record_of_a_later_version_stays_and_is_named() {
    let later = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[6..8].copy_from_slice(&[2, !2]);
        // Nothing else of it is known, its length included.
        fs::write(path, &bytes[..9]).unwrap();
    };
    let (scratch, recovered, found) = recovered_after(later);
    let payloads = found.iter().map(|(_, payload, _)| &payload[..]);
    assert_eq!(payloads.collect::<Vec<_>>(), [&b"before"[..], b"after"]);
    assert_eq!((recovered.damaged, recovered.next), (0, 4));
    let path = scratch.file(MIDDLE);
    let [error] = &recovered.later[..] else {
        panic!("{recovered:?}");
    };
    let expected = format!(
        "the record {} is of version 2, which is later than this one's",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    // It is not among what goes for room.
    let (mut journal, _) = Journal::open(&scratch.dir(), BLOCK).unwrap();
    assert_eq!(write(&mut journal, 4, b"new"), [1, 3]);
    assert_eq!(fs::read(path).unwrap().len(), 9);
}

/// It must not be sent as if no attempt had begun.
#[test]
fn of_both_names_the_mark_is_believed() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"once");
    drop(journal);
    let names = ["0000000000000001.record", "0000000000000001.begun"];
    let [waiting, begun] = names.map(|name| scratch.file(name));
    fs::copy(&waiting, &begun).unwrap();
    let (journal, recovered) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(records(&journal), [(1, b"once".to_vec(), true)]);
    assert_eq!((recovered.leftovers, journal.bytes()), (1, BLOCK));
    assert_eq!(scratch.names(), names[1..]);
}

/// The system may let us another time; it is not for us to delete.
#[test]
fn what_cannot_be_read_is_kept() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"locked away");
    drop(journal);
    let unreadable = Answering::by(|asked| match asked {
        Asked::Open(_) => Err(io::ErrorKind::PermissionDenied.into()),
        _ => Ok(()),
    });
    let (journal, recovered) = Journal::open_on(unreadable, &scratch.dir(), PLENTY).unwrap();
    assert_eq!((recovered.records.len(), recovered.damaged), (1, 0));
    let error = journal.read(1).unwrap_err();
    assert!(error.to_string().contains("0000000000000001.record"));
    drop(journal);
    let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    assert_eq!(journal.read(1).unwrap(), b"locked away");
}

/// It could not be read at the start, so that nobody knew of which version it is.
#[test]
fn a_record_of_a_later_version_that_was_unreadable_makes_no_room_either() {
    let scratch = Scratch::new();
    drop(Journal::open(&scratch.dir(), PLENTY).unwrap());
    let (later, name) = (b"mecwjl\x02\xfdlater", "0000000000000001.record");
    fs::write(scratch.file(name), later).unwrap();
    let is_readable = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_readable);
    let disk = Answering::by(move |asked| match asked {
        Asked::Open(_) if !told.load(Ordering::Relaxed) => Err(io::Error::other("not now")),
        _ => Ok(()),
    });
    let (mut journal, recovered) = Journal::open_on(disk, &scratch.dir(), BLOCK).unwrap();
    is_readable.store(true, Ordering::Relaxed);
    assert_eq!((recovered.records.len(), recovered.later.len()), (1, 0));
    let written = journal.write(2, b"second", false);
    assert!(written.error.is_none() && written.dropped.is_empty());
    assert_eq!(journal.bytes(), BLOCK);
    assert_eq!(fs::read(scratch.file(name)).unwrap(), later);
}

pub(crate) fn truncate(path: &Path, len: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(len).unwrap();
}

pub(crate) fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

/// Whatever follows its first eight bytes.
#[test]
fn every_later_version_is_told_from_damage() {
    for version in 0..=u8::MAX {
        for rest in [0, 1, 30] {
            let write = |path: &Path| {
                let prefix = [b'm', b'e', b'c', b'w', b'j', b'l', version, !version];
                fs::write(path, [&prefix[..], &vec![0xa5; rest]].concat()).unwrap();
            };
            if version > 1 {
                let (scratch, recovered, found) = recovered_after(write);
                assert_eq!((recovered.damaged, recovered.later.len()), (0, 1));
                assert_eq!((found.len(), recovered.next), (2, 4), "version {version}");
                assert!(scratch.file(MIDDLE).exists());
            } else {
                assert_costs_no_neighbour(write, 8 + rest as u64);
            }
        }
    }
    for (magic, version, turned) in [
        (*b"mecwjl", 2, 2),
        (*b"mecwjl", 2, !3),
        (*b"mecwjl", 255, 255),
        (*b"mecwjm", 2, !2),
        (*b"MECWJL", 2, !2),
    ] {
        let write = |path: &Path| {
            fs::write(path, [&magic[..], &[version, turned], b"rest"].concat()).unwrap();
        };
        assert_costs_no_neighbour(write, 12);
    }
}

/// A rollback must not lose it: neither for room, nor beside a record of the same number.
#[test]
fn a_record_of_a_later_version_makes_room_for_nothing() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"first");
    write(&mut journal, 2, b"second");
    drop(journal);
    let later = b"mecwjl\x02\xfdlater";
    let names = ["0000000000000002.begun", "0000000000000007.record"];
    fs::write(scratch.file("0000000000000007.record"), later).unwrap();
    let (mut journal, recovered) = Journal::open(&scratch.dir(), 2 * BLOCK).unwrap();
    assert_eq!((recovered.later.len(), recovered.next), (1, 8));
    assert_eq!(journal.bytes(), 2 * BLOCK, "it is not counted");
    for number in 8..=12 {
        let dropped = journal.write(number, b"next", false).dropped;
        assert_eq!(dropped.len(), 1, "of ours");
    }
    drop(journal);
    // Both names of one record.
    fs::rename(
        scratch.file("000000000000000c.record"),
        scratch.file(names[0]),
    )
    .unwrap();
    fs::write(scratch.file(names[0]), later).unwrap();
    let (journal, recovered) = Journal::open(&scratch.dir(), 2 * BLOCK).unwrap();
    assert_eq!((recovered.later.len(), recovered.leftovers), (2, 0));
    for name in names {
        assert_eq!(fs::read(scratch.file(name)).unwrap(), later);
    }
    drop(journal);
    // Of a later version beside one of ours.
    let ours = scratch.file("000000000000000b.record");
    let beside = scratch.file("000000000000000b.begun");
    fs::copy(&ours, &beside).unwrap();
    fs::write(&ours, later).unwrap();
    let (_, recovered) = Journal::open(&scratch.dir(), 2 * BLOCK).unwrap();
    assert_eq!((recovered.later.len(), recovered.leftovers), (3, 0));
    assert_eq!(fs::read(ours).unwrap(), later);
}
