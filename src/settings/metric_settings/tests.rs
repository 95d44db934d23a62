//! Which matcher decides, against a model that knows nothing of an order of rules.

use super::*;
use crate::model::metric_kind::MetricKind;
use proptest::prelude::*;
use std::cmp::Ordering;

const KINDS: [MetricKind; 3] = [
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
];

/// What a matcher was made of.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    /// Exact, prefix, suffix, any.
    name: (u8, String),
    target: Option<String>,
    kind: Option<MetricKind>,
}

/// One call of `with_metric_settings`.
#[derive(Clone, Debug)]
struct Call {
    made: Made,
    settings: MetricSettings,
}

impl Made {
    fn matcher(&self) -> Matcher {
        let text = self.name.1.as_str();
        let mut matcher = match self.name.0 {
            0 => Matcher::exact(text),
            1 => Matcher::prefix(text),
            2 => Matcher::suffix(text),
            _ => Matcher::any(),
        };
        if let Some(target) = &self.target {
            matcher = matcher.with_target(target.as_str());
        }
        match self.kind {
            Some(kind) => matcher.with_kind(kind),
            None => matcher,
        }
    }

    fn matches(&self, metric: &Metric<'_>) -> bool {
        let (form, text) = &self.name;
        let mut beginnings = (0..=metric.name.len()).map(|end| &metric.name[..end]);
        let mut ends = (0..=metric.name.len()).map(|start| &metric.name[start..]);
        let has_name = match form {
            0 => metric.name == text,
            1 => beginnings.any(|beginning| beginning == text),
            2 => ends.any(|end| end == text),
            _ => true,
        };
        let has_target = self.target.as_ref().is_none_or(|module| {
            let module: Vec<&str> = module.split("::").collect();
            let target = metric.target.map(|target| target.split("::").collect());
            let target: Vec<&str> = target.unwrap_or_default();
            target.len() >= module.len() && target[..module.len()] == module
        });
        let has_kind = self.kind.is_none() || self.kind == metric.kind;
        has_name && has_target && has_kind
    }

    /// All names begin and end with nothing.
    fn form(&self) -> u8 {
        match (self.name.0, &*self.name.1) {
            (1 | 2, "") => 3,
            (form, _) => form,
        }
    }

    /// By the rules in the documentation of [`Matcher`].
    fn is_more_specific_than(&self, other: &Self) -> bool {
        let by_name = other.form().cmp(&self.form());
        let by_len = match self.form() {
            // Any name, whatever text was made for it.
            3 => Ordering::Equal,
            _ => self.name.1.len().cmp(&other.name.1.len()),
        };
        let by_target = match (&self.target, &other.target) {
            (Some(own), Some(others)) => own.len().cmp(&others.len()),
            (own, others) => own.is_some().cmp(&others.is_some()),
        };
        let by_kind = self.kind.is_some().cmp(&other.kind.is_some());
        let first = [by_name, by_len, by_target, by_kind];
        let first = first.into_iter().find(|order| order.is_ne());
        first == Some(Ordering::Greater)
    }
}

/// The field as the most specific call sets it, and of calls with the same matcher the last.
fn expected<T>(
    calls: &[Call],
    metric: &Metric<'_>,
    field: impl Fn(&MetricSettings) -> Option<T>,
) -> Option<T> {
    let mut best: Option<(&Made, T)> = None;
    for call in calls.iter().filter(|call| call.made.matches(metric)) {
        let Some(value) = field(&call.settings) else {
            continue;
        };
        match &best {
            Some((made, _)) if made.is_more_specific_than(&call.made) => {}
            _ => best = Some((&call.made, value)),
        }
    }
    best.map(|(_, value)| value)
}

/// Mostly of one letter, so that many match.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "a", "a", "b"]), 0..4)
        .prop_map(|parts| parts.concat())
}

fn target() -> impl Strategy<Value = String> {
    let module = prop::sample::select(vec!["a", "a", "a", "aa"]);
    prop::collection::vec(module, 1..4).prop_map(|modules| modules.join("::"))
}

fn made() -> impl Strategy<Value = Made> {
    let kind = prop::option::weighted(0.3, prop::sample::select(KINDS.to_vec()));
    let target = prop::option::weighted(0.4, target());
    ((0..4u8, text()), target, kind).prop_map(|(name, target, kind)| Made { name, target, kind })
}

