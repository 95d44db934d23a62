//! An exporter that sees no metric at all says once why that may be.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::started::{InMemory, Started};
use metrics::counter;
use metrics_exporter_cloudwatch::ExplicitDatum;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

type Act = fn(&Started);

/// Lines after some minutes, and an hour later.
async fn lines_of(log: &Log, started: &Started) -> (usize, Vec<String>) {
    started.settle().await;
    tokio::time::sleep(Duration::from_secs(299)).await;
    started.settle().await;
    let early = log.lines().len();
    tokio::time::sleep(60 * MINUTE).await;
    started.settle().await;
    (early, log.lines())
}

#[tokio::test(start_paused = true)]
async fn without_any_metric_the_log_says_once_how_to_look_for_another_version() {
    alone!();
    let (log, _guard) = Log::start();
    let InMemory { started, .. } = InMemory::new(|builder| builder);
    let (early, lines) = lines_of(&log, &started).await;
    assert_eq!((early, lines.len()), (0, 1), "{lines:?}");
    let says = [
        "WARN",
        "another version of the metrics crate (see cargo tree -d)",
    ];
    assert!(says.iter().all(|part| lines[0].contains(part)), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn who_records_or_puts_or_only_registers_is_not_told() {
    alone!();
    let acts: [Act; 3] = [
        |started| started.record(|| counter!("n").increment(1)),
        |started| drop(started.record(|| counter!("n"))),
        |started| {
            started
                .cloudwatch
                .put(ExplicitDatum::value("n", 1.0))
                .unwrap();
        },
    ];
    for act in acts {
        let (log, _guard) = Log::start();
        let InMemory { started, .. } = InMemory::new(|builder| builder);
        act(&started);
        let (_, lines) = lines_of(&log, &started).await;
        assert_eq!(lines, [""; 0]);
    }
}
