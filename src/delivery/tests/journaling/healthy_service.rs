//! A healthy service is sent its windows on time, whatever the disk does, but for what is sent at most once.

use super::*;
use crate::journal::{PATIENCE, SHORT_PATIENCE};
use tokio::time::Instant;

const FAULTS: [&[Step]; 6] = [
    &[Step::Create],
    &[Step::Mark],
    &[Step::Remove],
    &[Step::Read],
    &[Step::Create, Step::Mark],
    &[Step::Create, Step::Mark, Step::Remove, Step::Read],
];

/// How long each of some windows took.
async fn windows(rig: &Rig) -> Vec<Duration> {
    let mut all = Vec::new();
    for value in 1..=5 {
        let began = Instant::now();
        rig.window(value).await;
        let report = rig.cloudwatch.flush().await.unwrap();
        assert!(report.is_complete(), "{report:?}");
        all.push(began.elapsed());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_holds_up_one_attempt_for_half_a_second() {
    for steps in FAULTS {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
        disk.hang(steps);
        let took = windows(&rig).await;
        assert!(took[0] <= 2 * SHORT_PATIENCE, "{steps:?}: {took:?}");
        let others: Duration = took[1..].iter().sum();
        // What comes beside the write of another one waits for its mark.
        assert!(others <= 2 * SHORT_PATIENCE, "{steps:?}: {took:?}");
        assert_eq!(sink.values(), [1, 2, 3, 4, 5]);
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
        // The disk's own time passes for the paused clock as long as something waits for it.
        let longest = 2 * SHORT_PATIENCE;
        let took = windows(&rig).await;
        assert!(
            took.iter().all(|took| *took <= longest),
            "{steps:?}: {took:?}"
        );
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
