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
    /// It is being written, by the call of this number. Until then nothing is sent, but not longer; if there is a time.
    Writing {
        write: u64,
        until: Option<Instant>,
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

    /// An earlier write of it is over: whether there is a record now.
    pub(crate) fn older_is_there(&mut self, is_there: bool) {
        match self {
            Self::Memory | Self::Outdated => *self = Self::unwritten(is_there),
            Self::Behind { has_older, .. } | Self::Writing { has_older, .. } => {
                *has_older = is_there;
            }
            Self::Durable => {}
        }
    }

    /// Until when it waits for the disk: after a crash nobody could tell whether it was sent.
    pub(crate) fn waits_until(self) -> Option<Instant> {
        match self {
            Self::Behind { until, .. } => Some(until),
            Self::Writing { until, .. } => until,
            Self::Memory | Self::Outdated | Self::Durable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a batch would count as on disk that is not.
    #[test]
    fn an_earlier_write_says_whether_there_is_an_older_record() {
        let writing = |has_older| Durability::Writing {
            write: 2,
            until: None,
            has_older,
        };
        for (before, is_there, after) in [
            (writing(true), false, writing(false)),
            (writing(false), true, writing(true)),
            (Durability::Outdated, false, Durability::Memory),
            (Durability::Memory, true, Durability::Outdated),
            (Durability::Durable, true, Durability::Durable),
        ] {
            let mut durability = before;
            durability.older_is_there(is_there);
            assert_eq!(durability, after);
        }
    }
}
