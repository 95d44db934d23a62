//! Totals and a journal: what has no room in memory, or no room on disk either, and what another process left.

use crate::fixtures::collectors::busy;
use crate::fixtures::keeping::Keeping;
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, minute};
use crate::fixtures::totalling::{MINUTE, Totalling, after, builder};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Destination, FlushReport, ManualClock, Profile, Stats,
};
use std::collections::BTreeMap;
use std::time::Duration;

const SERIES: u64 = 400;

/// Each series grows by three in each window. Returns when all of it is pending, and the disk has what it is to have.
async fn pass_windows(test: &Started, series: u64, windows: u32) {
    let own = |stats: &Stats| stats.entered.samples - stats.restored.samples;
    let before = own(&test.cloudwatch.stats());
    for window in 1..=windows {
        test.record(|| {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(3);
            }
        });
        test.clock.advance(MINUTE);
        let samples = before + u64::from(window) * series * 3;
        until(|| {
            let stats = test.cloudwatch.stats();
            own(&stats) == samples && stats.journal_writing_bytes == 0
        })
        .await;
    }
}

/// Time stands still, as disks do not follow a paused clock.
async fn recover_and_end(test: &Started, sink: &Totalling) -> FlushReport {
    sink.is_out(false);
    let busy = busy();
    // A flush tries again no sooner than half a second after an attempt that failed.
    tokio::time::advance(Duration::from_secs(1)).await;
    let report = test.cloudwatch.shutdown().await.unwrap();
    busy.abort();
    report
}

/// With a journal nothing is dropped: what has no room in memory comes back, in order; what an earlier process left goes
/// before this one's, also as this one is shut down.
#[tokio::test(start_paused = true)]
async fn what_a_full_queue_leaves_to_the_journal_comes_back_in_order() {
    let scratch = Scratch::new();
    let sink = Totalling::default();
    sink.state().max_data = Some(1_000);
    let start = |clock| {
        let builder = builder(&sink).with_queue_bytes(1_000_000);
        Started::by_clock(builder.with_journal(scratch.path(), 1 << 30), clock)
    };
    sink.is_out(true);
    let windows = 24;
    let test = start(ManualClock::new(minute()));
    pass_windows(&test, SERIES, windows).await;
    let stats = test.cloudwatch.stats();
    assert!(stats.journaled.data > 1_000, "{stats}");
    let within = Duration::from_secs(1);
    let report = test.cloudwatch.shutdown().within(within).await.unwrap();
    assert_eq!(report.dropped.data, 0, "{report}");
    until(|| scratch.is_free()).await;

    let test = start(ManualClock::new(after(windows) + Duration::from_secs(1)));
    until(|| test.cloudwatch.stats().restored.data > 1_000).await;
    pass_windows(&test, SERIES, windows).await;
    let report = recover_and_end(&test, &sink).await;
    assert!(report.is_complete(), "{report}");
    let reader = sink.reader();
    let expected: BTreeMap<_, _> = (1..=2 * windows).map(|n| (after(n), 3)).collect();
    for number in 0..SERIES {
        assert_eq!(reader.increases(&format!("n number={number}")), expected);
    }
}

/// What has no room on disk either goes, the oldest first. The totals after it have all that it had, and the first of them
/// has its zero; of what an earlier process left, too.
#[tokio::test(start_paused = true)]
async fn what_the_journal_drops_is_in_the_next_total() {
    const MANY: u64 = 4_000;
    let scratch = Scratch::new();
    let sink = Totalling::default();
    sink.state().max_data = Some(1_000);
    sink.is_out(true);
    let start = |clock, instance: &'static str| {
        let builder = builder(&sink).with_queue_bytes(1_000_000);
        let builder = builder.with_journal(scratch.path(), 16 << 20);
        Started::by_clock(builder.with_dimension("instance", instance), clock)
    };
    let test = start(ManualClock::new(minute()), "a");
    pass_windows(&test, MANY, 30).await;
    assert_eq!(test.cloudwatch.stats().lost_records, 0, "there is room yet");
    let within = Duration::from_secs(1);
    let _ = test.cloudwatch.shutdown().within(within).await.unwrap();
    until(|| scratch.is_free()).await;

    let test = start(ManualClock::new(after(31)), "b");
    until(|| test.cloudwatch.stats().restored.data > 0).await;
    pass_windows(&test, MANY, 30).await;
    let stats = test.cloudwatch.stats();
    assert!((5..100).contains(&stats.lost_records), "{stats}");
    let report = recover_and_end(&test, &sink).await;
    assert!(report.pending.is_zero(), "{report}");
    let reader = sink.reader();
    for number in 0..MANY {
        let increase =
            |instance| reader.increase(&format!("n instance={instance} number={number}"));
        assert_eq!([increase("a"), increase("b")], [90, 90], "{number}");
    }
}

/// Others wait for the oldest, but not for ever: what the disk does not give back is given up.
#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_read_stops_nothing() {
    let scratch = Scratch::new();
    let start = |sink, seconds| {
        let builder = CloudWatchBuilder::new("Test").with_journal(scratch.path(), 16 << 20);
        let clock = ManualClock::new(minute() + Duration::from_secs(seconds));
        Started::by_clock(builder.with_destination(sink), clock)
    };
    let test = start(Destination::new("totals", Scripted::failing()), 0);
    pass_windows(&test, 1, 3).await;
    let within = Duration::from_secs(1);
    let _ = test.cloudwatch.shutdown().within(within).await.unwrap();
    until(|| scratch.is_free()).await;

    let sink = Keeping::with(Profile::default().with_totals());
    let test = start(Destination::new("totals", sink.clone()), 181);
    let files = std::fs::read_dir(scratch.path()).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let oldest = files.filter(|path| !path.ends_with("lock")).min().unwrap();
    std::fs::remove_file(&oldest).unwrap();
    std::fs::create_dir(&oldest).unwrap();
    for _ in 0..5 {
        test.record(|| counter!("new").increment(1));
        test.advance(MINUTE).await;
        tokio::time::sleep(MINUTE).await;
    }
    let data = sink.take();
    let newest = data.iter().rfind(|datum| datum.name() == "new").unwrap();
    assert_eq!(newest.timestamp(), minute() + 8 * MINUTE);
    assert!(test.cloudwatch.stats().lost_records > 0);
}
