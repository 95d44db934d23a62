//! Publications after the outermost function: so many a second at most, the rest put together.

use metrics_exporter_cloudwatch::{Clock, CloudWatchBuilder, ManualClock, MemorySink};
use metrics_timeit::attr::count;
use std::time::{Duration, UNIX_EPOCH};

#[count("calls")]
fn call() {}

async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn publications_that_would_come_too_soon_are_put_together() {
    let sink = MemorySink::new();
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_hours(1));
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink(sink.clone())
        .with_clock(clock.clone())
        .with_flush_on_idle(Duration::from_millis(200))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    settle().await;
    let calls = || {
        sink.data()
            .iter()
            .map(|datum| datum.value().statistics().sum)
            .collect::<Vec<_>>()
    };

    metrics::with_local_recorder(&recorder, call);
    settle().await;
    assert_eq!(calls(), [1.0], "the first at once");
    for _ in 0..10 {
        metrics::with_local_recorder(&recorder, call);
        settle().await;
    }
    assert_eq!(calls(), [1.0], "the next not sooner than it may");
    tokio::time::sleep(Duration::from_millis(201)).await;
    assert_eq!(calls(), [1.0, 10.0]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(calls(), [1.0, 10.0], "nothing was called");
    assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_hours(1));
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
}
