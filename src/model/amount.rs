//! How much was recorded.

use crate::model::datum::Datum;
use crate::model::identity::Origin;

/// How much of something: in data, and in what was recorded. What the exporter reports of itself does
/// not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Amount {
    /// Data, as they go to CloudWatch: one for a series and window.
    pub data: u64,
    /// Samples in those: a counter's increments added up, one for a gauge's window, a histogram's
    /// samples.
    pub samples: u64,
}

impl Amount {
    pub(crate) fn of<'a>(data: impl IntoIterator<Item = &'a Datum>) -> Self {
        let mut amount = Self::default();
        for datum in data {
            if datum.origin != Origin::Exporter {
                amount.data += 1;
                amount.samples = amount.samples.saturating_add(datum.samples);
            }
        }
        amount
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.data += other.data;
        self.samples = self.samples.saturating_add(other.samples);
    }

    pub(crate) fn subtract(&mut self, other: Self) {
        self.data -= other.data;
        self.samples = self.samples.saturating_sub(other.samples);
    }

    /// What so many of so many data are of it, as far as nobody knows which they are.
    pub(crate) fn part(&self, data: usize, of: usize) -> Self {
        let share = |amount: u64| {
            let share = u128::from(amount) * data as u128 / (of as u128).max(1);
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        Self {
            data: share(self.data),
            samples: share(self.samples),
        }
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.data == 0
    }
}
