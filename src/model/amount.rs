//! How much was recorded.

use crate::model::datum::Datum;
use crate::view::Origin;

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

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.data == 0
    }
}
