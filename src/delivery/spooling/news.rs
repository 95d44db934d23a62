//! What the disk has to say.

use crate::delivery::entry::Entry;
use crate::delivery::spooling::OnDisk;
use crate::journal::{EntryId, SpoolError};
use crate::model::batch::Batch;
use std::pin::Pin;

/// About one parcel or entry.
#[derive(Debug)]
pub(crate) enum News {
    Stored(Stored),
    Loaded(OnDisk, Entry, Batch),
    /// It is gone, or not what was written.
    Lost(OnDisk),
    /// It is in memory alone.
    Withdrawn(EntryId),
    Nothing,
}

/// What became of a parcel that was to be written.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) number: u64,
    /// None if it could not be.
    pub(crate) id: Option<EntryId>,
    /// If it is not in memory any more.
    pub(crate) left: Option<OnDisk>,
    /// These had to go for it.
    pub(crate) dropped: Vec<EntryId>,
}

pub(crate) type Marking = Pin<Box<dyn Future<Output = Result<bool, SpoolError>> + Send>>;

/// The note that an attempt begins, under way.
pub(crate) struct Note(pub(crate) Marking);

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note").finish_non_exhaustive()
    }
}

/// Whether an attempt may go out.
#[derive(Debug)]
pub(crate) enum Begun {
    Marked,
    /// It is not on disk any more.
    Withdrawn,
    /// The disk does not answer; what it says at last still matters.
    Late(Note),
    /// It has to be said first on disk, which failed.
    Failed(SpoolError),
}
