//! Whatever comes in: every request that leaves is valid by `cloudwatch-local`'s rules, is as long
//! as was predicted, and every sample is delivered or refused, series by series.

use crate::fixtures::started::{Started, local, minute};
use cloudwatch_local::{Local, ReceivedDatum};
use metrics::{Key, Label, Metadata, Recorder, Unit};
use metrics_exporter_cloudwatch::testing::predicted_len;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, FlushReport, HistogramForm, ManualClock, Matcher,
    MetricSettings, PutMetricData, SendError, Sent, Sink, StorageResolution,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

const METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);

/// One kind in each case, as kinds of one name are one metric to CloudWatch.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    unit: Option<Unit>,
    form: HistogramForm,
    resolution: StorageResolution,
    default: Option<(String, String)>,
    series: Vec<(String, Labels, Samples)>,
}

/// Notes how long each request was to be.
struct Predicting {
    inner: PutMetricData,
    lengths: Arc<Mutex<Vec<usize>>>,
}

impl Sink for Predicting {
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        self.inner.added_len(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        let predicted = predicted_len(&self.inner, batch);
        self.lengths.lock().unwrap().push(predicted);
        self.inner.send(batch, attempt).await
    }
}

type Labels = Vec<(String, String)>;
/// Values, and how often each is recorded.
type Samples = Vec<(f64, u16)>;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zA-Z0-9._/-]{1,12}",
        2 => prop::sample::select(vec!["a", "b"]).prop_map(String::from),
        1 => "[ -~]{0,40}",
        1 => ":[a-z]{0,3}",
        1 => any::<String>(),
        1 => "[\\x00-\\x7f]{1,4}",
        1 => "🦀{1,2}",
        1 => (20..30usize, 250..260usize).prop_map(|(a, b)| "x".repeat(if a % 2 == 0 { a } else { b })),
        1 => Just("v".repeat(300)),
        1 => Just("v".repeat(1_025)),
    ]
}

fn labels() -> impl Strategy<Value = Labels> {
    prop_oneof![
        6 => prop::collection::vec((text(), text()), 0..4),
        2 => prop::collection::vec((text(), Just(String::new())), 0..3),
        1 => (25..40usize).prop_map(|n| (0..n).map(|n| (n.to_string(), "v".into())).collect()),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e6..1e6f64,
        3 => (0..300).prop_map(f64::from),
        2 => any::<f64>(),
        2 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324, 1e300, 0.0, -0.0,
            2f64.powi(360), -2f64.powi(360), 2f64.powi(360).next_up(), 2f64.powi(355),
            8.5e-109, 8.515_92e-109, 9e-109, -9e-107, 1e-106,
        ]),
    ]
}

