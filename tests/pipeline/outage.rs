//! Two hours without CloudWatch, at ten thousand series: nothing is dropped by default, and all of it arrives under its
//! own time stamps.

use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, minute};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_cloudwatch::{Clock, CloudWatchBuilder, DatumValue, Matcher, MetricSettings};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

const WINDOWS: u64 = 120;
const SERIES: usize = 10_000;
/// Of those, and so many values has each of them in a window.
const HISTOGRAMS: usize = 500;
const VALUES: u32 = 100;

/// `with_queue_bytes` says so.
const DEFAULT_QUEUE_BYTES: u64 = 256 * 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn two_hours_at_ten_thousand_series_fit_the_queue() {
    let sink = Scripted::failing();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let builder = builder
        .with_max_series(None)
        .with_metric_settings(Matcher::any(), MetricSettings::new().with_max_series(None));
    let test = Started::new(builder.with_flush_timeout(Duration::from_hours(24)));
    let name = |number: usize| number.to_string();
    let plain = SERIES - HISTOGRAMS;
    let (counters, gauges, histograms): (Vec<Counter>, Vec<Gauge>, Vec<Histogram>) =
        test.record(|| {
            (
                (0..plain / 2)
                    .map(|n| counter!("n", "series" => name(n)))
                    .collect(),
                (0..plain / 2)
                    .map(|n| gauge!("g", "series" => name(n)))
                    .collect(),
                (0..HISTOGRAMS)
                    .map(|n| histogram!("h", "series" => name(n)))
                    .collect(),
            )
        });
    for _ in 0..WINDOWS {
        for counter in &counters {
            counter.increment(1);
        }
        for gauge in &gauges {
            gauge.set(1);
        }
        for histogram in &histograms {
            (0..VALUES).for_each(|value| histogram.record(1.03f64.powi(value.cast_signed())));
        }
        test.advance(Duration::from_mins(1)).await;
    }
    let stats = test.cloudwatch.stats();
    assert!(stats.dropped.is_zero(), "{stats:?}");
    assert_eq!(stats.pending.data, WINDOWS * SERIES as u64);
    // What the documentation says a datum takes: 80 bytes, and 16 for each value; and a little for the requests.
    let values = WINDOWS * HISTOGRAMS as u64 * u64::from(VALUES);
    let bytes = stats.pending.data * 80 + values * 16;
    let most = bytes + bytes / 50;
    assert!(
        (bytes..most).contains(&stats.queue_bytes),
        "{}",
        stats.queue_bytes
    );
    assert!(most < DEFAULT_QUEUE_BYTES);
    println!(
        "{} bytes for {} data",
        stats.queue_bytes, stats.pending.data
    );

    sink.recover();
    test.flush().await;
    let mut windows: BTreeMap<SystemTime, usize> = BTreeMap::new();
    for datum in sink.memory.take() {
        *windows.entry(datum.timestamp()).or_default() += 1;
        if let DatumValue::Values(values) = datum.value() {
            assert_eq!(values.iter().len(), VALUES as usize);
        }
    }
    // Gauges are told in the window of the flush, too.
    assert!(windows.remove(&test.clock.now()).is_some());
    let expected = (0..WINDOWS).map(|window| (minute() + Duration::from_mins(window), SERIES));
    assert!(windows.into_iter().eq(expected));
    assert_eq!(test.cloudwatch.stats().queue_bytes, 0);
}
