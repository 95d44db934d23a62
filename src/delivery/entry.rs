//! Where a parcel is on disk.

use crate::journal::EntryId;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nowhere.
    #[default]
    None,
    /// It is to be written when the disk has done what it has; until then nothing is sent.
    Waiting(Instant),
    /// It is being written, which has a number; until then nothing is sent.
    Storing(u64, Instant),
    Stored(EntryId),
}
