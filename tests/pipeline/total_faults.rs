//! Totals, whatever a destination does: a reader sees what was recorded, once, and in order.

use crate::fixtures::long::short_or_long;
use crate::fixtures::started::Started;
use crate::fixtures::totalling::{FAULTS, Fault, IDLE, MINUTE, Totalling, builder, start};
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Destination, FlushReport, Matcher, MetricKind, MetricSettings,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// Each fault alone, in each place of the first requests.
#[tokio::test(start_paused = true)]
async fn no_fault_loses_or_doubles_anything() {
    for fault in FAULTS {
        for place in 0..8 {
            let sink = Totalling::with([]);
            let test = start(&sink);
            for window in 0..6_u32 {
                test.record(|| {
                    for name in ["a", "b", "c", "d", "e"] {
                        counter!(name).increment(10 + u64::from(window));
                    }
                });
                if window == place / 2 {
                    let which = usize::try_from(place % 2).unwrap();
                    let mut faults = vec![fault];
                    faults.splice(0..0, (0..which).map(|_| Fault::Transient));
                    sink.state().faults = faults.into();
                }
                test.advance(MINUTE).await;
            }
            sink.recover();
            let _ = test.cloudwatch.flush().await.unwrap();
            test.advance(MINUTE).await;
            test.flush().await;
            for name in ["a", "b", "c", "d", "e"] {
                assert_eq!(sink.increase(name), 75, "{name}, {fault:?} at {place}");
            }
            let stats = test.cloudwatch.stats();
            assert_eq!(
                stats.delivered.samples,
                5 * 75,
                "{fault:?} at {place}: {stats}"
            );
            assert_eq!(
                (stats.refused.samples, stats.repeated.samples),
                (0, 0),
                "{stats}"
            );
            assert_eq!(stats.entered.samples, 5 * 75);
        }
    }
}

/// A queue that is full drops points, and no sample.
#[tokio::test(start_paused = true)]
async fn what_a_full_queue_drops_is_in_the_next_total() {
    let sink = Totalling::default();
    let test = Started::new(builder(&sink).with_queue_bytes(1_000_000));
    sink.is_out(true);
    let series = 400_u64;
    for _ in 0..20 {
        test.record(|| {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(3);
            }
        });
        test.advance(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    assert!(stats.dropped.data > 1_000, "{stats}");
    assert_eq!(stats.dropped.samples, 0, "{stats}");
    sink.is_out(false);
    let _ = test.cloudwatch.flush().await.unwrap();
    test.advance(MINUTE).await;
    test.flush().await;
    for number in 0..series {
        assert_eq!(sink.increase(&format!("n number={number}")), 60);
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.delivered.samples, series * 60, "{stats}");
}

/// What is refused for good has no next total once its series is gone.
#[tokio::test(start_paused = true)]
async fn what_is_refused_to_the_end_is_refused_with_its_samples() {
    let sink = Totalling::with(vec![Fault::AllNamed; 1_000]);
    let test = start(&sink);
    test.record(|| counter!("n").increment(5));
    for _ in 0..10 {
        test.advance(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.refused.samples, stats.pending.samples),
        (5, 0),
        "{stats}"
    );
    assert_eq!(stats.entered.samples, 5);
    let refused = test.cloudwatch.refusals();
    let refused = refused.iter().filter(|one| one.samples > 0);
    let refused = refused.map(|one| (one.kind, one.key.name(), one.samples));
    assert!(refused.eq([(Some(MetricKind::Counter), "n", 5)]));
}

#[derive(Clone, Debug)]
enum Act {
    Record(u8, u8),
    Pass(u8),
    Flush,
    Outage(bool),
    Faults(Vec<u8>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..5_u8, 1..9_u8).prop_map(|(series, growth)| Act::Record(series, growth)),
        6 => (1..3_u8).prop_map(Act::Pass),
        1 => (4..9_u8).prop_map(Act::Pass),
        1 => Just(Act::Flush),
        1 => any::<bool>().prop_map(Act::Outage),
        4 => prop::collection::vec(0..9_u8, 1..4).prop_map(Act::Faults),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(short_or_long(48, 2_000)))]

    /// Of each identity: what a reader sees increase, and what was refused to the end, are what was recorded.
    #[test]
    fn a_reader_sees_what_was_recorded(
        acts in prop::collection::vec(act(), 1..80),
        hides in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(agrees(&acts, hides));
    }
}

