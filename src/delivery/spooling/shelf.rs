//! What is on disk alone, and comes back.

use crate::delivery::entry::Entry;
use crate::delivery::event::{Ending, RESTORED, Settled, Unsettled};
use crate::delivery::parcel::Parcel;
use crate::journal::record_format::{self, AllDefaults, ReadError};
use crate::journal::{EntryId, RecoveredEntry, SpoolError};
use crate::model::amount::Amount;
use crate::model::batch::Batch;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// After the system did not let us read.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// Entries without parcels, the oldest first.
#[derive(Debug)]
pub(crate) struct Shelf {
    entries: BTreeMap<EntryId, OnDisk>,
    /// One of them is being read; whether it is known to be gone by now.
    reading: Option<(EntryId, bool)>,
    /// What could not be read, and is left alone until then.
    put_off: HashSet<EntryId>,
    again: Option<Instant>,
    /// What another version wrote.
    foreign: HashSet<EntryId>,
    is_unreadable: bool,
    /// What data that were read have in common.
    defaults: AllDefaults,
}

/// What is on disk and not in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDisk {
    /// [`RESTORED`], if another process recorded it; how much that is is not known then.
    pub(crate) number: u64,
    data: usize,
    amount: Amount,
    /// The earliest time stamp, if that is known.
    oldest: Option<SystemTime>,
    /// An attempt had begun, whose fate is not known.
    is_begun: bool,
}

impl Shelf {
    pub(crate) fn new(recovered: Vec<RecoveredEntry>) -> Self {
        let recovered = recovered.into_iter();
        Self {
            entries: recovered
                .map(|entry| (entry.id, OnDisk::restored(entry.is_begun)))
                .collect(),
            reading: None,
            put_off: HashSet::new(),
            again: None,
            foreign: HashSet::new(),
            is_unreadable: false,
            defaults: AllDefaults::new(),
        }
    }

    pub(crate) fn put(&mut self, id: EntryId, on_disk: OnDisk) {
        self.entries.insert(id, on_disk);
    }

    /// The oldest that may be read, of all or of what this process recorded, unless one is being read already.
    pub(crate) fn start_reading(&mut self, is_own: bool) -> Option<EntryId> {
        if self.reading.is_some() {
            return None;
        }
        let mut entries = self.entries.iter();
        let (&oldest, _) = entries.find(|(id, entry)| {
            let is_left_alone = is_own && entry.number == RESTORED;
            !is_left_alone && !self.put_off.contains(id)
        })?;
        self.reading = Some((oldest, false));
        Some(oldest)
    }

    /// What was read: a batch, nothing that can be used now, or an error with what is lost.
    pub(crate) fn read(
        &mut self,
        id: EntryId,
        payload: Result<Vec<u8>, SpoolError>,
    ) -> Result<Option<(OnDisk, Entry, Batch)>, OnDisk> {
        let (_, is_gone) = self.reading.take().unwrap_or((id, false));
        let Some(on_disk) = self.entries.remove(&id) else {
            return Ok(None);
        };
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) if is_passing(&error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    tracing::error!(%error, "the spool cannot be read now; it is tried again");
                }
                let again = Instant::now().checked_add(READ_AGAIN);
                self.again = self.again.or(again);
                self.put_off.insert(id);
                self.entries.insert(id, on_disk);
                return Ok(None);
            }
            Err(error) => {
                tracing::error!(%error, "an entry of the spool is lost");
                return Err(on_disk);
            }
        };
        self.is_unreadable = false;
        match record_format::read(&payload, &mut self.defaults) {
            Ok(batch) => {
                let entry = if is_gone {
                    Entry::None
                } else {
                    Entry::Stored(id)
                };
                Ok(Some((on_disk, entry, batch)))
            }
            Err(error @ ReadError::Version(_)) if !is_gone => {
                if self.foreign.is_empty() {
                    tracing::error!(%error, "an entry of the spool is left to the version that knows it");
                }
                self.foreign.insert(id);
                Ok(None)
            }
            Err(error) => {
                tracing::error!(%error, "an entry of the spool is lost");
                Err(on_disk)
            }
        }
    }

    /// When what was put off may be tried again.
    pub(crate) fn again(&self) -> Option<Instant> {
        self.again
    }

    pub(crate) fn pause_is_over(&mut self) {
        self.again = None;
        self.put_off.clear();
    }

    /// An entry is gone. Gives what was there alone, unless it is being read: then that tells.
    pub(crate) fn forget(&mut self, id: EntryId) -> Option<OnDisk> {
        if let Some((reading, is_gone)) = &mut self.reading
            && *reading == id
        {
            *is_gone = true;
            return None;
        }
        if self.foreign.remove(&id) {
            return Some(OnDisk::restored(false));
        }
        self.entries.remove(&id)
    }

    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Unsettled> {
        self.entries.values().map(|one| one.unsettled(true))
    }

    /// The earliest time stamps, as far as they are known.
    pub(crate) fn oldest(&self) -> impl Iterator<Item = SystemTime> {
        self.entries.values().filter_map(|one| one.oldest)
    }

    pub(crate) fn foreign_entries(&self) -> usize {
        self.foreign.len()
    }
}

impl OnDisk {
    pub(crate) fn of(parcel: &Parcel) -> Self {
        Self {
            number: parcel.number,
            data: parcel.data().count(),
            amount: parcel.amount(),
            oldest: Some(parcel.oldest()),
            is_begun: parcel.is_repeated,
        }
    }

    fn restored(is_begun: bool) -> Self {
        Self {
            number: RESTORED,
            data: 0,
            amount: Amount::default(),
            oldest: None,
            is_begun,
        }
    }

    /// It is not there any more.
    pub(crate) fn ended(self) -> Settled {
        Settled {
            number: self.number,
            data: self.data,
            amount: self.amount,
            ending: if self.is_begun {
                Ending::Ambiguous
            } else {
                Ending::Dropped
            },
        }
    }

    /// It is there alone.
    pub(crate) fn spooled(self) -> Settled {
        let ending = Ending::Spooled;
        Settled {
            ending,
            ..self.ended()
        }
    }

    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// It goes on as a parcel.
    pub(crate) fn into_parcel(self, entry: Entry, batch: Batch) -> Parcel {
        let mut parcel = Parcel::new(self.number, batch);
        parcel.entry = entry;
        parcel.is_repeated = self.is_begun;
        parcel
    }

    pub(crate) fn unsettled(&self, is_spooled: bool) -> Unsettled {
        Unsettled {
            number: self.number,
            data: self.data,
            amount: self.amount,
            uncertain: Amount::default(),
            is_spooled,
        }
    }
}

/// Whether it says nothing of the entry.
fn is_passing(error: &SpoolError) -> bool {
    match error {
        SpoolError::Io { reason, .. } => reason.kind() != std::io::ErrorKind::NotFound,
        SpoolError::Closed { .. } => true,
        _ => false,
    }
}
