//! What a sink takes.

use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES, MAX_VALUES_PER_DATUM};

/// What a [`Sink`](crate::Sink) takes at a time. By default what `PutMetricData` takes: 1,000 data and 1,000,000 bytes,
/// 150 values of a histogram; and it confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(crate) max_data: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_values: usize,
    pub(crate) confirms: Confirms,
}

/// What it means that a batch was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Confirms {
    /// The destination said that it has the data: they are delivered.
    Stored,
    /// Nobody says what becomes of them: they are handed over.
    Nothing,
}

impl Profile {
    /// How many data a batch may have: 1 at least.
    #[must_use]
    pub const fn with_max_data(mut self, data: usize) -> Self {
        self.max_data = if data == 0 { 1 } else { data };
        self
    }

    /// How many bytes a batch may have by [`added_len`](crate::Sink::added_len). A datum that has more by itself is
    /// sent alone.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many distinct values a histogram may have: 3 at least. More are merged; count, sum, minimum and maximum
    /// stay.
    #[must_use]
    pub const fn with_max_values(mut self, values: usize) -> Self {
        self.max_values = if values < 3 { 3 } else { values };
        self
    }

    /// What it means that a batch was sent.
    #[must_use]
    pub const fn with_confirmation(mut self, confirms: Confirms) -> Self {
        self.confirms = confirms;
        self
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            max_data: MAX_DATA_PER_REQUEST,
            max_bytes: MAX_REQUEST_BYTES,
            max_values: MAX_VALUES_PER_DATUM,
            confirms: Confirms::Stored,
        }
    }
}
