//! Which identity a series feeds, and when a gauge is told again.

use crate::model::metric_kind::MetricKind;
use crate::model::profile::Profile;
use crate::model::refusal::Refusal;
use crate::settings::Config;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::view::own_identities::OwnIdentities;
use crate::view::{Feeds, Gained, SeriesPolicy, View, What};
use metrics::{Gauge, Key, Label, Level, Metadata, Recorder as _};
use metrics_recording::{Recorder, Snapshotter, Value};
use std::slice;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

/// A view, and what it sees.
pub(crate) struct Seen {
    snapshotter: Snapshotter,
    pub(crate) view: View,
}

impl Seen {
    pub(crate) fn new(config: &Config, profile: &Profile) -> (Recorder, Self) {
        let policy = Arc::new(SeriesPolicy::new(config, slice::from_ref(config)));
        let (recorder, snapshotter) = Recorder::new(Arc::clone(&policy), UNIX_EPOCH);
        let view = View::new(policy, 0, config, profile, UNIX_EPOCH);
        (recorder, Self { snapshotter, view })
    }

    /// A snapshot that ends the window.
    pub(crate) fn collect(&mut self, now: SystemTime, repeats: bool, each: impl FnMut(Gained<'_>)) {
        self.snapshot(now, true, repeats, each);
    }

    /// A snapshot that ends the window, or does not.
    pub(crate) fn snapshot(
        &mut self,
        now: SystemTime,
        closes: bool,
        repeats: bool,
        mut each: impl FnMut(Gained<'_>),
    ) {
        let Self { snapshotter, view } = self;
        view.begin(now);
        snapshotter.visit(now, |_| true, |event| view.hear(&event, closes, &mut each));
        view.end(closes, repeats, &mut each);
    }
}

struct Viewed {
    recorder: Recorder,
    seen: Seen,
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
        let (recorder, seen) = Seen::new(&config, &Profile::default());
        Self { recorder, seen }
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder
            .register_gauge(&Key::from_static_name(name), &METADATA)
    }

    /// Names and last values at a minute, and whether each is news.
    fn collect(&mut self, at: u64, repeats: bool) -> Vec<(String, f64, bool)> {
        let mut told = Vec::new();
        self.seen.collect(minute(at), repeats, |gained| {
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
    viewed.seen.collect(minute(0), true, |gained: Gained<'_>| {
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

fn own(viewed: &Viewed) -> &OwnIdentities {
    match &viewed.seen.view.feeds {
        Feeds::Own(own) => own,
        Feeds::Merged(merged) => panic!("{merged:?}"),
    }
}

/// An identity goes with its series, and another series in its place has its own.
#[test]
fn a_series_never_has_the_identity_of_another() {
    let mut viewed = Viewed::new();
    viewed.gauge("a").set(1.0);
    assert_eq!(viewed.collect(0, true), told(&[("a", 1.0, true)]));
    assert_eq!(viewed.collect(5, true), []);
    assert!(own(&viewed).identities().iter().all(Option::is_none));
    viewed.gauge("b").set(2.0);
    assert_eq!(viewed.collect(6, true), told(&[("b", 2.0, true)]));
    assert_eq!(own(&viewed).identities().len(), 1, "in the same place");
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
    viewed.seen.collect(minute(0), true, |gained| {
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
    viewed.seen.collect(minute(0), false, |gained| {
        if gained.identity.key().name() == "kept" {
            on_its_way.push(Arc::clone(gained.identity));
        }
    });
    let bytes = |viewed: &Viewed| viewed.seen.view.evicted_bytes().get();
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

/// What a series has to say of a window waits for its end, and is one thing then.
#[test]
fn snapshots_within_a_window_are_one_in_the_end() {
    let mut viewed = Viewed::new();
    let counter = Key::from_static_name("c");
    let counter = viewed.recorder.register_counter(&counter, &METADATA);
    for (at, value) in [(0, 3.0), (1, 1.0), (2, 2.0)] {
        counter.increment(2);
        viewed.gauge("g").set(value);
        let kept = |_: Gained<'_>| panic!("the window goes on");
        viewed.seen.snapshot(minute(at), false, true, kept);
    }
    assert_eq!(own(&viewed).opened(), 2);
    counter.increment(2);
    let mut told = Vec::new();
    let each = |gained: Gained<'_>| told.push(format!("{:?}", gained.what));
    viewed.seen.collect(minute(3), true, each);
    let gauge = "Recorded(Gauge { last: 2.0, min: 1.0, max: 3.0 }, 1)";
    assert_eq!(told, ["Recorded(Counter(8), 8)", gauge]);
    assert_eq!(own(&viewed).opened(), 0, "nothing is held any more");
}

/// What an evicted series had to say does not wait for the end of the window.
#[test]
fn what_is_open_of_an_evicted_series_is_told_at_once() {
    let mut viewed = Viewed::new();
    viewed.gauge("g").set(1.0);
    let kept = |_: Gained<'_>| panic!("the window goes on");
    viewed.seen.snapshot(minute(0), false, true, kept);
    let mut told = 0;
    let each = |_: Gained<'_>| told += 1;
    viewed.seen.snapshot(minute(6), false, true, each);
    assert_eq!((told, own(&viewed).opened()), (1, 0));
}
