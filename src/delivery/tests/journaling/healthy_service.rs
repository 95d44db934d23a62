//! A healthy service is sent its windows on time, whatever the disk does, but for what is sent at most once.

use super::*;
use crate::journal::{PATIENCE, SHORT_PATIENCE};
use std::ops::RangeInclusive;
use tokio::time::Instant;

const FAULTS: [&[Step]; 6] = [
    &[Step::Create],
    &[Step::Mark],
    &[Step::Remove],
    &[Step::Read],
    &[Step::Create, Step::Mark],
    &[Step::Create, Step::Mark, Step::Remove, Step::Read],
];

/// One after the other; gives how long they took.
async fn windows(rig: &Rig, values: RangeInclusive<u64>) -> Duration {
    let began = Instant::now();
    for value in values {
        rig.window(value).await;
        flush(rig).await;
    }
    began.elapsed()
}

/// Paused time may pass in leaps as long as the disk is at work, and so there is enough of it.
async fn flush(rig: &Rig) {
    let flush = rig.cloudwatch.flush().within(Duration::from_hours(1));
    let report = flush.await.unwrap();
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_holds_up_one_attempt_for_half_a_second() {
    for steps in FAULTS {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
        disk.hang(steps);
        let hangs = || disk.asked(steps[0]) == 1;
        let began = Instant::now();
        rig.window(1).await;
        if steps[0] == Step::Create {
            until(hangs).await;
            flush(&rig).await;
            assert!(began.elapsed() <= 2 * SHORT_PATIENCE, "{steps:?}");
        }
        flush(&rig).await;
        // Nothing is read, so that nothing hangs then.
        let mut value = 1;
        while steps[0] != Step::Read && !hangs() {
            value += 1;
            windows(&rig, value..=value).await;
        }
        let took = windows(&rig, value + 1..=value + 4).await;
        // What comes beside the write of another one waits for its mark.
        assert!(
            !hangs() || took <= 2 * SHORT_PATIENCE,
            "{steps:?}: {took:?}"
        );
        assert!(sink.values().into_iter().eq(1..=value + 4));
        disk.mend();
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_holds_up_nothing() {
    for steps in FAULTS {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
        disk.fail(steps);
        windows(&rig, 1..=5).await;
        assert_eq!(sink.values(), [1, 2, 3, 4, 5]);
    }
}

/// It answers, but late.
#[tokio::test(start_paused = true)]
async fn a_disk_that_is_known_to_be_slow_is_not_waited_for() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.hang(&[Step::Create, Step::Mark, Step::Remove]);
    rig.window(1).await;
    until(|| disk.asked(Step::Create) == 1).await;
    assert!(rig.cloudwatch.flush().await.unwrap().is_complete());
    disk.let_pass(Step::Create);
    until(|| scratch.names().len() == 1 && rig.stats().journal_writing_bytes == 0).await;
    let began = Instant::now();
    for value in 2..=4 {
        rig.window(value).await;
        assert!(rig.cloudwatch.flush().await.unwrap().is_complete());
    }
    assert!(began.elapsed() < SHORT_PATIENCE, "{:?}", began.elapsed());
    disk.mend();
}

/// What was under way when it hung may be on disk or not; the rest is not, and the report says so.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_long_for_a_disk_that_hangs() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    rig.window(1).await;
    until(|| scratch.names().len() == 1).await;
    disk.hang(&[Step::Create]);
    rig.window(2).await;
    until(|| disk.asked(Step::Create) == 2).await;
    rig.window(3).await;
    let began = Instant::now();
    let report = rig.cloudwatch.shutdown().within(Duration::from_secs(1));
    let report = report.await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(1));
    assert_eq!(report.journaled.samples, 1, "{report}");
    let rest = report.pending.samples + report.dropped.samples;
    assert_eq!(rest, 6, "{report}");
    disk.mend();
}

/// The thread that drops the exporter is blocked for half a second, not for five.
#[test]
fn what_is_dropped_does_not_block_for_long() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Seeing::at(&scratch.dir());
    sink.fails(true);
    let rig = runtime.block_on(async {
        let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
        disk.hang(&[Step::Create]);
        rig.window(3).await;
        until(|| disk.asked(Step::Create) == 1).await;
        rig.window(4).await;
        rig
    });
    let began = std::time::Instant::now();
    drop(runtime);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let stats = rig.stats();
    // The first may be written still.
    assert_eq!((stats.pending.samples, stats.dropped.samples), (3, 4));
    disk.mend();
}

/// For its turn and for its write together, not for each.
#[tokio::test(start_paused = true)]
async fn what_waits_until_the_disk_has_time_waits_no_longer_for_that() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    disk.hang(&[Step::Create]);
    let rig = Rig::writing(config(), sink.clone(), &scratch.dir(), &disk, 1);
    rig.window(1).await;
    rig.window(2).await;
    until(|| disk.asked(Step::Create) == 1).await;
    let little = SHORT_PATIENCE / 10;
    tokio::time::sleep(9 * little).await;
    assert_eq!(sink.calls(), 0);
    disk.let_pass(Step::Create);
    // The first one's mark comes after the second one's write.
    until(|| disk.asked(Step::Create) == 2).await;
    tokio::time::sleep(2 * little).await;
    assert_eq!(sink.values(), [2]);
    disk.mend();
}
