//! Which attempt meets which fault.

use super::Fault;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The faults of a service, to be set at any time. Clones are the same.
///
/// They happen to attempts at `PutMetricData` alone; what reads is left in peace. A script comes first, then what is
/// always, then what is by chance; content rules hold where none of these happens.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    script: VecDeque<Option<Fault>>,
    always: Option<Fault>,
    chance: Option<Chance>,
    rejected: HashMap<String, bool>,
    max_body: Option<usize>,
    forgets_connections: bool,
    /// Characters of each value that a message quotes.
    quoted: usize,
}

#[derive(Debug)]
struct Chance {
    random: fastrand::Rng,
    faults: Vec<(f64, Fault)>,
}

impl Faults {
    /// The next attempts meet these, in this order; `None` goes well.
    pub fn script(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.plan.lock().script.extend(faults);
    }

    /// Every attempt meets this.
    pub fn always(&self, fault: Fault) {
        self.plan.lock().always = Some(fault);
    }

    /// Every attempt meets each of these with its probability, at most one of them. The same seed and order
    /// of attempts make for the same faults.
    ///
    /// # Panics
    ///
    /// If a probability is not between 0 and 1, or they add up to more than 1.
    pub fn random(&self, seed: u64, faults: impl IntoIterator<Item = (f64, Fault)>) {
        let faults: Vec<_> = faults.into_iter().collect();
        let is_one = |(probability, _): &(f64, Fault)| (0.0..=1.0).contains(probability);
        let sum: f64 = faults.iter().map(|(probability, _)| probability).sum();
        assert!(
            faults.iter().all(is_one) && sum <= 1.0 + 1e-9,
            "probabilities are between 0 and 1, and add up to 1 at most"
        );
        self.plan.lock().chance = Some(Chance {
            random: fastrand::Rng::with_seed(seed),
            faults,
        });
    }

    /// Requests with a datum of this metric are refused as a whole, by a message that names its place,
    /// or does not.
    pub fn reject_metric(&self, name: impl Into<String>, is_named: bool) {
        self.plan.lock().rejected.insert(name.into(), is_named);
    }

    /// Each connection is dead after its first request, as where a NAT forgot it: the next request over it is not looked at,
    /// and reset. Only for a [`Local`](crate::Local), which has connections.
    pub fn forget_connections(&self) {
        self.plan.lock().forgets_connections = true;
    }

    pub(crate) fn forgets_connections(&self) -> bool {
        self.plan.lock().forgets_connections
    }

    /// Messages that name data quote a value of so many characters with each of them, by default none.
    pub fn quote_values(&self, chars: usize) {
        self.plan.lock().quoted = chars;
    }

    /// Bodies of more bytes than this, before compression, are refused with HTTP 413.
    pub fn limit_body(&self, bytes: usize) {
        self.plan.lock().max_body = Some(bytes);
    }

    /// From now on all goes well.
    pub fn clear(&self) {
        *self.plan.lock() = Plan::default();
    }

    /// What happens to an attempt.
    pub(crate) fn next(&self) -> Option<Fault> {
        let mut plan = self.plan.lock();
        if let Some(next) = plan.script.pop_front() {
            return next;
        }
        if let Some(always) = &plan.always {
            return Some(always.clone());
        }
        let chance = plan.chance.as_mut()?;
        let mut drawn = chance.random.f64();
        let fault = chance.faults.iter().find(|(probability, _)| {
            drawn -= probability;
            drawn < 0.0
        });
        fault.map(|(_, fault)| fault.clone())
    }

    pub(crate) fn is_too_large(&self, bytes: usize) -> bool {
        self.plan.lock().max_body.is_some_and(|most| bytes > most)
    }

    /// What is said of data with these names, if any is rejected.
    pub(crate) fn rejection<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<String> {
        let plan = self.plan.lock();
        let mut places = Vec::new();
        let mut is_rejected = false;
        for (place, name) in names.enumerate() {
            let Some(is_named) = plan.rejected.get(name) else {
                continue;
            };
            is_rejected = true;
            if *is_named {
                places.push(format!("MetricData.member.{}", place + 1));
            }
        }
        is_rejected.then(|| {
            if places.is_empty() {
                "A parameter is invalid.".to_owned()
            } else if plan.quoted > 0 {
                let value = "v".repeat(plan.quoted);
                let lines = places.iter().map(|place| {
                    format!("The value {value} for parameter {place}.Dimensions.member.1.Value is invalid.")
                });
                lines.collect::<Vec<_>>().join("\n")
            } else {
                format!("The parameter {} is invalid.", places.join(", "))
            }
        })
    }
}
