//! Once a thread knows a series, a record allocates nothing.

use crate::fixtures::alone::alone;
use metrics::{Key, Label, Metadata, Recorder, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, CloudWatchExporter, CloudWatchRecorder, Matcher, MemorySink, MetricSettings,
};

/// Without an exporter a recorder does nothing.
fn recorder() -> (CloudWatchRecorder, CloudWatchExporter) {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    builder.build().unwrap()
}

/// Of so many looked up ten times each. Where a thread keeps a series depends on how many recorders the process has
/// made before, so this needs a process of its own.
#[test]
fn many_series_of_one_thread_find_room() {
    alone!();
    for series in [25, 60, 250, 500, 900] {
        let (recorder, _exporter) = recorder();
        let keys: Vec<Key> = (0..series)
            .map(|n| Key::from_parts("n", vec![Label::new("series", format!("{n}"))]))
            .collect();
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let round = || {
            for key in &keys {
                recorder.register_counter(key, &metadata).increment(1);
            }
        };
        round();
        // One in a great while finds its set of places full, and may be admitted in the place of another.
        let measured = allocation_counter::measure(|| (0..10).for_each(|_| round()));
        let most = series / 5;
        assert!(
            measured.count_total <= most,
            "{series}: {}",
            measured.count_total
        );
    }
}

/// By macro, with static names and labels.
fn record(value: f64) {
    counter!("requests").increment(1);
    counter!("requests", "method" => "GET", "route" => "/").increment(1);
    counter!("total").absolute(7);
    gauge!("depth").set(value);
    gauge!("users").increment(value);
    histogram!("duration", "method" => "GET").record(value);
    histogram!("duration").record_many(value, 3);
}

fn allocations(recorder: &dyn Recorder, records: u32) -> u64 {
    with_local_recorder(recorder, || {
        let counted = allocation_counter::measure(|| {
            for n in 0..records {
                record(f64::from(n % 7));
            }
        });
        counted.count_total
    })
}

/// Allocates nothing once there are shards, which come when the machine is fast enough to earn them: with the chunks of
/// histograms, a few allocations at one time or another.
fn none_but_for_shards(run: impl Fn() -> u64) {
    let rounds: Vec<u64> = (0..10).map(|_| run()).collect();
    assert!(rounds.iter().sum::<u64>() <= 40, "{rounds:?}");
    assert!(
        rounds.iter().filter(|round| **round == 0).count() >= 5,
        "{rounds:?}"
    );
}

#[test]
fn a_known_series_allocates_nothing() {
    let (recorder, _exporter) = recorder();
    assert!(allocations(&recorder, 7) > 0, "they are new");
    assert_eq!(allocations(&recorder, 200), 0, "without shards");
    none_but_for_shards(|| allocations(&recorder, 100_000));
}

#[test]
fn a_thread_that_has_looked_it_up_allocates_nothing() {
    let (recorder, _exporter) = recorder();
    allocations(&recorder, 100_000);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(allocations(&recorder, 1) > 0, "they are new here");
            assert_eq!(allocations(&recorder, 5), 0);
            none_but_for_shards(|| allocations(&recorder, 100_000));
        });
    });
}

#[test]
fn a_held_handle_allocates_nothing() {
    let (recorder, _exporter) = recorder();
    let (counter, histogram) =
        with_local_recorder(&recorder, || (counter!("requests"), histogram!("duration")));
    none_but_for_shards(|| {
        let measured = allocation_counter::measure(|| {
            for n in 0..100_000 {
                counter.increment(1);
                histogram.record(f64::from(n % 7));
            }
        });
        measured.count_total
    });
}

/// A new value of a label that is dropped allocates in the facade, which makes the key, and nowhere else.
#[test]
fn a_dropped_label_allocates_nothing_of_ours() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
    let settings = MetricSettings::new().with_dropped_labels(["user"]);
    let builder = builder.with_metric_settings(Matcher::any(), settings);
    let (recorder, _exporter) = builder.build().unwrap();
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let key = |n: u32| {
        let labels = vec![
            Label::new("user", n.to_string()),
            Label::new("method", "GET"),
        ];
        Key::from_parts("n", labels)
    };
    recorder.register_counter(&key(0), &metadata).increment(1);
    for n in 1..200 {
        let key = key(n);
        let measured = allocation_counter::measure(|| {
            recorder.register_counter(&key, &metadata).increment(1);
        });
        assert_eq!(measured.count_total, 0);
    }
}
