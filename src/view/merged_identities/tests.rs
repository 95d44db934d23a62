//! How long an identity lives that several series feed, and what is kept meanwhile.

use super::*;
use crate::model::profile::Profile;
use crate::settings::Config;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::view::Feeds;
use crate::view::tests::Seen;
use metrics::{Label, Level, Metadata, Recorder as _};
use metrics_recording::Recorder;
use std::time::{Duration, UNIX_EPOCH};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

struct Viewed {
    recorder: Recorder,
    seen: Seen,
    /// Identities of what was told, as data on their way keep them.
    told: Vec<Arc<Identity>>,
}

impl Viewed {
    fn new() -> Self {
        let mut config = Config::new("Test");
        config.hidden_labels = vec!["host".into()];
        config.gauge_rule = Some(GaugeRule::Sum);
        let settings = MetricSettings::new().with_idle_timeout(Some(Duration::from_mins(5)));
        config.set_metric(Matcher::any(), settings);
        let (recorder, seen) = Seen::new(&config, &Profile::default());
        Self {
            recorder,
            seen,
            told: Vec::new(),
        }
    }

    fn record(&self, name: &'static str, host: &'static str) {
        let key = Key::from_parts(name, vec![Label::new("host", host)]);
        let recorder = &self.recorder;
        recorder.register_counter(&key, &METADATA).increment(1);
        recorder.register_gauge(&key, &METADATA).set(1.0);
        recorder.register_histogram(&key, &METADATA).record(1.0);
    }

    /// How many are told at a minute.
    fn collect(&mut self, at: u64) -> usize {
        let (before, told) = (self.told.len(), &mut self.told);
        let now = UNIX_EPOCH + Duration::from_mins(at);
        (self.seen).collect(now, true, |gained| told.push(Arc::clone(gained.identity)));
        told.len() - before
    }

    /// Identities that are there, and places for them.
    fn kept(&self) -> (usize, usize) {
        let Feeds::Merged(merged) = &self.seen.view.feeds else {
            panic!("{:?}", self.seen.view);
        };
        assert_eq!(merged.by_key.len() + merged.free.len(), merged.fed.len());
        (merged.by_key.len(), merged.fed.len())
    }
}

#[test]
fn an_identity_ends_with_the_last_of_its_series() {
    let mut viewed = Viewed::new();
    for host in ["a", "b"] {
        viewed.record("n", host);
    }
    assert_eq!((viewed.collect(0), viewed.kept()), (3, (3, 3)));
    viewed.record("n", "b");
    assert_eq!((viewed.collect(4), viewed.kept()), (3, (3, 3)));
    // The first of them is idle.
    assert_eq!((viewed.collect(5), viewed.kept()), (1, (3, 3)));
    assert_eq!(viewed.seen.view.evicted_bytes().get(), 0);
    assert_eq!((viewed.collect(9), viewed.kept()), (0, (0, 3)));
    // Data keep it.
    assert!(viewed.seen.view.evicted_bytes().get() > 0);
    viewed.told.clear();
    assert_eq!(viewed.seen.view.evicted_bytes().get(), 0);
    // Others take the places.
    viewed.record("other", "a");
    assert_eq!((viewed.collect(10), viewed.kept()), (3, (3, 3)));
}

#[test]
fn series_that_come_and_go_leave_nothing_behind() {
    let mut viewed = Viewed::new();
    for round in 0..20 {
        for host in ["a", "b", "c"] {
            viewed.record(if round % 2 == 0 { "n" } else { "m" }, host);
        }
        assert_eq!(viewed.collect(round * 10), 3);
        assert_eq!(viewed.collect(round * 10 + 5), 0);
        assert_eq!(viewed.kept(), (0, 3));
        viewed.told.clear();
    }
}

impl Viewed {
    fn gauge(&self, host: &'static str, values: &[f64]) {
        let key = Key::from_parts("g", vec![Label::new("host", host)]);
        let gauge = self.recorder.register_gauge(&key, &METADATA);
        for value in values {
            gauge.set(*value);
        }
    }

    /// What is told at a minute, by a snapshot that ends the window, or does not.
    fn snapshot(&mut self, at: u64, closes: bool) -> Vec<String> {
        let mut told = Vec::new();
        let now = UNIX_EPOCH + Duration::from_mins(at);
        let each = |gained: Gained<'_>| told.push(format!("{:?}", gained.what));
        self.seen.snapshot(now, closes, true, each);
        told
    }
}

/// The extremes of each series are those of all snapshots in the window.
#[test]
fn gauges_merge_what_they_said_in_the_whole_window() {
    let mut viewed = Viewed::new();
    viewed.gauge("a", &[9.0, 1.0, 5.0]);
    viewed.gauge("b", &[100.0]);
    assert_eq!(viewed.snapshot(0, false), [""; 0]);
    viewed.gauge("a", &[4.0]);
    assert_eq!(viewed.snapshot(1, false), [""; 0]);
    let window = "Recorded(Gauge { last: 104.0, min: 101.0, max: 109.0 }, 1)";
    assert_eq!(viewed.snapshot(2, true), [window]);
    assert_eq!(viewed.snapshot(3, true), ["Unchanged(104.0)"]);
}

/// What an evicted series had to say does not wait for the end of the window, nor is it told again.
#[test]
fn what_is_open_of_an_evicted_series_is_told_at_once() {
    let mut viewed = Viewed::new();
    viewed.gauge("a", &[1.0]);
    assert_eq!(viewed.snapshot(0, false), [""; 0]);
    viewed.gauge("b", &[2.0]);
    assert_eq!(viewed.snapshot(2, false), [""; 0]);
    // Of two one goes, and then the other.
    let both = "Recorded(Gauge { last: 3.0, min: 3.0, max: 3.0 }, 1)";
    assert_eq!(viewed.snapshot(5, false), [both]);
    assert_eq!(viewed.snapshot(7, true), [""; 0]);
    viewed.record("n", "a");
    assert_eq!(viewed.snapshot(8, false), [""; 0]);
    let counter = "Recorded(Counter(1), 1)";
    let gone = viewed.snapshot(14, false);
    assert_eq!(gone.len(), 3, "{gone:?}");
    assert!(gone.iter().any(|what| what == counter), "{gone:?}");
    assert_eq!(viewed.kept().0, 0);
}

/// One that comes back in the snapshot in which its series was evicted goes on.
#[test]
fn an_identity_that_comes_back_at_once_is_the_same() {
    let mut viewed = Viewed::new();
    viewed.record("n", "a");
    assert_eq!(viewed.collect(0), 3);
    // Another series of it.
    viewed.record("n", "b");
    assert_eq!((viewed.collect(5), viewed.kept()), (3, (3, 3)));
    let identities = |told: &[Arc<Identity>]| told.iter().map(Arc::as_ptr).collect::<Vec<_>>();
    assert_eq!(identities(&viewed.told[..3]), identities(&viewed.told[3..]));
}
