//! A disk that is full, a journal that is, and a queue that is.

use super::*;

/// A queue of the least size, which is about 10,000 data.
fn small_queue() -> Config {
    let mut config = config();
    config.queue_bytes = 1_000_000;
    config
}

#[tokio::test]
async fn a_full_disk_costs_what_the_queue_has_no_room_for() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::with(small_queue(), &sink, &disk, 1 << 30);
    disk.fail(&[Step::Create]);
    for window in 1..=20 {
        rig.large_window(1_000).await;
        until(|| disk.asked(Step::Create) >= window).await;
    }
    let account_for = |stats: &Stats| account(stats) == 20_000;
    until(|| account_for(&rig.stats()) && rig.stats().dropped.samples > 5_000).await;
    assert!(rig.stats().journaled.is_zero());
    // And then there is room.
    disk.mend();
    for _ in 0..20 {
        rig.large_window(1_000).await;
    }
    until(|| rig.stats().journaled.samples > 5_000).await;
    sink.fails(false);
    let report = rig.cloudwatch.flush().await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let stats = rig.stats();
    assert!(account(&stats) == 40_000 && stats.journaled.is_zero() && stats.pending.is_zero());
    // Some of them had no room any more when the next came, which were written.
    assert!(stats.dropped.samples <= 20_000, "{stats:?}");
    assert_eq!(stats.delivered.samples, 40_000 - stats.dropped.samples);
}

#[tokio::test]
async fn what_the_journal_has_no_room_for_is_reported() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let max_bytes = 2_000_000;
    let rig = Rig::with(small_queue(), &sink, &disk, max_bytes);
    for window in 1..=60 {
        rig.large_window(1_000).await;
        until(|| disk.asked(Step::Create) >= window).await;
    }
    until(|| rig.stats().journal_writing_bytes == 0).await;
    let stats = rig.stats();
    assert_eq!(account(&stats), 60_000);
    assert!(stats.lost_records > 0 && stats.journal_bytes <= max_bytes);
    assert_eq!(stats.dropped.data, stats.lost_records * 1_000);
    assert!(stats.journaled.samples > 0 && stats.pending.samples > 0);
    // A flush knows where everything is.
    let report = rig.cloudwatch.flush().within(Duration::ZERO).await.unwrap();
    let left = 60_000 - rig.stats().dropped.samples;
    assert_eq!(report.pending.samples, left);
    assert!(report.journaled.samples > 0 && !report.is_complete());
    sink.fails(false);
    let report = rig.cloudwatch.flush().await.unwrap();
    assert!(
        report.is_complete() && report.delivered.samples == left,
        "{report:?}"
    );
    assert_eq!(sink.values().len() as u64, left);
    assert_eq!(account(&rig.stats()), 60_000);
}

/// Nobody knows yet whether it will be on disk, so it is pending.
#[tokio::test]
async fn what_leaves_the_queue_while_it_is_written() {
    for is_written in [true, false] {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        sink.fails(true);
        let rig = Rig::with(small_queue(), &sink, &disk, 1 << 30);
        disk.hang(&[Step::Create]);
        for window in 1..=20 {
            rig.large_window(1_000).await;
            until(|| account(&rig.stats()) == window * 1_000).await;
        }
        let stats = rig.stats();
        assert!(stats.queue_bytes <= 1_000_000 && stats.journal_writing_bytes > 0);
        assert_eq!(stats.pending.samples, 20_000, "{stats:?}");
        let report = rig.cloudwatch.flush().within(Duration::ZERO).await.unwrap();
        assert_eq!(
            (report.pending.samples, report.journaled.samples),
            (20_000, 0)
        );
        if is_written {
            disk.mend();
        } else {
            disk.fail(&[Step::Create]);
        }
        until(|| rig.stats().journal_writing_bytes == 0).await;
        let stats = rig.stats();
        let (there, gone) = (stats.journaled.samples, stats.dropped.samples);
        let (more, none) = if is_written {
            (there, gone)
        } else {
            (gone, there)
        };
        assert!(more > 5_000 && none == 0, "{stats:?}");
        assert_eq!(account(&stats), 20_000);
    }
}
