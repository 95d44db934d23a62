//! Where a batch is on disk.

use tokio::time::Instant;

/// Where a batch is on disk that is in memory and not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nowhere: it is in memory alone.
    #[default]
    Memory,
    /// An older record of it is there, with more than what is left.
    Outdated,
    /// It is to be written when the disk has time. Until then nothing is sent, but not longer.
    Behind { until: Instant, has_older: bool },
    /// It is being written, by the call of this number. Until then nothing is sent, but not longer.
    Writing {
        write: u64,
        until: Instant,
        has_older: bool,
    },
    /// Its record is there.
    Durable,
}

impl Durability {
    /// Of a batch that is not being written.
    pub(crate) fn unwritten(has_older: bool) -> Self {
        if has_older {
            Self::Outdated
        } else {
            Self::Memory
        }
    }

    /// Whether a record of it is on disk for sure, if only an older one.
    pub(crate) fn has_record(self) -> bool {
        match self {
            Self::Memory => false,
            Self::Outdated | Self::Durable => true,
            Self::Behind { has_older, .. } | Self::Writing { has_older, .. } => has_older,
        }
    }

    /// Whether a record of it is there, and nothing is being done about it.
    pub(crate) fn is_on_disk(self) -> bool {
        matches!(self, Self::Outdated | Self::Durable)
    }

    /// Whether it may leave the memory: its record is there, or is being written.
    pub(crate) fn stays_on_disk(self) -> bool {
        matches!(self, Self::Durable | Self::Writing { .. })
    }

    /// What is on disk is not what it is any more.
    pub(crate) fn outdate(&mut self) {
        if *self == Self::Durable {
            *self = Self::Outdated;
        }
    }

    /// No record of it is on disk any more.
    pub(crate) fn lose_record(&mut self) {
        match self {
            Self::Memory => {}
            Self::Outdated | Self::Durable => *self = Self::Memory,
            Self::Behind { has_older, .. } | Self::Writing { has_older, .. } => *has_older = false,
        }
    }

    /// Until when it waits for the disk: after a crash nobody could tell whether it was sent.
    pub(crate) fn waits_until(self) -> Option<Instant> {
        match self {
            Self::Behind { until, .. } | Self::Writing { until, .. } => Some(until),
            Self::Memory | Self::Outdated | Self::Durable => None,
        }
    }
}
