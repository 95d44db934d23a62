//! Which identity a series feeds, and when a gauge is told again.

use crate::model::metric_kind::MetricKind;
use crate::model::name_rules::NameRules;
use crate::model::refusal::Refusal;
use crate::settings::Config;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::view::{Gained, SeriesPolicy, View, What};
use metrics::{Gauge, Key, Label, Level, Metadata, Recorder as _};
use metrics_recording::{Recorder, Value};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

struct Viewed {
    recorder: Recorder,
    view: View,
}

impl Viewed {
    fn new() -> Self {
        let mut config = Config::new("Test");
        let settings = MetricSettings::new()
            .with_idle_timeout(Some(Duration::from_mins(5)))
            .with_max_series(Some(2));
        config.set_metric(Matcher::any(), settings);
        let defaults = Arc::make_mut(&mut config.default_dimensions);
        defaults.insert("stage".into(), "test".into());
        let policy = Arc::new(SeriesPolicy::new(&config));
        let (recorder, snapshotter) = Recorder::new(Arc::clone(&policy), UNIX_EPOCH);
        Self {
            recorder,
            view: View::new(snapshotter, policy, NameRules::default()),
        }
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder
            .register_gauge(&Key::from_static_name(name), &METADATA)
    }

    /// Names and last values at a minute, and whether each is news.
    fn collect(&mut self, at: u64, repeats: bool) -> Vec<(String, f64, bool)> {
        let mut told = Vec::new();
        self.view.collect(minute(at), repeats, |gained| {
            let name = gained.identity.key().name().to_owned();
            told.push(match gained.what {
                What::Recorded(Value::Gauge { last, .. }, 1) => (name, last, true),
                What::Unchanged(last) => (name, last, false),
                other => panic!("{other:?}"),
            });
        });
        told
    }
}

fn minute(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(minute)
}

fn told(of: &[(&str, f64, bool)]) -> Vec<(String, f64, bool)> {
    let of = of.iter();
    of.map(|&(name, last, is_news)| (name.to_owned(), last, is_news))
        .collect()
}

#[test]
fn a_gauge_is_told_in_every_window_until_it_is_idle() {
    let mut viewed = Viewed::new();
    let held = viewed.gauge("a");
    held.set(1.0);
    viewed.gauge("b").set(2.0);
    assert_eq!(
        viewed.collect(0, true),
        told(&[("a", 1.0, true), ("b", 2.0, true)])
    );
    assert_eq!(viewed.collect(0, false), [], "a flush within the window");
    viewed.gauge("b").set(3.0);
    assert_eq!(
        viewed.collect(3, true),
        told(&[("b", 3.0, true), ("a", 1.0, false)])
    );
    assert_eq!(
        viewed.collect(5, true),
        told(&[("b", 3.0, false)]),
        "though a is held"
    );
    held.set(4.0);
    assert_eq!(
        viewed.collect(6, true),
        told(&[("a", 4.0, true), ("b", 3.0, false)])
    );
    assert_eq!(viewed.collect(8, true), told(&[("a", 4.0, false)]));
    assert_eq!(viewed.collect(11, true), []);
}

#[test]
fn a_gauge_that_cannot_be_sent_is_told_when_it_is_recorded() {
    let mut viewed = Viewed::new();
    viewed.gauge("").set(1.0);
    assert_eq!(viewed.collect(0, true), told(&[("", 1.0, true)]));
    assert_eq!(viewed.collect(1, true), []);
}

#[test]
fn labels_that_say_nothing_make_no_series_of_their_own() {
    let mut viewed = Viewed::new();
    for labels in [
        vec![],
        vec![("stage", "test")],
        vec![("empty", "")],
        vec![("stage", "test"), ("stage", "test")],
    ] {
        let labels: Vec<Label> = labels.into_iter().map(|(k, v)| Label::new(k, v)).collect();
        let key = Key::from_parts("n", labels);
        let counter = viewed.recorder.register_counter(&key, &METADATA);
        counter.increment(1);
    }
    let mut seen = Vec::new();
    let view = &mut viewed.view;
    view.collect(minute(0), true, |gained: Gained<'_>| {
        let dimensions = gained.identity.dimensions();
        let dimensions = dimensions.map(|(name, value)| format!("{name}={value}"));
        seen.push((dimensions.collect::<Vec<_>>(), format!("{:?}", gained.what)));
    });
    assert_eq!(
        seen,
        [(
            vec!["stage=test".to_owned()],
            "Recorded(Counter(4), 4)".to_owned()
        )]
    );
}

/// An identity goes with its series, and another series in its place has its own.
#[test]
fn a_series_never_has_the_identity_of_another() {
    let mut viewed = Viewed::new();
    viewed.gauge("a").set(1.0);
    assert_eq!(viewed.collect(0, true), told(&[("a", 1.0, true)]));
    assert_eq!(viewed.collect(5, true), []);
    assert!(viewed.view.state.identities.iter().all(Option::is_none));
    viewed.gauge("b").set(2.0);
    assert_eq!(viewed.collect(6, true), told(&[("b", 2.0, true)]));
    assert_eq!(viewed.view.state.identities.len(), 1, "in the same place");
}

#[test]
fn what_is_beyond_the_limit_of_series_is_refused_by_name() {
    let mut viewed = Viewed::new();
    for number in 0..5 {
        let labels = vec![Label::new("number", number.to_string())];
        let key = Key::from_parts("n", labels);
        let gauge = viewed.recorder.register_gauge(&key, &METADATA);
        gauge.set(1.0);
    }
    let mut refused = Vec::new();
    viewed.view.collect(minute(0), true, |gained| {
        if let What::Refused(reason, samples) = gained.what {
            let name = gained.identity.key().name().to_owned();
            refused.push((gained.kind, name, reason.clone(), samples));
        }
    });
    let reason = Refusal::SeriesLimit;
    assert_eq!(refused, [(MetricKind::Gauge, "n".to_owned(), reason, 3)]);
}

/// What data on their way keep of a series is theirs once it is evicted, and no more once they are gone.
#[test]
fn what_is_kept_of_an_evicted_series_is_counted() {
    let mut viewed = Viewed::new();
    let mut on_its_way = Vec::new();
    viewed.gauge("kept").set(1.0);
    viewed.gauge("sent").set(1.0);
    viewed.view.collect(minute(0), false, |gained| {
        if gained.identity.key().name() == "kept" {
            on_its_way.push(Arc::clone(gained.identity));
        }
    });
    let bytes = |viewed: &Viewed| viewed.view.evicted_bytes().get();
    assert_eq!(bytes(&viewed), 0, "they are there anyway");
    viewed.collect(5, false);
    let one = bytes(&viewed);
    assert!((100..1_000).contains(&one), "{one} bytes");
    on_its_way.push(Arc::clone(&on_its_way[0]));
    on_its_way.pop();
    assert_eq!(bytes(&viewed), one);
    on_its_way.clear();
    assert_eq!(bytes(&viewed), 0);
}
