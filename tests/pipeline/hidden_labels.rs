//! Labels that a destination does not see: series that differ in nothing else feed one identity.

use crate::fixtures::started::{InMemory, minute};
use metrics::{counter, describe_gauge, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Buckets, CloudWatchBuilder, Datum, DatumValue, GaugeRule, Matcher, MemorySink, MetricSettings,
    Unit,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

const MINUTE: Duration = Duration::from_mins(1);

fn without_host(builder: CloudWatchBuilder) -> CloudWatchBuilder {
    builder.without_labels(["host"])
}

fn idle_after(builder: CloudWatchBuilder, timeout: Option<Duration>) -> CloudWatchBuilder {
    let settings = MetricSettings::new().with_idle_timeout(timeout);
    builder.with_metric_settings(Matcher::any(), settings)
}

/// Sum, minimum and maximum of the only datum.
fn only(data: &[Datum]) -> (f64, f64, f64) {
    let [datum] = data else {
        panic!("{data:?}");
    };
    assert_eq!(datum.dimensions().count(), 0, "{data:?}");
    let statistics = datum.value().statistics();
    (statistics.sum, statistics.minimum, statistics.maximum)
}

fn set(level: f64, host: &'static str) {
    gauge!("level", "host" => host).set(level);
}

#[tokio::test(start_paused = true)]
async fn nothing_falls_when_one_of_two_series_is_evicted() {
    let timeout = Some(3 * MINUTE);
    let InMemory { started, sink } =
        InMemory::new(|builder| without_host(idle_after(builder, timeout)));
    let mut sums = Vec::new();
    for minute in 0..8 {
        started.record(|| {
            counter!("n", "host" => "a").increment(1);
            if minute < 2 {
                counter!("n", "host" => "b").increment(10);
            }
        });
        started.advance(MINUTE).await;
        sums.push(only(&sink.take()).0);
    }
    assert_eq!(sums, [11.0, 11.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    // The evicted one comes back.
    started.record(|| counter!("n", "host" => "b").increment(10));
    started.advance(MINUTE).await;
    assert_eq!(only(&sink.take()).0, 10.0);
}

#[tokio::test(start_paused = true)]
async fn histograms_merge_as_if_one_had_been_recorded_to() {
    let sink = MemorySink::new();
    let InMemory { started, .. } =
        InMemory::new(|builder| without_host(builder.with_sink("lossless", sink.clone())));
    let samples: Vec<f64> = (0..1_000).map(|n| f64::from(n) * 0.1).collect();
    started.record(|| {
        for (number, sample) in samples.iter().enumerate() {
            histogram!("t", "host" => (number % 7).to_string()).record(*sample);
        }
    });
    started.flush().await;
    let data = sink.take();
    let [datum] = &data[..] else {
        panic!("{data:?}");
    };
    let DatumValue::Buckets(buckets) = datum.value() else {
        panic!("{datum:?}");
    };
    let expected: Buckets = samples.iter().copied().collect();
    assert!(buckets.recorded().iter().eq(expected.iter()));
    assert_eq!(
        (buckets.count(), buckets.min(), buckets.max()),
        (1_000, 0.0, samples[999])
    );
    assert!((buckets.sum() - expected.sum()).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn gauges_merge_by_the_rule_those_that_nobody_touched_included() {
    for (rule, first, then) in [
        (GaugeRule::Sum, (13.0, 11.0, 15.0), (14.0, 14.0, 14.0)),
        (GaugeRule::Min, (3.0, 1.0, 5.0), (4.0, 4.0, 4.0)),
        (GaugeRule::Max, (10.0, 10.0, 10.0), (10.0, 10.0, 10.0)),
    ] {
        let timeout = Some(3 * MINUTE);
        let InMemory { started, sink } = InMemory::new(|builder| {
            let builder = idle_after(builder, timeout);
            without_host(builder).with_gauge_rule(rule)
        });
        started.record(|| {
            for level in [1.0, 5.0, 3.0] {
                set(level, "a");
            }
            set(10.0, "b");
        });
        started.advance(MINUTE).await;
        assert_eq!(only(&sink.take()), first, "{rule:?}");
        started.record(|| set(4.0, "a"));
        started.advance(MINUTE).await;
        assert_eq!(only(&sink.take()), then, "{rule:?}");
        // Nobody touched either of them.
        started.advance(MINUTE).await;
        assert_eq!(only(&sink.take()), then, "{rule:?}");
        // The second is idle.
        started.record(|| set(4.0, "a"));
        started.advance(MINUTE).await;
        assert_eq!(only(&sink.take()), (4.0, 4.0, 4.0), "{rule:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn gauges_without_a_rule_are_refused_as_long_as_there_are_several() {
    let timeout = Some(3 * MINUTE);
    let InMemory { started, sink } =
        InMemory::new(|builder| without_host(idle_after(builder, timeout)));
    started.record(|| set(1.0, "a"));
    started.advance(MINUTE).await;
    assert_eq!(only(&sink.take()).0, 1.0);
    started.record(|| set(2.0, "b"));
    let report = started.cloudwatch.flush().await.unwrap();
    let refusals = report.refusals.iter().map(ToString::to_string);
    let refusals: Vec<String> = refusals.collect();
    assert_eq!(
        refusals,
        [
            "Gauge \"level\": 1 refused: several gauges are one without the labels that are left out, and no rule merges them"
        ]
    );
    // Said when something is recorded, not in every window.
    started.advance(MINUTE).await;
    assert_eq!(
        (
            sink.take().len(),
            started.cloudwatch.stats().refused.samples
        ),
        (0, 1)
    );
    started.advance(MINUTE).await;
    started.record(|| set(3.0, "b"));
    started.advance(MINUTE).await;
    assert_eq!(only(&sink.take()).0, 3.0, "the other is idle");
}

/// Nor in what is refused, and logged.
#[tokio::test(start_paused = true)]
async fn further_calls_add_to_the_names() {
    let InMemory { started, sink } =
        InMemory::new(|builder| without_host(builder.without_labels(["user"])));
    started.record(|| counter!("n", "user" => "u", "host" => "h").increment(1));
    started.flush().await;
    assert_eq!(only(&sink.take()).0, 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_gauge_that_is_sent_again_has_the_unit_that_it_has_now() {
    for is_hidden in [false, true] {
        let InMemory { started, sink } = InMemory::new(|builder| {
            let builder = builder.with_gauge_rule(GaugeRule::Sum);
            if is_hidden {
                without_host(builder)
            } else {
                builder
            }
        });
        started.record(|| gauge!("level").set(7));
        started.advance(MINUTE).await;
        started.record(|| describe_gauge!("level", metrics::Unit::Bytes, ""));
        sink.take();
        started.advance(MINUTE).await;
        assert_eq!(sink.take()[0].unit(), Some(Unit::Bytes), "{is_hidden}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_gauge_is_refused_once() {
    let InMemory { started, .. } =
        InMemory::new(|builder| without_host(builder.with_gauge_rule(GaugeRule::Sum)));
    started.record(|| gauge!("", "host" => "a").set(1));
    for _ in 0..3 {
        started.advance(MINUTE).await;
    }
    assert_eq!(started.cloudwatch.stats().refused.samples, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hidden_label_is_not_in_refusals() {
    let InMemory { started, sink } = InMemory::new(without_host);
    started.record(|| {
        histogram!("t", "host" => "secret", "path" => "/").record(f64::NAN);
        histogram!("", "host" => "secret").record(1.0);
    });
    let report = started.cloudwatch.flush().await.unwrap();
    let refusals = report.refusals.iter().map(ToString::to_string);
    let mut refusals: Vec<String> = refusals.collect();
    refusals.sort();
    assert_eq!(
        refusals,
        [
            "Histogram \"\": 1 refused: the metric's name is empty",
            "Histogram \"t\" {\"path\"=\"/\"}: 1 refused: a value is not a number",
        ]
    );
    assert!(sink.take().is_empty());
}

/// What of one identity in one window: increments, samples and their sum.
type Identity = (&'static str, String, SystemTime);

#[derive(Clone, Debug)]
enum Act {
    Count(usize, usize, u64),
    Sample(usize, usize, u32),
    Flush,
    Window,
}

fn act() -> impl Strategy<Value = Act> {
    let labels = || (0..3_usize, 0..3_usize);
    prop_oneof![
        8 => (labels(), 1..100_u64).prop_map(|((host, path), by)| Act::Count(host, path, by)),
        8 => (labels(), 0..1_000_u32).prop_map(|((host, path), it)| Act::Sample(host, path, it)),
        1 => Just(Act::Flush),
        4 => Just(Act::Window),
    ]
}

proptest! {
    /// For each identity and window what arrives is what was recorded, and it is one datum unless somebody flushed.
    #[test]
    fn each_identity_is_conserved_in_each_window(acts in prop::collection::vec(act(), 1..80)) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let timeout = Some(2 * MINUTE);
            let InMemory { started, sink } = InMemory::new(|builder| {
                without_host(idle_after(builder, timeout))
            });
            let mut recorded: BTreeMap<Identity, (f64, f64)> = BTreeMap::new();
            let (mut window, mut flushes) = (minute(), 0);
            for act in acts {
                let mut add = |name, path: usize, count: f64, sum: f64| {
                    let all = recorded.entry((name, path.to_string(), window)).or_default();
                    *all = (all.0 + count, all.1 + sum);
                };
                match act {
                    Act::Count(host, path, by) => {
                        add("n", path, 1.0, by as f64);
                        started.record(|| {
                            counter!("n", "host" => host.to_string(), "path" => path.to_string())
                                .increment(by);
                        });
                    }
                    Act::Sample(host, path, it) => {
                        add("t", path, 1.0, it.into());
                        started.record(|| {
                            histogram!("t", "host" => host.to_string(), "path" => path.to_string())
                                .record(it);
                        });
                    }
                    Act::Flush => {
                        flushes += 1;
                        started.flush().await;
                    }
                    Act::Window => {
                        started.advance(MINUTE).await;
                        window += MINUTE;
                    }
                }
            }
            started.flush().await;
            let data = sink.take();
            assert!(data.len() <= recorded.len() * (1 + flushes), "{data:?}");
            let mut arrived: BTreeMap<Identity, (f64, f64)> = BTreeMap::new();
            for datum in data {
                let name = if datum.name() == "n" { "n" } else { "t" };
                let path = datum.dimensions().map(|(name, value)| {
                    assert_eq!(name, "path");
                    value.to_owned()
                });
                let statistics = datum.value().statistics();
                let all = arrived.entry((name, path.collect(), datum.timestamp())).or_default();
                // A counter's datum is one value, whoever incremented it.
                all.0 += statistics.sample_count;
                all.1 += statistics.sum;
            }
            for (identity, (count, sum)) in recorded {
                let (arrived_count, arrived_sum) = arrived.remove(&identity).unwrap_or_default();
                assert_eq!(arrived_sum, sum, "{identity:?}");
                assert!(identity.0 == "n" || arrived_count == count, "{identity:?}");
            }
            assert!(arrived.is_empty(), "{arrived:?}");
        });
    }
}
