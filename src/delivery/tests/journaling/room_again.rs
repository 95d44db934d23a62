//! A disk that was full and has room again.

use super::*;
use tokio::time::Instant;

/// It takes nothing for five minutes at a time, so that no batch is written after its own attempt.
fn throttling() -> Answering {
    Answering::by(|_| {
        Some(Err(SendError::Throttled {
            source: "too fast".into(),
            retry_after: Some(Duration::from_mins(5)),
        }))
    })
}

/// Windows that were not written, of which one was tried.
async fn on_a_full_disk(scratch: &Scratch, disk: &TestDisk, windows: u64) -> (Rig, Answering) {
    let sink = throttling();
    disk.fail(&[Step::Create]);
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), disk, 1 << 30);
    rig.window(1).await;
    until(|| sink.calls() == 1 && disk.asked(Step::Create) == 2).await;
    for value in 2..=windows {
        rig.window(value).await;
    }
    until(|| rig.stats().journal_writing_bytes == 0).await;
    assert_eq!(scratch.names(), [""; 0]);
    (rig, sink)
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_memory_is_written_soon_after() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let (rig, sink) = on_a_full_disk(&scratch, &disk, 5).await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    disk.mend();
    // The longest pause; then no more time has to pass.
    tokio::time::sleep(Duration::from_secs(31)).await;
    until(|| scratch.names().len() == 5).await;
    assert_eq!(sink.calls(), 1);
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    let report = report.unwrap();
    assert_eq!((report.pending.data, report.journaled.data), (5, 5));
}

/// No time passes.
#[tokio::test(start_paused = true)]
async fn after_any_success_all_is_written_at_once() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let (rig, _) = on_a_full_disk(&scratch, &disk, 5).await;
    disk.mend();
    let now = Instant::now();
    rig.window(6).await;
    until(|| scratch.names().len() == 6).await;
    assert_eq!(now.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_tried_by_one_record_at_a_time() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let (_rig, _) = on_a_full_disk(&scratch, &disk, 50).await;
    let (before, began) = (disk.asked(Step::Create), Instant::now());
    while disk.asked(Step::Create) < before + 6 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // After 1, 2, 4, 8, 16 and 30 seconds.
    assert!(
        began.elapsed() >= Duration::from_secs(61),
        "{:?}",
        began.elapsed()
    );
}

/// What is written late is bounded as what is written at once.
#[tokio::test(start_paused = true)]
async fn the_disk_is_not_given_more_than_it_takes() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = throttling();
    disk.hang(&[Step::Create]);
    let rig = Rig::writing(config(), sink, &scratch.dir(), &disk, 1);
    for value in 1..=6 {
        rig.window(value).await;
    }
    for written in 1..=6 {
        assert!(rig.stats().journal_writing_bytes < 250, "one at a time");
        disk.let_pass(Step::Create);
        until(|| scratch.names().len() == written).await;
    }
}

/// As what is too large for the room that there is, or has something in its way.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_record_that_the_disk_never_takes_keeps_no_other_off_it() {
    use crate::journal::tests::answering::{self, Asked};
    use std::sync::atomic::AtomicBool;
    let (scratch, trials) = (Scratch::new(), Arc::new(AtomicUsize::new(0)));
    let (is_full, counted) = (Arc::new(AtomicBool::new(true)), Arc::clone(&trials));
    let told = Arc::clone(&is_full);
    let disk = answering::Answering::by(move |asked| {
        let Asked::Create(name) = asked else {
            return Ok(());
        };
        let is_first = name == "0000000000000001.half";
        if is_first {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        if is_first || told.load(Ordering::Relaxed) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    });
    let (journal, recovered) = Journal::open_on(disk, &scratch.dir(), 1 << 30).unwrap();
    let writer = Writer::start(journal).unwrap();
    let (rig, exporter) = Rig::by_writer(config(), throttling(), writer, recovered);
    tokio::spawn(exporter.run());
    for value in 1..=5 {
        rig.window(value).await;
        until(|| rig.stats().journal_writing_bytes == 0).await;
    }
    is_full.store(false, Ordering::Relaxed);
    trials.store(0, Ordering::Relaxed);
    while scratch.names().len() < 4 {
        assert!(trials.load(Ordering::Relaxed) <= 20, "only one is tried");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
