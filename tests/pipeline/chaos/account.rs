//! The two sides of the account: what was recorded, and what the service knows.

use super::hour::{Hour, LEVEL, POISON};
use cloudwatch_local::{Fault, ReceivedDatum};
use metrics::Label;
use metrics_exporter_cloudwatch::Guarantee;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// The default.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

/// Samples and their sum.
type Amount = (u64, f64);

fn series(datum: &ReceivedDatum) -> String {
    let dimensions = datum.dimensions.iter().map(|(_, value)| value.as_str());
    datum.metric_name.clone() + &dimensions.collect::<String>()
}

/// What an application counts as samples: the increments of a counter.
#[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation)]
fn amount(datum: &ReceivedDatum) -> Amount {
    let samples = if ["size", LEVEL].contains(&&*datum.metric_name) {
        datum.sample_count()
    } else {
        datum.sum()
    };
    (samples as u64, datum.sum())
}

impl Hour {
    /// Data by series and window, each with the number of times that it was applied. Nothing is flushed
    /// within a window, so each is there once.
    fn applied(&self) -> BTreeMap<(String, SystemTime), (Amount, usize)> {
        let mut applied = BTreeMap::new();
        for datum in self.service.received() {
            let known = applied.entry((series(&datum), datum.timestamp));
            let (first, times) = known.or_insert((amount(&datum), 0));
            assert_eq!(*first, amount(&datum), "the same window with other numbers");
            *times += 1;
        }
        applied
    }

    /// Samples of requests that were applied and not answered in time.
    fn applied_unheard(&self) -> u64 {
        let mut received = self.service.received().into_iter();
        let requests = self.service.requests().into_iter();
        let mut unheard = 0;
        for request in requests.filter(|request| request.is_applied) {
            let data = received.by_ref().take(request.data);
            let samples = data.map(|datum| amount(&datum).0).sum::<u64>();
            let is_unheard = match request.fault {
                Some(Fault::Latency(time)) => time > REQUEST_TIMEOUT,
                Some(_) => true,
                None => false,
            };
            if is_unheard {
                unheard += samples;
            }
        }
        unheard
    }

    /// Samples by series, as the exporter reports them.
    fn refused_samples(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for refused in &self.refused {
            let labels = refused.key.labels().map(Label::value);
            let series = refused.key.name().to_owned() + &labels.collect::<String>();
            *all.entry(series).or_default() += refused.samples;
        }
        all
    }

    /// Recorded = applied + refused + given up, to the last sample.
    pub(crate) fn account(&self, what: &str) {
        let applied = self.applied();
        let mut arrived: BTreeMap<&str, Amount> = BTreeMap::new();
        for ((series, _), (amount, _)) in &applied {
            let (samples, sum) = arrived.entry(series).or_default();
            *samples += amount.0;
            *sum += amount.1;
        }
        let refused = self.refused_samples();
        assert!(
            self.stats.dropped.is_zero() && self.stats.pending.is_zero(),
            "{what}"
        );
        let twice = applied.values().filter(|(_, times)| *times > 1).count() as u64;
        let given_up = self.stats.ambiguous.samples;
        let mut missing = 0;
        for (series, &(samples, sum)) in &self.recorded {
            let (arrived, arrived_sum) = arrived.get(&**series).copied().unwrap_or_default();
            let refused = refused.get(series).copied().unwrap_or_default();
            assert!(arrived + refused <= samples, "{what}: {series}");
            if self.guarantee == Guarantee::AtLeastOnce && given_up == 0 {
                assert_eq!(arrived + refused, samples, "{what}: {series}");
                if refused == 0 && !series.starts_with(LEVEL) {
                    assert_eq!(arrived_sum, sum, "{what}: {series}");
                }
            }
            missing += samples - arrived - refused;
        }
        if !self.is_refused {
            let mut others = refused.keys().filter(|series| *series != POISON);
            assert_eq!(others.next(), None, "{what}: only poison is refused");
        }
        if self.guarantee == Guarantee::AtLeastOnce {
            // After ten attempts in a row without an answer: where most attempts have none.
            let requests = self.requests();
            let faults = requests.iter().filter(|(_, fault, _)| fault.is_some());
            let is_rare = 2 * faults.count() < requests.len();
            assert!(given_up == 0 || !is_rare, "{what}: {given_up}");
            assert!(missing <= given_up, "{what}: {missing} of {given_up}");
            let repeated = self.stats.repeated.data + self.stats.ambiguous.data;
            assert!(twice <= repeated, "{what}: {twice} twice");
        } else {
            assert_eq!(twice, 0, "{what}");
            assert_eq!(self.stats.repeated.data, 0, "{what}");
            // What was applied, and nobody heard of, was given up like what was not.
            let unheard = self.applied_unheard();
            assert_eq!(
                missing + unheard,
                given_up,
                "{what}: {unheard} were applied"
            );
        }
        // And in the exporter's own words.
        let stats = &self.stats;
        let accounted = stats.delivered.samples + given_up + stats.refused.samples;
        let entered = stats.entered.samples - stats.restored.samples;
        assert_eq!(accounted, entered, "{what}: {stats:?}");
        let recorded: u64 = self.recorded.values().map(|(samples, _)| samples).sum();
        assert_eq!(accounted, recorded, "{what}: {stats:?}");
    }
}
