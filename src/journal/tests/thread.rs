//! The front for async code. All of them run on a runtime of one thread.

use super::*;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

fn started(scratch: &Scratch, max_bytes: u64) -> SpoolThread {
    let (spool, _) = Spool::open(&scratch.dir(), max_bytes).unwrap();
    SpoolThread::start(spool).unwrap()
}

#[tokio::test]
async fn every_method_on_one_thread_of_its_own() {
    let scratch = Scratch::new();
    let spool = started(&scratch, 3 * BLOCK);
    let first = spool.append(None, b"first".to_vec()).1.await.unwrap().id;
    let second = spool.append(None, b"second".to_vec()).1.await.unwrap().id;
    let third = spool.append(None, b"third".to_vec()).1.await.unwrap().id;
    assert_eq!(spool.read(first).await.unwrap(), b"first");
    spool.mark(second).await.unwrap();
    spool.unmark(second).await.unwrap();
    spool.mark(third).await.unwrap();
    let fourth = spool.append(None, b"fourth".to_vec()).1.await.unwrap();
    assert_eq!(fourth.dropped, [first]);
    spool.remove(Place::Id(fourth.id)).await.unwrap();
    assert_eq!(spool.usage().await.unwrap(), 2 * BLOCK);
    let error = spool.append(None, vec![0; 13_000]).1.await.unwrap_err();
    assert!(matches!(error.reason, SpoolError::TooLarge { .. }));
    let gone = spool.read(first).await.unwrap_err();
    assert!(matches!(gone, SpoolError::NoSuchEntry { .. }));

    let thread = spool.call(|_| std::thread::current().name().map(str::to_owned));
    assert_eq!(thread.await.unwrap().as_deref(), Some("cloudwatch-spool"));

    spool.close().await.unwrap();
    let (spool, _) = Spool::open(&scratch.dir(), 3 * BLOCK).unwrap();
    let expected = [
        (second, b"second".to_vec(), false),
        (third, b"third".to_vec(), true),
    ];
    assert_eq!(entries(&spool), expected);
}

#[tokio::test]
async fn what_is_queued_is_done_in_order_though_nobody_waits() {
    let scratch = Scratch::new();
    let spool = started(&scratch, PLENTY);
    for number in 1..=50 {
        drop(spool.append(None, vec![number]));
        drop(spool.mark(id(number.into())));
        if number % 2 == 0 {
            drop(spool.remove(Place::Id(id(number.into()))));
        }
    }
    // It waits: else the lock would still be held.
    drop(spool);
    let (spool, _) = Spool::open(&scratch.dir(), PLENTY).unwrap();
    let odd = (1..=50).step_by(2);
    let expected = odd.map(|number| (id(number.into()), vec![number], true));
    assert_eq!(entries(&spool), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_holds_up_no_other_task() {
    let scratch = Scratch::new();
    let spool = started(&scratch, PLENTY);
    let (open_gate, gate) = std::sync::mpsc::channel::<()>();
    // Were it run here, nobody would ever open the gate.
    let waits = spool.call(move |_| gate.recv());
    let mut appended = pin!(spool.append(None, b"behind the gate".to_vec()).1);
    let is_pending = poll_fn(|context| Poll::Ready(appended.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    open_gate.send(()).unwrap();
    waits.await.unwrap().unwrap();
    assert_eq!(appended.await.unwrap().id, id(1));
}

#[tokio::test]
async fn the_lock_is_held_until_it_is_closed() {
    let scratch = Scratch::new();
    let first = started(&scratch, PLENTY);
    let error = Spool::open(&scratch.dir(), PLENTY).unwrap_err();
    assert!(matches!(error, SpoolError::Locked { .. }), "{error}");
    first.close().await.unwrap();
    Spool::open(&scratch.dir(), PLENTY).unwrap();
}

#[tokio::test]
async fn a_panic_there_is_an_error_here_and_frees_the_lock() {
    let scratch = Scratch::new();
    let spool = started(&scratch, PLENTY);
    let panicked = spool.call(|_| panic!("on purpose"));
    let closed: Result<(), SpoolError> = panicked.await;
    assert!(matches!(closed, Err(SpoolError::Closed { .. })));
    let error = spool.append(None, b"late".to_vec()).1.await.unwrap_err();
    let expected = format!("the spool {} is closed", scratch.dir().display());
    assert_eq!(error.to_string(), expected);
    spool.close().await.unwrap_err();
    Spool::open(&scratch.dir(), PLENTY).unwrap();
}

fn hanging(scratch: &Scratch) -> (SpoolThread, TestDisk) {
    let disk = TestDisk::default();
    disk.hang(&[Step::Create]);
    let (spool, _) = Spool::open_on(disk.clone(), &scratch.dir(), PLENTY).unwrap();
    let thread = SpoolThread::start(spool).unwrap();
    (thread.without_patience(), disk)
}

/// Were it waited for, this test would never end.
#[tokio::test]
async fn a_disk_that_hangs_is_left_alone_at_the_end() {
    for is_closed in [true, false] {
        let scratch = Scratch::new();
        let (spool, disk) = hanging(&scratch);
        let (_, appended) = spool.append(None, b"payload".to_vec());
        if is_closed {
            let error = spool.close().await.unwrap_err();
            assert!(matches!(error, SpoolError::Slow { .. }), "{error}");
        } else {
            drop(spool);
        }
        // And what was asked for is done once it can be.
        disk.mend();
        assert_eq!(appended.await.unwrap().id, id(1));
    }
}

#[tokio::test]
async fn what_waits_can_be_cancelled_and_what_is_being_written_cannot() {
    let scratch = Scratch::new();
    let (spool, disk) = hanging(&scratch);
    let (ours, appended) = spool.append(None, b"under way".to_vec());
    while !ours.is_taken() {
        tokio::task::yield_now().await;
    }
    let (rest, replaced) = spool.append(Some(Place::Ticket(ours.clone())), b"rest".to_vec());
    assert!(!ours.cancel() && rest.cancel() && !rest.cancel());
    disk.mend();
    appended.await.unwrap();
    replaced.await.unwrap_err();
    // What it was to replace goes nevertheless.
    assert_eq!(spool.usage().await.unwrap(), 0);
}

#[tokio::test]
async fn an_entry_can_be_named_before_it_is_there() {
    let scratch = Scratch::new();
    let spool = started(&scratch, PLENTY);
    let (first, _) = spool.append(None, b"first".to_vec());
    let (second, _) = spool.append(Some(Place::Ticket(first)), b"second".to_vec());
    drop(spool.remove(Place::Ticket(second)));
    let third = spool.append(None, b"third".to_vec()).1.await.unwrap().id;
    assert_eq!((third, spool.usage().await.unwrap()), (id(3), BLOCK));
}
