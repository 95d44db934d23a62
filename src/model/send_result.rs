//! What came of an attempt, as the sink tells it.

use crate::model::refusal::Refusal;
use std::collections::BTreeSet;
use std::error::Error;
use std::ops::Range;
use std::time::Duration;

/// A batch was sent. What a destination refused of it nevertheless is said here; all else is delivered.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub(crate) refused: Vec<(usize, Refusal)>,
    pub(crate) refused_unnamed: Option<(usize, Refusal)>,
    pub(crate) note: Option<String>,
}

impl Sent {
    /// The destination did not take the datum at this index of [`Batch::data`](crate::Batch::data); others than there are
    /// do not count.
    #[must_use]
    pub fn with_refused(mut self, index: usize, reason: Refusal) -> Self {
        self.refused.push((index, reason));
        self
    }

    /// The destination did not take so many of the data, and did not say which.
    #[must_use]
    pub fn with_refused_number(mut self, data: usize, reason: Refusal) -> Self {
        self.refused_unnamed = (data > 0).then_some((data, reason));
        self
    }

    /// The indexes in [`Batch::data`](crate::Batch::data) of what the destination did not take, and why; in the order
    /// in which they were told.
    pub fn refused(&self) -> &[(usize, Refusal)] {
        &self.refused
    }

    /// How many data more the destination did not take without saying which, and why.
    pub fn refused_number(&self) -> Option<(usize, &Refusal)> {
        let (data, reason) = self.refused_unnamed.as_ref()?;
        Some((*data, reason))
    }

    /// What the destination said beside it.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What it says of these data of the batch.
    pub(crate) fn part(&self, data: Range<usize>) -> Self {
        let refused = self
            .refused
            .iter()
            .filter(|(index, _)| data.contains(index));
        let refused = refused.map(|(index, reason)| (index - data.start, reason.clone()));
        // Which they are is not known: as if they were the first that are not named.
        let named: BTreeSet<usize> = self.refused.iter().map(|(index, _)| *index).collect();
        let others = |data: Range<usize>| data.len() - named.range(data).count();
        let unnamed = self.refused_unnamed.as_ref().and_then(|(number, reason)| {
            let left = number.saturating_sub(others(0..data.start));
            let left = left.min(others(data.clone()));
            (left > 0).then(|| (left, reason.clone()))
        });
        Self {
            refused: refused.collect(),
            refused_unnamed: unnamed,
            note: None,
        }
    }

    pub(crate) fn refused_any(&self) -> bool {
        !self.refused.is_empty() || self.refused_unnamed.is_some()
    }

    /// Something that the destination said beside it, to be logged when it changes.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// Why a batch was not sent, and so what the exporter does next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It did not arrive, and may another time. The exporter keeps it and tries again, after pauses
    /// that grow.
    #[error(transparent)]
    Transient(Box<dyn Error + Send + Sync>),
    /// Nobody knows whether it arrived. What is done about it is a matter of [`Guarantee`](crate::Guarantee).
    #[error(transparent)]
    Ambiguous(Box<dyn Error + Send + Sync>),
    /// It did not arrive, because requests come too fast, or because the destination is too busy for now. The
    /// exporter slows down for all batches, and tries again.
    #[error("{source}")]
    Throttled {
        /// What the destination said.
        source: Box<dyn Error + Send + Sync>,
        /// How long the destination asks to be left alone, as in HTTP's `Retry-After`. The exporter starts no request
        /// before that time is over, and flushes do not cut it short. More than 5 minutes count as 5 minutes.
        retry_after: Option<Duration>,
    },
    /// It did not arrive, and will not until somebody puts something right: credentials, permissions.
    /// The exporter keeps it, says so once, as an error, and tries again, after pauses that grow.
    #[error(transparent)]
    Denied(Box<dyn Error + Send + Sync>),
    /// It is too large for the destination. The exporter sends it in parts.
    #[error(transparent)]
    TooLarge(Box<dyn Error + Send + Sync>),
    /// Some of its data are not acceptable, and so nothing of it was taken. The exporter finds and
    /// refuses them, and sends the others.
    #[error("{code}: {message}")]
    Invalid {
        /// An error code, such as `InvalidParameterValue`.
        code: String,
        /// What the destination said.
        message: String,
        /// Where in [`Batch::data`](crate::Batch::data) they are; empty if that was not said, and they have to be searched.
        members: Vec<usize>,
    },
    /// Whoever answered does not take such requests: a wrong endpoint, region, namespace or account. It says nothing of
    /// the data. The exporter keeps them, says so once, as an error, and tries again, after pauses that grow.
    #[error(transparent)]
    Misdirected(Box<dyn Error + Send + Sync>),
}
