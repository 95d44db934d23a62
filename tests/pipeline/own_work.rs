//! What the exporter's own work times is not the application's activity: `with_flush_on_idle` sends once for a scope of the
//! application, and not for ever.

use crate::fixtures::alone::alone;
use metrics_exporter_cloudwatch::metrics_timeit::{on_idle, timeit};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Blocking, CloudWatchBuilder, Datum, SendError, Sent, Sink,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Times all that it does, as a client with a layer that times would.
#[derive(Clone, Default)]
struct Timed(Arc<AtomicUsize>);

impl Sink for Timed {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        let _timer = timeit!("sink.len");
        0
    }

    fn send(
        &self,
        _: &Batch,
        attempt: &Attempt,
    ) -> impl Future<Output = Result<Sent, SendError>> + Send {
        drop(timeit!("sink.begin"));
        self.0.fetch_add(1, Ordering::Relaxed);
        attempt.leaves();
        async {
            let _timer = timeit!("sink.send");
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(timeit!("sink.answer"));
            Ok(Sent::default())
        }
    }

    async fn close(&self) {
        drop(timeit!("sink.close"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_scope_of_the_application_is_sent_once() {
    alone!();
    let sink = Timed::default();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let builder = builder.with_flush_on_idle(Duration::from_millis(100));
    let (recorder, exporter) = builder
        .with_period(Duration::from_hours(1))
        .build()
        .unwrap();
    let cloudwatch = exporter.handle();
    metrics::set_global_recorder(recorder).unwrap();
    tokio::spawn(exporter.run());
    for scopes in 1..4 {
        drop(timeit!("of the application"));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(sink.0.load(Ordering::Relaxed), scopes);
    }
    // What it timed of itself is sent as ever.
    let report = cloudwatch.flush().await.unwrap();
    assert!(
        report.is_complete() && report.delivered.samples > 3,
        "{report}"
    );
}

/// On all of its threads.
#[test]
fn nothing_that_the_exporter_times_is_a_scope_of_the_application() {
    alone!();
    let blocking = Blocking::new(|_: &Batch| {
        drop(timeit!("blocking.send"));
        Ok(Sent::default())
    });
    let collected = Arc::new(AtomicUsize::new(0));
    let collections = Arc::clone(&collected);
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("timed", Timed::default())
        .with_sink("blocking", blocking.unwrap())
        .with_flush_on_idle(Duration::from_hours(1))
        .on_snapshot(move || {
            let _timer = timeit!("collector");
            collections.fetch_add(1, Ordering::Relaxed);
        });
    let idle = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&idle);
    let _subscription = on_idle(move || {
        calls.fetch_add(1, Ordering::Relaxed);
    });
    let cloudwatch = builder.install_blocking().unwrap();
    for _ in 0..3 {
        metrics::counter!("n").increment(1);
        assert!(cloudwatch.flush().blocking().unwrap().is_complete());
    }
    assert!(cloudwatch.shutdown().blocking().unwrap().is_complete());
    assert!(collected.load(Ordering::Relaxed) > 0);
    assert_eq!(idle.load(Ordering::Relaxed), 0);
    drop(timeit!("of the application"));
    assert_eq!(idle.load(Ordering::Relaxed), 1);
}
