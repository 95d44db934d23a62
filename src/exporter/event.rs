//! What becomes of data on their way, as one stage tells the next.

use super::amount::Amount;
use crate::refusal::Refused;

/// The number of all that an earlier process recorded: no flush waits for it.
pub(super) const RESTORED: u64 = 0;

/// What became of an attempt, or of data that were not attempted any more.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) attempted: Option<Attempted>,
    pub(super) settled: Vec<Settled>,
    /// Came from the disk, and is pending now.
    pub(super) loaded: Option<Loaded>,
    /// Entries that were on disk alone, and are gone. What an earlier process recorded has no amount.
    pub(super) lost: Vec<Settled>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Loaded {
    pub(super) amount: Amount,
    /// Another process recorded it.
    pub(super) is_restored: bool,
}

/// Data that this process recorded, and whose fate is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsettled {
    /// The batch's.
    pub(super) number: u64,
    /// All of them, those about the exporter itself included.
    pub(super) data: usize,
    pub(super) amount: Amount,
    /// How much of it has perhaps arrived, and nobody will know if it is not tried again.
    pub(super) uncertain: Amount,
    /// They are on disk alone.
    pub(super) is_spooled: bool,
}

/// What the disk has to do with it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SpoolUsage {
    pub(super) bytes: u64,
    pub(super) writing_bytes: usize,
    /// Entries that another version wrote.
    pub(super) foreign_entries: usize,
}

/// How data that were queued ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Sent {
        is_repeated: bool,
    },
    /// They may have arrived.
    Ambiguous,
    Dropped,
    /// They are on disk alone.
    Spooled,
    Refused(Vec<Refused>),
}

/// Data of one batch that ended in the same way.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    /// The batch's.
    pub(super) number: u64,
    /// All of them, those about the exporter itself included.
    pub(super) data: usize,
    pub(super) amount: Amount,
    pub(super) ending: Ending,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempted {
    Answered,
    Refused,
    Failed,
    Throttled,
    Ambiguous,
}
