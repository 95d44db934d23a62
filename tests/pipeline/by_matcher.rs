//! Settings by metric, from the builder to the batch that a sink is given.

use crate::fixtures::started::Started;
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, DatumValue, ExplicitDatum, Guarantee, HistogramForm,
    Matcher, MetricKind, MetricSettings, SendError, Sent, Sink,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The name of each datum, by what is to be done if its fate is not known.
#[derive(Clone, Default)]
struct Promised(Arc<Mutex<Vec<(String, Guarantee)>>>);

impl Sink for Promised {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let data = batch.data().iter();
        let promised = data.map(|datum| {
            let is_whole = !matches!(datum.value(), DatumValue::StatisticSet(_));
            let form = if is_whole { "" } else { " as a set" };
            (format!("{}{form}", datum.name()), batch.guarantee())
        });
        self.0.lock().unwrap().extend(promised);
        Ok(Sent::default())
    }
}

impl Promised {
    fn take(&self, guarantee: Guarantee) -> Vec<String> {
        let promised = std::mem::take(&mut *self.0.lock().unwrap());
        let (its, others): (Vec<_>, Vec<_>) =
            promised.into_iter().partition(|(_, its)| *its == guarantee);
        *self.0.lock().unwrap() = others;
        let mut names: Vec<String> = its.into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }
}

fn once() -> MetricSettings {
    MetricSettings::new().with_guarantee(Guarantee::AtMostOnce)
}

#[tokio::test]
async fn each_metric_goes_by_its_own_settings() {
    let sink = Promised::default();
    let form = MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet);
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_metric_settings("billed", once())
        .with_metric_settings(
            Matcher::suffix(".kind").with_kind(MetricKind::Counter),
            once(),
        )
        .with_metric_settings(Matcher::any().with_target("billing"), once())
        .with_metric_settings(Matcher::prefix("db."), form)
        .with_metric_settings(
            Matcher::prefix("metrics_exporter_cloudwatch.queue."),
            once(),
        )
        .with_self_metrics(true);
    let test = Started::new(builder);
    for _ in 0..2 {
        test.record(|| {
            counter!("billed").increment(1);
            counter!("a.kind").increment(1);
            histogram!("a.kind").record(1.0);
            counter!(target: "billing::orders", "orders").increment(1);
            // It is known by now.
            counter!("orders", "labels" => "others").increment(1);
            counter!(target: "billings", "others").increment(1);
            histogram!("db.time").record(1.0);
        });
        for name in ["billed", "a.kind", "orders"] {
            let datum = ExplicitDatum::value(name, 1.0).with_dimension("put", "true");
            test.cloudwatch.put(datum).unwrap();
        }
        test.advance(Duration::from_mins(1)).await;
        test.flush().await;
        let own = |names: Vec<String>| -> Vec<String> {
            let own = |name: &String| name.starts_with("metrics_exporter_cloudwatch.");
            assert!(names.iter().any(own), "{names:?}");
            names.into_iter().filter(|name| !own(name)).collect()
        };
        assert_eq!(
            own(sink.take(Guarantee::AtMostOnce)),
            ["a.kind", "billed", "billed", "orders", "orders"]
        );
        assert_eq!(
            own(sink.take(Guarantee::AtLeastOnce)),
            ["a.kind", "a.kind", "db.time as a set", "orders", "others"]
        );
    }
}

/// A gauge that nobody touches is sent again, by the same settings.
#[tokio::test(start_paused = true)]
async fn a_repeated_gauge_keeps_its_settings() {
    let sink = Promised::default();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let gauges = Matcher::any().with_kind(MetricKind::Gauge);
    let test = Started::new(builder.with_metric_settings(gauges, once()));
    test.record(|| gauge!("depth").set(1.0));
    for _ in 0..3 {
        test.advance(Duration::from_mins(1)).await;
        assert_eq!(sink.take(Guarantee::AtMostOnce), ["depth as a set"]);
    }
    assert!(sink.take(Guarantee::AtLeastOnce).is_empty());
}

#[tokio::test]
async fn limits_and_dropped_labels_are_the_metric_s_own() {
    let sink = Promised::default();
    let few = MetricSettings::new().with_max_series(Some(1));
    let builder = CloudWatchBuilder::new("Test")
        .with_sink("test", sink.clone())
        .with_metric_settings(Matcher::any(), few.with_dropped_labels(["user"]))
        .with_metric_settings("wide", MetricSettings::new().with_max_series(None))
        .with_metric_settings("kept", MetricSettings::new().with_dropped_labels([""; 0]));
    let test = Started::new(builder);
    test.record(|| {
        for number in 0..3 {
            let number = number.to_string();
            counter!("narrow", "path" => number.clone()).increment(1);
            counter!("wide", "path" => number.clone(), "user" => number.clone()).increment(1);
            counter!("dropped", "user" => number.clone()).increment(1);
            counter!("kept", "user" => number).increment(1);
        }
    });
    test.flush().await;
    // One series and one beyond the limit, where there are more.
    assert_eq!(
        sink.take(Guarantee::AtLeastOnce),
        [
            "dropped", "kept", "kept", "narrow", "narrow", "wide", "wide", "wide"
        ]
    );
}
