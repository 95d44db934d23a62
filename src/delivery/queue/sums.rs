//! What all batches of a queue are together, kept as they come and go.

use crate::model::amount::Amount;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) all: Part,
    /// Of those that this process recorded.
    pub(super) own: Part,
    /// How many batches are as old as that, by the earliest time stamp of each.
    ages: BTreeMap<SystemTime, usize>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    /// Those about the exporter itself included.
    pub(super) data: usize,
    /// Without those.
    pub(super) amount: Amount,
    /// Of that, what is on disk alone.
    pub(super) journaled: Amount,
}

/// What a batch adds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub(super) is_own: bool,
    pub(super) data: usize,
    pub(super) amount: Amount,
    pub(super) oldest: Option<SystemTime>,
}

impl Sums {
    pub(super) fn add(&mut self, share: Share) {
        for part in self.parts(share.is_own) {
            part.data += share.data;
            part.amount.add(share.amount);
        }
        if let Some(oldest) = share.oldest {
            *self.ages.entry(oldest).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, share: Share) {
        for part in self.parts(share.is_own) {
            part.data -= share.data;
            part.amount.subtract(share.amount);
        }
        if let Some(oldest) = share.oldest
            && let Entry::Occupied(mut count) = self.ages.entry(oldest)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// So much is on disk alone from now on.
    pub(super) fn add_journaled(&mut self, is_own: bool, amount: Amount) {
        for part in self.parts(is_own) {
            part.journaled.add(amount);
        }
    }

    /// It no longer is.
    pub(super) fn remove_journaled(&mut self, is_own: bool, amount: Amount) {
        for part in self.parts(is_own) {
            part.journaled.subtract(amount);
        }
    }

    /// The earliest time stamp of all.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        self.ages.first_key_value().map(|(&oldest, _)| oldest)
    }

    fn parts(&mut self, is_own: bool) -> impl Iterator<Item = &mut Part> {
        [Some(&mut self.all), is_own.then_some(&mut self.own)]
            .into_iter()
            .flatten()
    }
}
