//! Labels that the policy leaves out never become a series.

use super::{Both, METADATA, minute};
use crate::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, Value};
use metrics::{Key, Label, Metadata, Recorder as _};
use metrics_util::MetricKind;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

/// Leaves `user` and `request` out of all but `whole`.
struct WithoutUsers;

impl RecordingPolicy for WithoutUsers {
    fn metric(&self, _: NameId, _: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
        if key.name() == "whole" {
            return MetricPolicy::default();
        }
        let policy = MetricPolicy::default().with_dropped_labels(["user", "request"]);
        policy.with_max_series(Some(4))
    }

    /// A `stage` says nothing.
    fn normalize(&self, key: &Key) -> Option<Key> {
        assert!(key.name() == "whole" || key.labels().all(|label| label.key() != "user"));
        let kept: Vec<Label> = key
            .labels()
            .filter(|label| label.key() != "stage")
            .cloned()
            .collect();
        (kept.len() < key.labels().len()).then(|| Key::from_parts(key.name_shared(), kept))
    }
}

fn without_users() -> Both {
    let (recorder, snapshotter) = Recorder::new(WithoutUsers, UNIX_EPOCH);
    Both {
        recorder,
        snapshotter,
    }
}

fn key(name: &'static str, labels: &[(&'static str, String)]) -> Key {
    let labels = labels
        .iter()
        .map(|(name, value)| Label::new(*name, value.clone()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// Samples of each series, by its key as text.
fn samples(both: &mut Both) -> BTreeMap<String, u64> {
    let mut samples = BTreeMap::new();
    both.snapshotter.visit(
        minute(1),
        |_| true,
        |event| match event {
            Event::Point(point) => {
                let amount = match point.value {
                    Value::Counter(growth) => growth,
                    _ => point.samples,
                };
                let labels = point.series.key().labels();
                let labels: Vec<_> = labels
                    .map(|label| format!("{}={}", label.key(), label.value()))
                    .collect();
                let kind = point.series.kind();
                let text = format!(
                    "{kind:?} {} {}",
                    point.series.key().name(),
                    labels.join(" ")
                );
                assert_eq!(samples.insert(text.trim().to_owned(), amount), None);
            }
            Event::Refused {
                kind,
                samples: refused,
                ..
            } => {
                samples.insert(format!("{kind:?} refused"), refused);
            }
            _ => {}
        },
    );
    samples
}

#[test]
fn users_share_the_series_without_them() {
    let mut both = without_users();
    for n in 0..10_000 {
        let user = n.to_string();
        let users = key("n", &[("user", user.clone())]);
        both.counter(&users).increment(2);
        both.histogram(&users).record(1.0);
        both.gauge(&users).set(1.0);
        let method = if n % 2 == 0 { "get" } else { "put" };
        let two = [
            ("request", user.clone()),
            ("method", method.to_owned()),
            ("user", user),
        ];
        both.counter(&key("n", &two)).increment(1);
    }
    both.counter(&key("n", &[])).increment(5);
    both.counter(&key("n", &[("method", "get".to_owned())]))
        .increment(5);
    let expected = [
        ("Counter n", 20_005),
        ("Counter n method=get", 5_005),
        ("Counter n method=put", 5_000),
        ("Gauge n", 1),
        ("Histogram n", 10_000),
    ];
    assert_eq!(
        samples(&mut both),
        BTreeMap::from(expected.map(|(text, n)| (text.to_owned(), n)))
    );
    assert_eq!(both.known(), 5);
}

#[test]
fn a_metric_with_all_its_labels_has_them() {
    let mut both = without_users();
    for n in 0..3 {
        both.counter(&key("whole", &[("user", n.to_string())]))
            .increment(1);
    }
    assert_eq!(both.known(), 3);
    assert_eq!(samples(&mut both)["Counter whole user=2"], 1);
}

/// A thread finds the series by what is left, though it looked for something else, without the registry.
#[test]
fn a_new_user_takes_no_lock() {
    let both = without_users();
    let three = |n: u32| {
        let (user, method, path) = (n.to_string(), "get".to_owned(), "/".to_owned());
        let mut labels = vec![("user", user), ("method", method), ("path", path)];
        // In any order.
        labels.rotate_left(n as usize % 3);
        key("n", &labels)
    };
    both.counter(&three(0)).increment(1);
    // Otherwise it would wait for ever.
    both.recorder.registry().counters.while_locked(|| {
        (1..100).for_each(|n| both.counter(&three(n)).increment(1));
    });
}

#[test]
fn what_is_left_has_a_limit_too() {
    let mut both = without_users();
    for round in 0..3 {
        for n in 0..60 {
            let labels = [
                ("user", (round * 100 + n).to_string()),
                ("path", (n % 6).to_string()),
            ];
            both.counter(&key("n", &labels)).increment(1);
            both.gauge(&key("n", &labels)).set(1.0);
        }
    }
    let samples = samples(&mut both);
    assert_eq!(samples["Counter n overflow=true"], 60);
    assert_eq!(samples["Counter n path=3"], 30);
    assert_eq!(samples["Gauge refused"], 60);
}

/// What a policy disabled is known by its name, whatever labels there are.
#[test]
fn a_disabled_metric_takes_no_lock() {
    struct Off;
    impl RecordingPolicy for Off {
        fn metric(&self, _: NameId, _: MetricKind, _: &Key, _: &Metadata<'_>) -> MetricPolicy {
            MetricPolicy::disabled()
        }
    }
    let (recorder, _snapshotter) = Recorder::new(Off, UNIX_EPOCH);
    let record = |n: u32| {
        recorder
            .register_counter(&key("n", &[("user", n.to_string())]), &METADATA)
            .increment(1);
    };
    record(0);
    recorder
        .registry()
        .counters
        .while_locked(|| (1..100).for_each(record));
}

proptest! {
    /// Keys are found as the same whenever they are the same without the labels, and never otherwise.
    #[test]
    fn keys_are_told_apart_by_what_is_left(
        keys in prop::collection::vec(prop::collection::vec((0..4usize, 0..3u8), 0..5), 1..60),
    ) {
        let names = ["user", "request", "method", "path"];
        let mut both = without_users();
        let mut expected = BTreeMap::<Vec<(&str, u8)>, u64>::new();
        for labels in &keys {
            let all: Vec<_> = labels.iter().map(|(name, value)| (names[*name], value.to_string())).collect();
            both.counter(&key("n", &all)).increment(1);
            let kept = labels.iter().filter(|(name, _)| *name > 1);
            let mut kept: Vec<_> = kept.map(|(name, value)| (names[*name], *value)).collect();
            kept.sort_unstable();
            *expected.entry(kept).or_default() += 1;
        }
        let found = samples(&mut both);
        let is_limited = expected.len() > 4;
        prop_assert_eq!(found.values().sum::<u64>(), keys.len() as u64);
        prop_assert_eq!(found.len(), if is_limited { 5 } else { expected.len() });
        if !is_limited {
            let mut counts: Vec<_> = found.into_values().collect();
            let mut expected: Vec<_> = expected.into_values().collect();
            counts.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(counts, expected);
        }
    }
}
