//! What the folder says of an attempt, for the next process.

use super::*;
use crate::journal::PATIENCE;

const WAITS: [&str; 1] = ["0000000000000001.record"];
const BEGUN: [&str; 1] = ["0000000000000001.begun"];

/// What a process finds that comes after one that ends now.
async fn next(scratch: &Scratch, rig: Rig, guarantee: Guarantee) -> Stats {
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!(report.unwrap().pending.samples, 3);
    restarted(scratch, rig, guarantee).await
}

/// What a process finds that comes after one that has ended.
async fn restarted(scratch: &Scratch, rig: Rig, guarantee: Guarantee) -> Stats {
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, guarantee);
    until(|| rig.stats().restored.samples == 3 && rig.stats().pending.is_zero()).await;
    rig.stats()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_surely_did_not_arrive_is_as_if_it_had_not_been() {
    for guarantee in [Guarantee::AtMostOnce, Guarantee::AtLeastOnce] {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        sink.fails(true);
        let rig = Rig::new(&sink, &disk, guarantee);
        rig.window(3).await;
        until(|| sink.calls() == 1 && scratch.names() == WAITS).await;
        let stats = next(&scratch, rig, guarantee).await;
        assert_eq!((stats.delivered.samples, stats.repeated.samples), (3, 0));
    }
}

/// It was sent before the disk had it.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_noted_though_its_record_comes_late() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.hangs();
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.hang(&[Step::Create]);
    rig.window(3).await;
    until(|| disk.asked(Step::Create) == 1).await;
    tokio::time::sleep(PATIENCE).await;
    until(|| sink.calls() == 1).await;
    disk.mend();
    until(|| scratch.names() == BEGUN).await;
}

/// Nothing was sent, so that the next process may send it.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_held_back_is_as_if_it_had_not_been() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.hang(&[Step::Mark]);
    rig.window(3).await;
    until(|| disk.asked(Step::Mark) == 1).await;
    let report = rig.cloudwatch.flush().await.unwrap();
    assert_eq!((report.pending.samples, sink.calls()), (3, 0));
    disk.mend();
    // Time stands still: this is not after another attempt.
    until(|| scratch.names() == WAITS).await;
    assert_eq!(sink.calls(), 0);
}

/// A shutdown while the mark is being made: nothing was sent either.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_shutdown_holds_back_is_the_next_process_s() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.hang(&[Step::Mark]);
    rig.window(3).await;
    until(|| disk.asked(Step::Mark) == 1).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!((report.unwrap().pending.samples, sink.calls()), (3, 0));
    disk.mend();
    let stats = restarted(&scratch, rig, Guarantee::AtMostOnce).await;
    assert_eq!((stats.delivered.samples, stats.ambiguous.samples), (3, 0));
}
