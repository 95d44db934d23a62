//! What becomes of a batch that the destination finds fault with.

use crate::collect::explicit_data::{self, ExplicitDatum};
use crate::delivery::clock_skew::{ClockSkew, Correction};
use crate::delivery::ledger::Outcome;
use crate::delivery::pack::Packer;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::model::attempt::ServiceClock;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::profile::{Confirms, Profile};
use crate::model::refusal::Refusal;
use crate::model::send_result::Sent;
use crate::settings::Config;
use crate::sinks::memory::MemorySink;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

fn batch(len: usize) -> Batch {
    let config = Config::new("Test");
    let sink = MemorySink::new();
    let mut packer = Packer::new(&config, &sink, Profile::default());
    for number in 0..len {
        let datum = ExplicitDatum::value(format!("{number}"), 1.0);
        packer.push(
            explicit_data::check(datum, &config, SystemTime::now(), &Profile::default())
                .expect("it is valid"),
        );
    }
    packer.finish().pop().expect("it has data")
}

fn number(datum: &Datum) -> usize {
    datum.name().parse().expect("its name is a number")
}

fn reason() -> Refusal {
    Refusal::Rejected {
        code: "InvalidParameterValue".into(),
        message: "no".into(),
    }
}

/// A destination that does not accept some data, takes so many at once, and may lose its tongue.
struct Destination {
    bad: BTreeSet<usize>,
    names_members: bool,
    max_data: usize,
    /// Attempts whose fate nobody knows: whether each was applied.
    silent: Vec<Option<bool>>,
    applied: Vec<usize>,
    requests: usize,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Sent,
    Invalid(Vec<usize>),
    TooLarge,
    Silence,
}

impl Destination {
    fn new(bad: impl IntoIterator<Item = usize>, names_members: bool) -> Self {
        Self {
            bad: bad.into_iter().collect(),
            names_members,
            max_data: usize::MAX,
            silent: Vec::new(),
            applied: Vec::new(),
            requests: 0,
        }
    }

    fn answer(&mut self, data: &[Datum]) -> Answer {
        self.requests += 1;
        let silent = self.silent.pop().flatten();
        if silent == Some(false) {
            return Answer::Silence;
        }
        if data.len() > self.max_data {
            return Answer::TooLarge;
        }
        let is_bad = |place: &usize| self.bad.contains(&number(&data[*place]));
        let bad: Vec<usize> = (0..data.len()).filter(is_bad).collect();
        if !bad.is_empty() {
            let named = if self.names_members { bad } else { Vec::new() };
            return Answer::Invalid(named);
        }
        self.applied.extend(data.iter().map(number));
        if silent.is_some() {
            Answer::Silence
        } else {
            Answer::Sent
        }
    }
}

#[derive(Debug, Default)]
struct Result {
    sent: usize,
    repeated: usize,
    ambiguous: usize,
    refused: Vec<usize>,
    settled: usize,
}

/// Sends until nothing is left.
fn deliver(len: usize, to: &mut Destination, is_repeated: bool) -> Result {
    let mut result = Result::default();
    let mut waiting = vec![QueuedBatch::new(7, batch(len))];
    while let Some(mut queued) = waiting.pop() {
        assert_eq!(queued.number, 7);
        let before = queued.data().count();
        let Verdict { settled, rest } = match to.answer(queued.batch.data()) {
            Answer::Sent => queued.sent(&Sent::default(), Confirms::Stored),
            Answer::Invalid(members) => queued.invalid(&members, &reason()),
            Answer::TooLarge => queued.too_large(&reason()),
            Answer::Silence if is_repeated => {
                queued.is_repeated = true;
                Verdict {
                    settled: Vec::new(),
                    rest: Some(queued),
                }
            }
            Answer::Silence => queued.given_up(),
        };
        let ended: usize = settled.iter().map(|settled| settled.data).sum();
        let kept: usize = rest.iter().map(|part| part.data().count()).sum();
        assert_eq!(ended + kept, before, "none is lost, none is made");
        for settled in settled {
            assert_eq!(settled.amount.data, settled.data as u64);
            result.settled += settled.data;
            match settled.outcome {
                Outcome::Delivered => {
                    result.sent += settled.data;
                    result.repeated += if settled.is_repeated { settled.data } else { 0 };
                }
                Outcome::Ambiguous => result.ambiguous += settled.data,
                Outcome::Refused(refused) => {
                    assert_eq!(refused.len(), settled.data);
                    let names = refused.iter().map(|refused| refused.key.name());
                    let numbers = names.map(|name| name.parse::<usize>().expect("a number"));
                    result.refused.extend(numbers);
                }
                Outcome::Dropped | Outcome::HandedOver => {
                    unreachable!("nothing drops here")
                }
            }
        }
        waiting.extend(rest);
    }
    result.refused.sort_unstable();
    result
}

