//! The front for async code.

use super::*;
use crate::journal::writer::MAX_WRITING_BYTES;

fn started(scratch: &Scratch, max_bytes: u64) -> Writer {
    let (journal, _) = Journal::open(&scratch.dir(), max_bytes).unwrap();
    Writer::start(journal).unwrap()
}

/// The next report is of a write.
async fn written(writer: &mut Writer) -> Option<Written> {
    match writer.next().await.done {
        Done::Written(written) => Some(written),
        Done::Cancelled => None,
        done => panic!("{done:?}"),
    }
}

#[tokio::test]
async fn every_call_is_done_and_told_in_order() {
    let scratch = Scratch::new();
    let mut writer = started(&scratch, 3 * BLOCK);
    for (number, payload) in (1..).zip(["first", "second", "third"]) {
        writer.write(number, payload.into(), false);
        let written = written(&mut writer).await.unwrap();
        assert!(written.error.is_none() && written.dropped.is_empty());
    }
    writer.read(1);
    assert!(
        matches!(writer.next().await, Report { number: 1, done: Done::Read(Ok(payload)), .. } if payload == b"first")
    );
    writer.mark(2);
    assert!(matches!(
        writer.next().await,
        Report {
            number: 2,
            done: Done::Marked(Ok(true)),
            ..
        }
    ));
    writer.unmark(2);
    assert!(matches!(writer.next().await.done, Done::Changed(Ok(()))));
    writer.mark(3);
    assert!(matches!(
        writer.next().await,
        Report {
            number: 3,
            done: Done::Marked(Ok(true)),
            ..
        }
    ));
    writer.write(4, b"fourth".to_vec(), false);
    let done = written(&mut writer).await.unwrap();
    assert_eq!(numbers(&done), [1]);
    writer.remove(4);
    assert!(matches!(writer.next().await.done, Done::Changed(Ok(()))));
    assert_eq!((writer.bytes(), writer.writing_bytes()), (2 * BLOCK, 0));
    writer.write(5, vec![0; 13_000], false);
    let error = written(&mut writer).await.unwrap().error;
    assert!(matches!(error, Some(JournalError::TooLarge { .. })));
    writer.mark(1);
    let marked = writer.next().await.done;
    assert!(matches!(marked, Done::Marked(Ok(false))), "it is gone");
    writer.read(1);
    let gone = writer.next().await.done;
    let gone = matches!(gone, Done::Read(Err(JournalError::NoSuchRecord { .. })));
    assert!(gone);

    writer.close().await.unwrap();
    let (journal, _) = Journal::open(&scratch.dir(), 3 * BLOCK).unwrap();
    let expected = [(2, b"second".to_vec(), false), (3, b"third".to_vec(), true)];
    assert_eq!(records(&journal), expected);
}

#[tokio::test]
async fn what_is_queued_is_done_in_order_though_nobody_waits() {
    let scratch = Scratch::new();
    let mut writer = started(&scratch, PLENTY);
    for number in 1..=50_u8 {
        writer.write(number.into(), vec![number], false);
        writer.mark(number.into());
        if number % 2 == 0 {
            writer.remove(number.into());
        }
    }
    // It waits: else the lock would still be held.
    drop(writer);
    let (journal, _) = Journal::open(&scratch.dir(), PLENTY).unwrap();
    let odd = (1..=50_u8).step_by(2);
    let expected = odd.map(|number| (number.into(), vec![number], true));
    assert_eq!(records(&journal), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_lock_is_held_until_it_is_closed() {
    let scratch = Scratch::new();
    let mut first = started(&scratch, PLENTY);
    let error = Journal::open(&scratch.dir(), PLENTY).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    first.close().await.unwrap();
    Journal::open(&scratch.dir(), PLENTY).unwrap();
}

#[tokio::test]
async fn a_panic_there_stops_nothing_here_and_frees_the_lock() {
    let scratch = Scratch::new();
    let disk = TestDisk::default();
    let (journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    let mut writer = Writer::start(journal).unwrap();
    disk.panic();
    writer.write(1, b"payload".to_vec(), false);
    // The lock is free, and nothing more comes.
    while Journal::open(&scratch.dir(), PLENTY).is_err() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(writer.next().await.done, Done::Closed), "once");
    let next = tokio::time::timeout(std::time::Duration::ZERO, writer.next());
    next.await.unwrap_err();
    assert!(writer.is_hanging());
    let late = writer.write(2, b"late".to_vec(), false);
    assert!(writer.cancel(late));
    let error = writer.close().await.unwrap_err();
    let expected = format!("the journal {} is closed", scratch.dir().display());
    assert_eq!(error.to_string(), expected);
}

fn hanging(scratch: &Scratch) -> (Writer, TestDisk) {
    let disk = TestDisk::default();
    disk.hang(&[Step::Create]);
    let (journal, _) = Journal::open_on(disk.clone(), &scratch.dir(), 1 << 30).unwrap();
    let writer = Writer::start(journal).unwrap();
    (writer.without_patience(), disk)
}

/// Were it waited for, this test would never end.
#[tokio::test]
async fn a_disk_that_hangs_is_left_alone_at_the_end() {
    for is_closed in [true, false] {
        let scratch = Scratch::new();
        let (mut writer, disk) = hanging(&scratch);
        writer.write(1, b"payload".to_vec(), false);
        if is_closed {
            let error = writer.close().await.unwrap_err();
            assert!(matches!(error, JournalError::Slow { .. }), "{error}");
        } else {
            drop(writer);
        }
        // And what was asked for is done once it can be.
        disk.mend();
        while scratch.names() != ["0000000000000001.record"] {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_waits_can_be_cancelled_and_what_is_being_written_cannot() {
    let scratch = Scratch::new();
    let (mut writer, disk) = hanging(&scratch);
    let under_way = writer.write(1, b"under way".to_vec(), false);
    while disk.asked(Step::Create) == 0 {
        tokio::task::yield_now().await;
    }
    let rest = writer.write(1, b"rest".to_vec(), false);
    assert_eq!(writer.writing_bytes(), 13);
    assert!(!writer.cancel(under_way) && writer.cancel(rest) && !writer.cancel(rest));
    assert_eq!(writer.writing_bytes(), 9);
    disk.mend();
    assert!(written(&mut writer).await.unwrap().error.is_none());
    assert!(written(&mut writer).await.is_none());
    assert_eq!((writer.bytes(), writer.writing_bytes()), (BLOCK, 0));
}

#[tokio::test]
async fn what_waits_for_the_disk_is_bounded() {
    let scratch = Scratch::new();
    let (mut writer, disk) = hanging(&scratch);
    let mut number = 0;
    while writer.has_time() {
        number += 1;
        assert!(number < 100, "without end");
        writer.write(number, vec![0; 1_000_000], false);
    }
    assert_eq!(number, MAX_WRITING_BYTES.div_ceil(1_000_000) as u64);
    disk.mend();
    while writer.writing_bytes() > 0 {
        let _ = writer.next().await;
    }
    assert!(writer.has_time());
}
