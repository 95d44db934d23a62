//! What is done about a journal that somebody else has.

/// What is done at the start if another process or exporter has the [journal](crate::CloudWatchBuilder::with_journal).
///
/// Replicas have a folder each, named after what they keep over a restart (of a `StatefulSet` the pod's name, not a
/// container's). Where they share one, the first has it, and this says what becomes of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeldJournal {
    /// The start fails with [`JournalError::Locked`](crate::JournalError::Locked): no data are without a journal.
    #[default]
    Fail,
    /// The exporter starts without a journal, and has none until it is started again. What is undelivered is in memory
    /// alone. A warning and [`Stats::is_journal_held`](crate::Stats::is_journal_held) say so.
    GoWithout,
}
