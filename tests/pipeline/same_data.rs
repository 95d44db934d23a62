//! What CloudWatch gets for one recording of everything: request by request and datum by datum, as it was kept.
//!
//! `KEEP_DATA=1` replaces what is kept, which only a change of what is sent calls for.

use crate::fixtures::started::{Started, local, minute, to};
use cloudwatch_local::{ReceivedDatum, ReceivedValue};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_cloudwatch::{
    self as cloudwatch, ExplicitDatum, HistogramForm, ManualClock, Matcher, MetricSettings,
    StatisticSet,
};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipeline/same_data.txt");

/// All kinds, forms, units and labels, and what is refused.
fn record(window: u32) {
    for unit in [
        Unit::Count,
        Unit::Percent,
        Unit::Seconds,
        Unit::Milliseconds,
        Unit::Microseconds,
        Unit::Nanoseconds,
        Unit::Tebibytes,
        Unit::Gibibytes,
        Unit::Mebibytes,
        Unit::Kibibytes,
        Unit::Bytes,
        Unit::TerabitsPerSecond,
        Unit::GigabitsPerSecond,
        Unit::MegabitsPerSecond,
        Unit::KilobitsPerSecond,
        Unit::BitsPerSecond,
        Unit::CountPerSecond,
    ] {
        let name = format!("in.{}", unit.as_str());
        describe_counter!(format!("{name}.counter"), unit, "");
        describe_gauge!(format!("{name}.gauge"), unit, "");
        describe_histogram!(format!("{name}.histogram"), unit, "");
        counter!(format!("{name}.counter")).increment(u64::from(7 + window));
        gauge!(format!("{name}.gauge")).set(-1.5 + f64::from(window));
        (1..=3).for_each(|n| histogram!(format!("{name}.histogram")).record(0.1 * f64::from(n)));
    }
    counter!("requests", "method" => "GET", "route" => "/").increment(3);
    counter!("requests", "route" => "/", "method" => "GET").increment(4);
    counter!("requests", "service" => "own", "empty" => "").increment(5);
    counter!("requests", "service" => "").increment(6);
    counter!("total").absolute(u64::from(1_000 * (window + 1)));
    let depth = gauge!("depth");
    for value in [5.0, -3.0, 9.0, f64::from(window)] {
        depth.set(value);
    }
    gauge!("relative").increment(2.5);
    gauge!("once").set(1.0);
    // More values than a datum takes, over six decades, negative ones and zero.
    for n in 0..5_000 {
        // Without functions that differ from machine to machine.
        let value = f64::from(1 << (n % 20)) * (1.0 + f64::from(n % 97) / 97.0) / 1_024.0;
        histogram!("wide").record(value);
        histogram!("both.sides").record(if n % 3 == 0 { -value } else { value });
        histogram!("summary.wide").record(value);
        histogram!("integers").record(f64::from(n % 140));
    }
    histogram!("many").record_many(11.25, 1_000_000);
    histogram!("zero").record(0.0);
    histogram!("refused").record(f64::NAN);
    counter!(
        "many.labels",
        &(0..40)
            .map(|n| (n.to_string(), "x".to_owned()))
            .collect::<Vec<_>>()
    )
    .increment(1);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_what_was_sent_before() {
    let clock = ManualClock::new(minute());
    let local = local(&clock).await;
    let builder = to(&local)
        .with_dimension("service", "checkout")
        .with_max_in_flight(1)
        .with_metric_settings(
            Matcher::prefix("summary."),
            MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet),
        )
        .with_metric_settings(
            Matcher::any(),
            MetricSettings::new().with_idle_timeout(Some(Duration::from_mins(30))),
        );
    let started = Started::by_clock(builder, clock);
    let mut sent = String::new();
    let (mut requests, mut data) = (0, 0);
    for window in 0..3 {
        if window < 2 {
            started.record(|| record(window));
            let at = minute() + Duration::from_secs(5);
            let put = [
                ExplicitDatum::value("put.value", 2.5)
                    .with_unit(Unit::Milliseconds.into())
                    .with_timestamp(at),
                ExplicitDatum::values("put.values", &[3.0, 1.0, 3.0], &[1.0, 2.5, 1.0])
                    .with_dimension("a", "b")
                    .with_timestamp(at),
                ExplicitDatum::statistic(
                    "put.statistic",
                    StatisticSet {
                        sample_count: 4.0,
                        sum: 10.0,
                        minimum: 1.0,
                        maximum: 4.0,
                    },
                )
                .with_unit(cloudwatch::Unit::GigabytesPerSecond)
                .with_timestamp(at),
            ];
            for datum in put {
                started.cloudwatch.put(datum).unwrap();
            }
        }
        let _ = started.cloudwatch.flush().await.unwrap();
        started.clock.advance(Duration::from_mins(1));
        let received = local.received();
        writeln!(
            sent,
            "window {window}: {} requests",
            local.requests().len() - requests
        )
        .unwrap();
        requests = local.requests().len();
        for datum in &received[data..] {
            write(datum, &mut sent);
        }
        data = received.len();
    }
    if std::env::var_os("KEEP_DATA").is_some() {
        std::fs::write(KEPT, &sent).unwrap();
    }
    let kept = std::fs::read_to_string(Path::new(KEPT)).unwrap();
    for (number, (now, before)) in sent.lines().zip(kept.lines()).enumerate() {
        assert_eq!(now, before, "line {}", number + 1);
    }
    assert_eq!(sent.lines().count(), kept.lines().count());
}

/// A datum as a line: floats as short as they can be, and whole again.
fn write(datum: &ReceivedDatum, to: &mut String) {
    let ReceivedDatum {
        namespace,
        metric_name,
        dimensions,
        timestamp,
        value,
        unit,
        storage_resolution,
        ..
    } = datum;
    let at = timestamp.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let unit = unit.as_deref().unwrap_or("-");
    write!(
        to,
        "{at} {namespace} {metric_name} {dimensions:?} {unit} {storage_resolution} "
    )
    .unwrap();
    match value {
        ReceivedValue::Single(value) => writeln!(to, "{value:?}"),
        ReceivedValue::Statistic {
            sample_count,
            sum,
            minimum,
            maximum,
        } => {
            writeln!(to, "{sample_count:?} {sum:?} {minimum:?} {maximum:?}")
        }
        ReceivedValue::Distribution { values, counts } => writeln!(to, "{values:?} {counts:?}"),
        other => unreachable!("another form: {other:?}"),
    }
    .unwrap();
}
