//! The files, and what the methods say.

use super::*;

const NONE: [u64; 0] = [];

#[test]
fn keeps_order_payloads_and_marks_over_a_restart() {
    let scratch = Scratch::new();
    let (mut journal, recovered) = Journal::open(&scratch.dir(), 4 * PLENTY).unwrap();
    assert_eq!((recovered.records.len(), recovered.next), (0, 0));
    let payloads = [vec![], vec![7; 1_000_000], b"third".to_vec(), vec![1]];
    for (number, payload) in (1..).zip(&payloads) {
        assert_eq!(write(&mut journal, number, payload), NONE);
    }
    journal.mark(2).unwrap();
    journal.mark(3).unwrap();
    journal.mark(3).unwrap();
    journal.unmark(3).unwrap();
    journal.remove(1).unwrap();
    journal.remove(1).unwrap();
    let before = records(&journal);
    let bytes = journal.bytes();
    assert_eq!((before.len(), bytes), (3, 1_003_520 + 2 * BLOCK));
    drop(journal);

    let (journal, recovered) = Journal::open(&scratch.dir(), 4 * PLENTY).unwrap();
    assert_eq!((records(&journal), journal.bytes()), (before, bytes));
    let expected = [(2, true), (3, false), (4, false)];
    let expected = expected.map(|(number, is_begun)| RecoveredRecord { number, is_begun });
    assert_eq!(recovered.records, expected);
    assert_eq!(recovered.next, 5);
}

/// An older release's files have to be read by a newer one.
#[test]
fn the_format_stays() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    write(&mut journal, 1, b"hello");
    write(&mut journal, 2, b"");
    journal.mark(2).unwrap();
    let names = ["0000000000000001.record", "0000000000000002.begun"];
    assert_eq!(scratch.names(), names);
    // The checksum is zlib.crc32 of the 20 bytes before it and the payload.
    let expected = b"mecwjl\x01\xfe\x01\0\0\0\0\0\0\0\x05\0\0\0\x94\x16\x0f\x95hello";
    let file = fs::read(scratch.file(names[0])).unwrap();
    assert_eq!(file, expected);
}

#[cfg(unix)]
#[test]
fn counts_what_the_disk_gives() {
    use std::os::unix::fs::MetadataExt;
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    for (number, len) in (1..).zip([0, 1, 4_072, 4_073, 100_000]) {
        write(&mut journal, number, &vec![1; len]);
    }
    let taken = scratch.names().into_iter();
    let taken = taken.map(|name| fs::metadata(scratch.file(&name)).unwrap().blocks() * 512);
    assert!(journal.bytes() >= taken.sum());
}

#[test]
fn drops_the_oldest_and_says_so() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), 3 * BLOCK).unwrap();
    for number in 1..=3 {
        assert_eq!(write(&mut journal, number.into(), &[number; 100]), NONE);
    }
    journal.mark(1).unwrap();
    assert_eq!(write(&mut journal, 4, &[4; 5_000]), [1, 2]);
    assert_eq!((journal.records.len(), journal.bytes()), (2, 3 * BLOCK));

    let written = journal.write(5, &[5; 12_265], false);
    let error = written.error.unwrap();
    assert!(matches!(error, JournalError::TooLarge { len: 12_265, .. }));
    assert_eq!((written.dropped.len(), journal.records.len()), (0, 2));
    // To the byte as much as there is room for.
    assert_eq!(write(&mut journal, 6, &[6; 12_264]), [3, 4]);
}

/// Its owner has not seen it yet.
#[test]
fn a_lower_bound_is_kept_from_the_next_write() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    (1..=4).for_each(|number| _ = write(&mut journal, number, b"x"));
    drop(journal);
    let (mut journal, recovered) = Journal::open(&scratch.dir(), 2 * BLOCK).unwrap();
    assert_eq!(recovered.records.len(), 4);
    assert_eq!(write(&mut journal, 5, b"y"), [1, 2, 3]);
}

#[test]
fn a_record_that_is_gone_is_named() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    let errors = [
        journal.read(9).unwrap_err(),
        journal.mark(9).unwrap_err(),
        journal.unmark(9).unwrap_err(),
    ];
    let dir = scratch.dir();
    let expected = format!("the journal {} has no record 9", dir.display());
    assert!(errors.iter().all(|error| error.to_string() == expected));
    journal.remove(9).unwrap();
}
