//! A batch that is on disk and not in memory.

use crate::delivery::durability::Durability;
use crate::delivery::ledger::{Outcome, Settled};
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::amount::Amount;
use std::time::SystemTime;

/// What is on disk and not in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDisk {
    pub(super) group: u64,
    pub(super) data: usize,
    /// None, until it is known: an earlier process recorded it.
    pub(super) amount: Option<Amount>,
    /// The earliest time stamp, if that is known.
    pub(super) oldest: Option<SystemTime>,
    /// An attempt had begun, whose fate is not known.
    pub(crate) is_repeated: bool,
    /// It is still being written, by the call of this number.
    pub(super) being_written: Option<u64>,
    /// The next process has an older record of it, with more than what is left, if it cannot be written.
    pub(crate) has_older: bool,
}

impl OnDisk {
    pub(crate) fn of(queued: &QueuedBatch) -> Self {
        Self {
            group: queued.group,
            data: queued.data().count(),
            amount: Some(queued.amount()),
            oldest: Some(queued.oldest()),
            is_repeated: queued.is_repeated,
            being_written: match queued.durability {
                Durability::Writing { write, .. } => Some(write),
                _ => None,
            },
            has_older: false,
        }
    }

    /// For the next process: nothing of it is sent any more.
    pub(crate) fn left(queued: &QueuedBatch, was_under_way: bool) -> Self {
        Self {
            is_repeated: queued.is_repeated || was_under_way,
            has_older: queued.durability.has_record(),
            ..Self::of(queued)
        }
    }

    pub(crate) fn group(&self) -> u64 {
        self.group
    }

    pub(crate) fn being_written(&self) -> Option<u64> {
        self.being_written
    }

    /// What an earlier process left.
    pub(crate) fn restored(number: u64, is_repeated: bool) -> Self {
        Self {
            group: number,
            data: 0,
            amount: None,
            oldest: None,
            is_repeated,
            being_written: None,
            has_older: false,
        }
    }

    /// How much of it is on disk for sure.
    pub(super) fn journaled(&self) -> Amount {
        match self.being_written {
            Some(_) => Amount::default(),
            None => self.amount.unwrap_or_default(),
        }
    }

    /// Whether the ledger has it.
    pub(crate) fn is_counted(&self) -> bool {
        self.amount.is_some()
    }

    /// It is not there any more.
    pub(crate) fn lost(&self) -> Settled {
        Settled {
            data: self.data,
            amount: self.amount.unwrap_or_default(),
            is_repeated: self.is_repeated,
            outcome: if self.is_repeated {
                Outcome::Ambiguous
            } else {
                Outcome::Dropped
            },
            returned: Vec::new(),
        }
    }
}
