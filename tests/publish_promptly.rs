//! Publishing after the outermost function waits for nothing that is not its own. In a process of its own, as open
//! scopes are the process's.

use metrics_exporter_cloudwatch::{CloudWatchBuilder, ManualClock, MemorySink};
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
async fn neither_for_the_first_poll_nor_for_the_fleet() {
    let sink = MemorySink::new();
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_hours(1));
    let (recorder, exporter) = CloudWatchBuilder::new("Test")
        .with_sink(sink.clone())
        .with_clock(clock.clone())
        .with_send_jitter(Duration::from_mins(1))
        .with_flush_on_idle(Duration::from_millis(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    let running = exporter.run();
    metrics::with_local_recorder(&recorder, call);
    tokio::spawn(running);
    settle().await;
    assert_eq!(sink.sum("calls", &[]), 1.0, "it was not polled then");
    for calls in 2..12 {
        // What a window's end sends is spread over the fleet; this is not.
        clock.advance(Duration::from_mins(1));
        settle().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        metrics::with_local_recorder(&recorder, call);
        settle().await;
        assert_eq!(sink.sum("calls", &[]), f64::from(calls));
    }
    let stopping = cloudwatch.shutdown();
    metrics::with_local_recorder(&recorder, call);
    assert!(stopping.await.unwrap().is_complete());
    // It is the shutdown that published it.
    metrics::with_local_recorder(&recorder, call);
    settle().await;
    assert_eq!(sink.sum("calls", &[]), 12.0);
    drop(recorder);

    // At most one in all the time there is.
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink(sink.clone());
    let builder = builder.with_flush_on_idle(Duration::MAX).with_clock(clock);
    let (recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    for _ in 0..3 {
        metrics::with_local_recorder(&recorder, call);
        settle().await;
    }
    assert_eq!(sink.sum("calls", &[]), 1.0);
    let _ = cloudwatch.shutdown().await.unwrap();
}