fn samples() -> impl Strategy<Value = Samples> {
    prop_oneof![
        6 => prop::collection::vec((value(), 1..5u16), 1..8),
        1 => prop::collection::vec((value(), any::<u16>()), 150..400),
        1 => prop::collection::vec((1e-3..1e3f64, Just(1)), 150..400),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let units = vec![
        None,
        Some(Unit::Nanoseconds),
        Some(Unit::Tebibytes),
        Some(Unit::Kibibytes),
        Some(Unit::CountPerSecond),
    ];
    (
        prop::sample::select(vec![
            Kind::Counter,
            Kind::Gauge,
            Kind::Histogram,
            Kind::Histogram,
        ]),
        prop::sample::select(units),
        prop::sample::select(vec![
            HistogramForm::Distribution,
            HistogramForm::StatisticSet,
        ]),
        prop::sample::select(vec![StorageResolution::Standard, StorageResolution::High]),
        prop::option::of(("[ab]", "[a-z]{1,30}")),
        prop::collection::vec((text(), labels(), samples()), 1..6),
    )
        .prop_map(|(kind, unit, form, resolution, default, series)| Case {
            kind,
            unit,
            form,
            resolution,
            default,
            series,
        })
}

type Series = (String, BTreeMap<String, String>);

impl Case {
    /// The dimensions that a key is to have: what the documentation says, written another way.
    fn identity(&self, name: &str, labels: &[(String, String)]) -> Series {
        let mut dimensions: BTreeMap<_, _> = self.default.clone().into_iter().collect();
        // Those that contradict each other are refused, in whatever order.
        let labels: BTreeSet<_> = labels.iter().cloned().collect();
        dimensions.extend(labels);
        dimensions.retain(|_, value| !value.is_empty());
        (name.to_owned(), dimensions)
    }

    fn record(&self, test: &Started) -> BTreeMap<Series, u64> {
        let mut amounts: BTreeMap<Series, u64> = BTreeMap::new();
        for (name, labels, samples) in &self.series {
            let key = Key::from_parts(
                name.clone(),
                labels.iter().map(Label::from).collect::<Vec<_>>(),
            );
            let recorder = &test.recorder;
            match self.kind {
                Kind::Counter => {
                    recorder.describe_counter(name.clone().into(), self.unit, "".into());
                }
                Kind::Gauge => recorder.describe_gauge(name.clone().into(), self.unit, "".into()),
                Kind::Histogram => {
                    recorder.describe_histogram(name.clone().into(), self.unit, "".into());
                }
            }
            let counted = amounts.entry(self.identity(name, labels)).or_default();
            for &(value, count) in samples {
                match self.kind {
                    Kind::Counter => {
                        recorder
                            .register_counter(&key, &METADATA)
                            .increment(count.into());
                        *counted += u64::from(count);
                    }
                    Kind::Gauge => {
                        recorder.register_gauge(&key, &METADATA).set(value);
                        *counted += 1;
                    }
                    Kind::Histogram => {
                        let histogram = recorder.register_histogram(&key, &METADATA);
                        histogram.record_many(value, count.into());
                        *counted += u64::from(count);
                    }
                }
            }
        }
        amounts
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small counts"
    )]
    fn delivered(&self, received: &[ReceivedDatum]) -> BTreeMap<Series, u64> {
        let mut delivered: BTreeMap<Series, u64> = BTreeMap::new();
        for datum in received {
            let dimensions = datum.dimensions.iter().cloned().collect();
            let amount = match self.kind {
                // The scale is a power of two or a thousandth, so this is exact.
                Kind::Counter => match self.unit {
                    Some(Unit::Nanoseconds) => datum.sum() * 1e3,
                    Some(Unit::Tebibytes) => datum.sum() / 2f64.powi(40),
                    Some(Unit::Kibibytes) => datum.sum() / 1024.0,
                    _ => datum.sum(),
                },
                Kind::Gauge | Kind::Histogram => datum.sample_count(),
            };
            *delivered
                .entry((datum.metric_name.clone(), dimensions))
                .or_default() += amount.round() as u64;
        }
        delivered
    }

    fn refused(&self, report: &FlushReport) -> BTreeMap<Series, u64> {
        let mut refused: BTreeMap<Series, u64> = BTreeMap::new();
        for one in &report.refusals {
            let labels: Vec<_> = one
                .key
                .labels()
                .map(|label| (label.key().to_owned(), label.value().to_owned()))
                .collect();
            *refused
                .entry(self.identity(one.key.name(), &labels))
                .or_default() += one.samples;
        }
        refused
    }
}

async fn check(case: Case, local: &Local) -> Result<(), TestCaseError> {
    let (data_before, requests_before) = (local.received().len(), local.requests().len());
    let lengths = Arc::default();
    let sink = Predicting {
        inner: PutMetricData::new(local.client()),
        lengths: Arc::clone(&lengths),
    };
    let mut builder = CloudWatchBuilder::new("Test")
        .with_sink("test", sink)
        .with_metric_settings(
            Matcher::any(),
            MetricSettings::new().with_histogram_form(case.form),
        )
        .with_storage_resolution(case.resolution);
    if let Some((name, value)) = &case.default {
        builder = builder.with_dimension(name.clone(), value.clone());
    }
    let test = Started::new(builder);
    let recorded = case.record(&test);
    let report = test.cloudwatch.shutdown().await.unwrap();

    let requests = local.requests().split_off(requests_before);
    for request in &requests {
        prop_assert_eq!(&request.refusal, &None);
    }
    let wire: Vec<usize> = requests.iter().map(|request| request.raw_bytes).collect();
    prop_assert_eq!(&wire, &*lengths.lock().unwrap());

    let delivered = case.delivered(&local.received().split_off(data_before));
    let refused = case.refused(&report);
    for (series, recorded) in recorded {
        let delivered = delivered.get(&series).copied().unwrap_or_default();
        let refused = refused.get(&series).copied().unwrap_or_default();
        match case.kind {
            Kind::Counter | Kind::Histogram => {
                prop_assert_eq!(recorded, delivered + refused, "{:?}", series);
            }
            // A window of a gauge is one sample, whatever went into it.
            Kind::Gauge => {
                prop_assert!(delivered <= 1 && delivered + refused <= recorded + 1);
                prop_assert!(delivered + refused >= 1);
                prop_assert!(delivered == 1 || refused > 0, "{:?}", series);
            }
        }
    }
    Ok(())
}

#[test]
fn everything_recorded_is_delivered_or_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let local = runtime.block_on(local(&ManualClock::new(minute())));
    // Which of them the service takes is its own affair: `name_rules`.
    local.service().take_any_metric_name();
    proptest!(ProptestConfig::with_cases(192), |(case in case())| {
        runtime.block_on(check(case, &local))?;
    });
}
