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