fn settings() -> impl Strategy<Value = MetricSettings> {
    let label = prop::sample::select(vec!["user", "host", "path"]);
    let limits = (
        prop::option::of(prop::option::of(0..1_000usize)),
        prop::option::of(prop::option::of(0..1_000u64)),
    );
    let labels = prop::option::of(prop::collection::vec(label, 0..3));
    let data = (any::<Option<bool>>(), any::<Option<bool>>());
    (limits, labels, data).prop_map(
        |((max_series, idle_timeout), labels, (is_summary, is_once))| {
            let mut settings = MetricSettings::new();
            if let Some(max_series) = max_series {
                settings = settings.with_max_series(max_series);
            }
            if let Some(timeout) = idle_timeout {
                settings = settings.with_idle_timeout(timeout.map(Duration::from_secs));
            }
            if let Some(labels) = labels {
                settings = settings.with_dropped_labels(labels);
            }
            if let Some(is_summary) = is_summary {
                settings = settings.with_histogram_form(if is_summary {
                    HistogramForm::StatisticSet
                } else {
                    HistogramForm::Distribution
                });
            }
            if let Some(is_once) = is_once {
                settings = settings.with_guarantee(if is_once {
                    Guarantee::AtMostOnce
                } else {
                    Guarantee::AtLeastOnce
                });
            }
            settings
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn each_field_is_that_of_the_most_specific_matcher_that_sets_it(
        calls in prop::collection::vec(
            (made(), settings()).prop_map(|(made, settings)| Call { made, settings }),
            0..12,
        ),
        // Some of the same matchers again, with other settings.
        again in prop::collection::vec((any::<prop::sample::Index>(), settings()), 0..4),
        name in text(),
        kind in prop::option::of(prop::sample::select(KINDS.to_vec())),
        target in prop::option::of(target()),
    ) {
        let mut calls = calls;
        for (index, settings) in again.into_iter().filter(|_| !calls.is_empty()).collect::<Vec<_>>() {
            let made = index.get(&calls).made.clone();
            calls.push(Call { made, settings });
        }
        let mut rules = MetricRules::default();
        for Call { made, settings } in &calls {
            rules.set(made.matcher(), settings.clone());
        }
        let metric = Metric { name: &name, kind, target: target.as_deref() };
        let recording = rules.recording(&metric);
        let max_series = expected(&calls, &metric, |settings| settings.max_series);
        prop_assert_eq!(recording.max_series, max_series.unwrap_or(Some(5_000)));
        let idle_timeout = expected(&calls, &metric, |settings| settings.idle_timeout);
        prop_assert_eq!(recording.idle_timeout, idle_timeout.flatten());
        let labels = expected(&calls, &metric, |settings| settings.dropped_labels.clone());
        prop_assert_eq!(recording.dropped_labels, labels.unwrap_or_default());
        let data = rules.data(&metric);
        let form = expected(&calls, &metric, |settings| settings.histogram_form);
        prop_assert_eq!(data.histogram_form, form.unwrap_or_default());
        let guarantee = expected(&calls, &metric, |settings| settings.guarantee);
        prop_assert_eq!(data.guarantee, guarantee.unwrap_or_default());
    }
}

#[test]
fn the_closest_match_wins_field_by_field() {
    let series = |most| MetricSettings::new().with_max_series(Some(most));
    let mut rules = MetricRules::default();
    rules.set(Matcher::any(), series(0).with_dropped_labels(["user"]));
    rules.set(Matcher::suffix(".ms"), series(1));
    rules.set(Matcher::prefix("http."), series(2));
    let summary = MetricSettings::new().with_histogram_form(HistogramForm::StatisticSet);
    rules.set(Matcher::prefix("http.in."), series(3));
    rules.set(Matcher::prefix("http."), summary);
    rules.set("http.in.ms".into(), series(4));
    for (name, max_series, form) in [
        ("queue", 0, HistogramForm::Distribution),
        ("queue.ms", 1, HistogramForm::Distribution),
        ("http.out.ms", 2, HistogramForm::StatisticSet),
        ("http.in.bytes", 3, HistogramForm::StatisticSet),
        ("http.in.ms", 4, HistogramForm::StatisticSet),
    ] {
        let metric = Metric::of_name(name);
        let recording = rules.recording(&metric);
        assert_eq!(recording.max_series, Some(max_series), "{name}");
        assert_eq!(recording.dropped_labels, ["user".into()], "{name}");
        assert_eq!(rules.data(&metric).histogram_form, form, "{name}");
    }
}

#[test]
fn a_target_is_a_module_and_those_within_it() {
    let matcher = Matcher::any().with_target("sqlx");
    for (target, matches) in [
        (Some("sqlx"), true),
        (Some("sqlx::pool"), true),
        (Some("sqlx_more"), false),
        (Some("my::sqlx"), false),
        (None, false),
    ] {
        let name = Metric::of_name("n");
        assert_eq!(
            matcher.matches(&Metric { target, ..name }),
            matches,
            "{target:?}"
        );
    }
}
