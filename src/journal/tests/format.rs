//! The files, and what the methods say.

use super::*;

#[test]
fn keeps_order_payloads_and_marks_over_a_restart() {
    let scratch = Scratch::new();
    let (mut spool, recovered) = Spool::open(&scratch.dir(), 4 * PLENTY).unwrap();
    assert_eq!(recovered, Recovered::default());
    let payloads = [vec![], vec![7; 1_000_000], b"third".to_vec(), vec![1]];
    for (number, payload) in (1..).zip(&payloads) {
        let appended = spool.append(payload).unwrap();
        assert_eq!((appended.id, appended.dropped), (id(number), vec![]));
    }
    spool.mark(id(2)).unwrap();
    spool.mark(id(3)).unwrap();
    spool.mark(id(3)).unwrap();
    spool.unmark(id(3)).unwrap();
    spool.remove(id(1)).unwrap();
    spool.remove(id(1)).unwrap();
    let before = entries(&spool);
    let usage = (spool.len(), spool.bytes());
    assert_eq!(usage, (3, 1_003_520 + 2 * BLOCK));
    drop(spool);

    let (mut spool, recovered) = Spool::open(&scratch.dir(), 4 * PLENTY).unwrap();
    assert_eq!(entries(&spool), before);
    assert_eq!((spool.len(), spool.bytes()), usage);
    let expected = [(2, 1_000_000, true), (3, 5, false), (4, 1, false)];
    let expected = expected.map(|(number, len, is_begun)| RecoveredEntry {
        id: id(number),
        len,
        is_begun,
    });
    assert_eq!(recovered.entries, expected);
    assert_eq!(spool.append(b"new").unwrap().id, id(5));
}

/// An older release's files have to be read by a newer one.
#[test]
fn the_format_stays() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    spool.append(b"hello").unwrap();
    spool.append(b"").unwrap();
    spool.mark(id(2)).unwrap();
    let names = ["0000000000000001.entry", "0000000000000002.begun"];
    assert_eq!(scratch.names(), names);
    // The checksum is zlib.crc32 of the 28 bytes before it and the payload.
    let expected = b"mecwsp1\n\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\x27\xe1\x36\xbahello";
    let file = fs::read(scratch.file(names[0])).unwrap();
    assert_eq!(file, expected);
}

#[cfg(unix)]
#[test]
fn counts_what_the_disk_gives() {
    use std::os::unix::fs::MetadataExt;
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    for len in [0, 1, 4_064, 4_065, 100_000] {
        spool.append(&vec![1; len]).unwrap();
    }
    let taken = scratch.names().into_iter();
    let taken = taken.map(|name| fs::metadata(scratch.file(&name)).unwrap().blocks() * 512);
    assert!(spool.bytes() >= taken.sum());
}

#[test]
fn drops_the_oldest_and_says_so() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), 3 * BLOCK).unwrap();
    for number in 1..=3 {
        assert_eq!(spool.append(&[number; 100]).unwrap().dropped, []);
    }
    spool.mark(id(1)).unwrap();
    let appended = spool.append(&[4; 5_000]).unwrap();
    assert_eq!((appended.id, appended.dropped), (id(4), vec![id(1), id(2)]));
    assert_eq!((spool.len(), spool.bytes()), (2, 3 * BLOCK));

    let error = spool.append(&[5; 12_257]).unwrap_err();
    assert!(matches!(
        error.reason,
        SpoolError::TooLarge { len: 12_257, .. }
    ));
    assert_eq!((error.dropped, spool.len()), (vec![], 2));
    // To the byte as much as there is room for.
    assert_eq!(spool.append(&[6; 12_256]).unwrap().dropped, [id(3), id(4)]);
}

/// Its owner has not seen it yet.
#[test]
fn a_lower_bound_is_kept_from_the_next_append() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    (0..4).for_each(|_| _ = spool.append(b"x").unwrap());
    drop(spool);
    let (mut spool, recovered) = Spool::open(&scratch.dir(), 2 * BLOCK).unwrap();
    assert_eq!(recovered.entries.len(), 4);
    assert_eq!(
        spool.append(b"y").unwrap().dropped,
        [1, 2, 3].map(super::id)
    );
}

#[test]
fn an_entry_that_is_gone_is_named() {
    let scratch = Scratch::new();
    let (mut spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    let gone = id(9);
    let errors = [
        spool.read(gone).unwrap_err(),
        spool.mark(gone).unwrap_err(),
        spool.unmark(gone).unwrap_err(),
    ];
    let dir = scratch.dir();
    let expected = format!("the spool {} has no entry 9", dir.display());
    assert!(errors.iter().all(|error| error.to_string() == expected));
    spool.remove(gone).unwrap();
}
