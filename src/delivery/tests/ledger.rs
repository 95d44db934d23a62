//! The equation, in all and for each flush, whatever becomes of the data.

use crate::delivery::ledger::{Account, FlushId, Ledger, Outcome, Settled};
use crate::limits::ValueFault;
use crate::model::amount::Amount;
use crate::model::refusal::{Refusal, Refused};
use metrics::Key;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Act {
    /// Data and samples of each.
    Queue(usize, u64),
    Refuse(u64),
    Restore(u64),
    /// So many data of a batch, if it has them.
    Settle(Index, usize, u8, bool),
    Open,
    Drained(Index),
    Close(Index),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..5_usize, 1..9_u64).prop_map(|(data, samples)| Act::Queue(data, samples)),
        1 => (1..9_u64).prop_map(Act::Refuse),
        1 => (1..9_u64).prop_map(Act::Restore),
        4 => (any::<Index>(), 1..5_usize, 0..5_u8, any::<bool>())
            .prop_map(|(index, data, how, is_repeated)| Act::Settle(index, data, how, is_repeated)),
        1 => Just(Act::Open),
        1 => any::<Index>().prop_map(Act::Drained),
        1 => any::<Index>().prop_map(Act::Close),
    ]
}

fn amount(data: usize, each: u64) -> Amount {
    Amount {
        data: data as u64,
        samples: data as u64 * each,
    }
}

fn refused(samples: u64) -> Vec<Refused> {
    vec![Refused {
        kind: None,
        key: Key::from_static_name("n"),
        reason: Refusal::Value(ValueFault::NotANumber),
        samples,
    }]
}

fn balanced(account: &Account) -> bool {
    let Account {
        entered,
        delivered,
        handed_over,
        repeated,
        refused,
        ambiguous,
        dropped,
        pending,
    } = *account;
    let mut all = Amount::default();
    for one in [delivered, handed_over, refused, ambiguous, dropped, pending] {
        all.add(one);
    }
    all == entered && repeated.samples <= delivered.samples + handed_over.samples
}

proptest! {
    #[test]
    fn entered_is_what_became_of_it(acts in prop::collection::vec(act(), 1..60)) {
        let ledger = Ledger::default();
        let (first, mut next) = (100, 100_u64);
        // Number, data, and samples of each.
        let mut pending: Vec<(u64, usize, u64)> = Vec::new();
        let mut flushes: Vec<FlushId> = Vec::new();
        let own = |pending: &[(u64, usize, u64)]| {
            let own = pending.iter().filter(|one| one.0 >= first);
            own.fold((0, Amount::default()), |(data, mut sum), one| {
                sum.add(amount(one.1, one.2));
                (data + one.1, sum)
            })
        };
        for act in acts {
            match act {
                Act::Queue(data, each) => {
                    ledger.entered(next, data, amount(data, each));
                    pending.push((next, data, each));
                    next += 1;
                }
                Act::Refuse(samples) => ledger.refused(&refused(samples)),
                Act::Restore(samples) => {
                    ledger.restored(amount(1, samples));
                    pending.push((pending.len() as u64 % first, 1, samples));
                }
                Act::Settle(index, data, how, is_repeated) if !pending.is_empty() => {
                    let place = index.index(pending.len());
                    let (number, left, each) = pending[place];
                    let data = data.min(left);
                    pending[place].1 -= data;
                    if pending[place].1 == 0 {
                        pending.swap_remove(place);
                    }
                    let amount = amount(data, each);
                    let outcome = match how {
                        0 => Outcome::Delivered,
                        1 => Outcome::HandedOver,
                        2 => Outcome::Ambiguous,
                        3 => Outcome::Dropped,
                        _ => Outcome::Refused(refused(amount.samples)),
                    };
                    let returned = Vec::new();
                    ledger.settle(number, &Settled { data, amount, is_repeated, outcome, returned });
                }
                Act::Open => {
                    let (data, amount) = own(&pending);
                    flushes.push(ledger.open_flush(first, data, amount));
                }
                Act::Drained(index) if !flushes.is_empty() => {
                    let flush = *index.get(&flushes);
                    let end = ledger.covers(flush).end.min(next);
                    ledger.bound_flush(flush, end);
                }
                Act::Close(index) if !flushes.is_empty() => {
                    let flush = flushes.swap_remove(index.index(flushes.len()));
                    let (covers, is_settled) = (ledger.covers(flush), ledger.is_settled(flush));
                    let left = pending.iter().filter(|one| covers.contains(&one.0));
                    let left: u64 = left.map(|one| one.1 as u64 * one.2).sum();
                    let closed = ledger.close_flush(flush).expect("it was open");
                    prop_assert!(balanced(&closed.account), "{closed:?}");
                    prop_assert_eq!(closed.account.pending.samples, left);
                    prop_assert_eq!(is_settled, left == 0);
                }
                _ => {}
            }
            let books = ledger.books();
            prop_assert!(balanced(&books.account), "{books:?}");
            let left: u64 = pending.iter().map(|one| one.1 as u64 * one.2).sum();
            prop_assert_eq!(books.account.pending.samples, left);
            let by_reason: u64 = books.refusals.by_reason().values().sum();
            prop_assert_eq!(by_reason, books.account.refused.samples);
        }
    }
}