async fn agrees(acts: &[Act], hides: bool) {
    let sink = Totalling::default();
    let one = Destination::new("totals", sink.clone());
    let one = if hides {
        one.without_labels(["series"])
    } else {
        one
    };
    let settings = MetricSettings::new().with_idle_timeout(Some(IDLE));
    let builder = CloudWatchBuilder::new("Test")
        .with_destination(one)
        .with_jitter_seed(7)
        .with_flush_timeout(Duration::from_hours(24))
        .with_metric_settings(Matcher::any(), settings);
    let test = Started::new(builder);
    let mut recorded: BTreeMap<String, u64> = BTreeMap::new();
    for act in acts {
        match act {
            Act::Record(series, growth) => {
                let label = series.to_string();
                test.record(|| {
                    counter!("n", "series" => label.clone()).increment((*growth).into());
                    histogram!("t", "series" => label).record(f64::from(*growth));
                });
                let end = if hides {
                    String::new()
                } else {
                    format!(" series={series}")
                };
                *recorded.entry(format!("n{end}")).or_default() += u64::from(*growth);
                *recorded.entry(format!("t{end}")).or_default() += 1;
            }
            Act::Pass(minutes) => {
                for _ in 0..*minutes {
                    test.advance(MINUTE).await;
                    // Pauses after failures.
                    tokio::time::sleep(MINUTE).await;
                    test.settle().await;
                }
            }
            Act::Flush => {
                let flush = test.cloudwatch.flush().within(Duration::from_secs(30));
                balanced(&flush.await.unwrap());
            }
            Act::Outage(is_out) => sink.is_out(*is_out),
            Act::Faults(faults) => {
                let faults = faults.iter().map(|fault| FAULTS[usize::from(*fault)]);
                sink.state().faults.extend(faults);
            }
        }
    }
    sink.recover();
    sink.is_out(false);
    for _ in 0..3 {
        balanced(&test.cloudwatch.flush().await.unwrap());
        test.advance(MINUTE).await;
    }
    balanced(&test.cloudwatch.flush().await.unwrap());
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let reader = sink.reader();
    for name in reader.names() {
        seen.insert(name.to_owned(), reader.increase(name));
    }
    for refused in test.cloudwatch.refusals() {
        let labels = refused.key.labels();
        let labels = labels.map(|label| format!(" {}={}", label.key(), label.value()));
        let name = refused.key.name().to_owned() + &labels.collect::<String>();
        *seen.entry(name).or_default() += refused.samples;
    }
    assert_eq!(seen, recorded, "{:?}", test.cloudwatch.refusals());
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.pending.samples, 0, "{stats}");
    let all: u64 = recorded.values().sum();
    assert_eq!(stats.entered.samples, all, "{stats}");
    assert_eq!(
        stats.delivered.samples + stats.refused.samples,
        all,
        "{stats}"
    );
}

/// The equation, in data and in samples.
fn balanced(report: &FlushReport) {
    let all = [
        report.delivered,
        report.handed_over,
        report.refused,
        report.ambiguous,
        report.dropped,
        report.pending,
    ];
    let data: u64 = all.iter().map(|amount| amount.data).sum();
    let samples: u64 = all.iter().map(|amount| amount.samples).sum();
    let entered = report.entered;
    assert_eq!((entered.data, entered.samples), (data, samples), "{report}");
}