#[test]
fn one_poisoned_datum_among_a_thousand() {
    for bad in [0, 1, 499, 500, 640, 998, 999] {
        let mut named = Destination::new([bad], true);
        let result = deliver(1_000, &mut named, true);
        assert_eq!((result.sent, result.refused), (999, vec![bad]));
        assert_eq!((named.applied.len(), named.requests), (999, 2));

        let mut silent = Destination::new([bad], false);
        let result = deliver(1_000, &mut silent, true);
        assert_eq!((result.sent, result.refused), (999, vec![bad]));
        assert_eq!(silent.applied.len(), 999);
        assert!(silent.requests <= 12, "{}", silent.requests);
    }
}

#[test]
fn one_alone_is_refused_at_once() {
    for names_members in [true, false] {
        let mut destination = Destination::new([0], names_members);
        let result = deliver(1, &mut destination, true);
        assert_eq!((result.refused, destination.requests), (vec![0], 1));
    }
    let mut none_at_all = Destination::new([], true);
    none_at_all.max_data = 0;
    let result = deliver(5, &mut none_at_all, true);
    assert_eq!(result.refused, [0, 1, 2, 3, 4]);
}

#[test]
fn a_member_that_is_not_there_has_to_be_searched() {
    let queued = QueuedBatch::new(7, batch(10));
    let Verdict { settled, rest } = queued.invalid(&[10, 99], &reason());
    assert!(settled.is_empty());
    let rest = rest.expect("all of it");
    assert_eq!(rest.batch.data().len(), 5);
}

#[test]
fn what_is_too_old_goes_and_the_rest_stays() {
    let queued = QueuedBatch::new(7, batch(10));
    let at = |now| {
        let told = ServiceClock {
            shows: now,
            left_at: now,
            told_at: now,
        };
        let mut clock_skew = ClockSkew::new(true, now);
        let _ = clock_skew.judge(Correction::NONE, Some(told), Ok(Sent::default()));
        queued.misdated(&clock_skew, now)
    };
    assert!(at(SystemTime::now()).is_none());
    let verdict =
        at(SystemTime::now() + Duration::from_hours(24 * 15)).expect("two weeks have passed");
    assert!(verdict.settled.len() == 10 && verdict.rest.is_none());
}

#[test]
fn what_is_at_fault_for_its_time_is_found_among_what_is_not() {
    let now = SystemTime::now();
    let hours = Duration::from_hours(1);
    let mut data = batch(5).data().to_vec();
    for (datum, timestamp) in data.iter_mut().zip([
        now - 24 * hours,
        now - 15 * 24 * hours,
        now,
        now + 3 * hours,
        now + hours,
    ]) {
        datum.timestamp = timestamp;
        datum.is_by_clock = false;
    }
    let misdated = |data: &[Datum]| {
        let queued = QueuedBatch::new(7, Batch::new("Test", data.to_vec()));
        let verdict = queued.misdated(&ClockSkew::new(true, now), now)?;
        let rest = verdict.rest.iter().map(|rest| rest.data().count());
        Some((verdict.settled.len(), rest.sum::<usize>()))
    };
    assert_eq!(misdated(&data), Some((2, 3)));
    assert_eq!(misdated(&data[..3]), Some((1, 2)), "too old alone");
    assert_eq!(misdated(&data[2..]), Some((1, 2)), "too far ahead alone");
    assert_eq!(misdated(&data[2..3]), None);
}

proptest! {
    #[test]
    fn whatever_is_good_arrives_once_and_whatever_is_bad_is_refused_once(
        len in 1..300_usize,
        bad in prop::collection::btree_set(0..300_usize, 0..20),
        names_members: bool,
        max_data in 1..400_usize,
    ) {
        let mut destination = Destination::new(bad.clone(), names_members);
        destination.max_data = max_data;
        let result = deliver(len, &mut destination, true);
        let bad: Vec<usize> = bad.into_iter().filter(|number| *number < len).collect();
        let good: Vec<usize> = (0..len).filter(|number| !bad.contains(number)).collect();
        destination.applied.sort_unstable();
        prop_assert_eq!(&destination.applied, &good);
        prop_assert_eq!(result.refused, bad);
        prop_assert_eq!((result.sent, result.settled), (good.len(), len));
    }

    #[test]
    fn at_least_once_and_at_most_once(
        len in 1..100_usize,
        bad in prop::collection::btree_set(0..100_usize, 0..5),
        silent in prop::collection::vec(prop::option::of(any::<bool>()), 0..20),
        is_repeated: bool,
    ) {
        let mut destination = Destination::new(bad, false);
        destination.silent = silent;
        let result = deliver(len, &mut destination, is_repeated);
        prop_assert_eq!(result.settled, len);
        let distinct: BTreeSet<usize> = destination.applied.iter().copied().collect();
        let surplus = destination.applied.len() - distinct.len();
        if is_repeated {
            prop_assert_eq!(distinct.len(), result.sent);
            prop_assert_eq!(result.ambiguous, 0);
            prop_assert!(surplus == 0 || result.repeated > 0);
        } else {
            prop_assert_eq!(surplus, 0);
            prop_assert!((result.sent..=result.sent + result.ambiguous).contains(&distinct.len()));
        }
    }
}
