//! Payloads kept on disk until they are delivered. It knows nothing of what is in them.
//!
//! # Format
//!
//! A directory with one file for each entry, and the file `lock`. An entry's state is in its
//! file's name, so that a change of state is one rename, which happens or does not:
//!
//! | name | what it is |
//! |---|---|
//! | `0000000000000007.half` | being written; of no worth after a crash |
//! | `0000000000000007.entry` | complete, waits |
//! | `0000000000000007.begun` | an attempt to send it has begun; nobody knows how that went |
//!
//! The number, hexadecimal, is the entry's id and its place in the order. The content is in
//! [`entry`]: a header with a checksum over all that matters, and the payload. Other names are not
//! ours and are left alone; a new format gets new names.
//!
//! An entry may replace another one: what is left of it, after some of it was delivered. The new
//! one's header names the old one, which is deleted after it; of both, recovery keeps the new one.
//!
//! # Why no library
//!
//! Asked for: a bound on disk, entries removed and marked one by one, damage that is counted and
//! costs no neighbour, a full disk survived. `redb` is well kept, but its file grows by doubling,
//! and its issue 620, open, is a database that panics when opened after a full disk. Write-ahead
//! logs (`wal-db`, `walogs`) cut off what follows a bad record, or refuse it all, give room back by
//! the prefix, and would need a second log for marks and removals. `okaywal` warns of production
//! itself; `yaque` is a queue with no bound that keeps its state until it is dropped.
//!
//! A segment log of our own would need one sync instead of two for an append, and compaction,
//! which is where such logs go wrong. Entries are requests, a few a minute and up to 1 MB each, so
//! two syncs are nothing. Nothing is ever written twice or in place here: what was acknowledged
//! cannot be hurt by what is written later.
//!
//! # What survives what
//!
//! | after | process killed | power lost |
//! |---|---|---|
//! | [`append`](Spool::append) | kept | kept: file and directory are synced |
//! | [`mark`](Spool::mark) | kept | kept: the directory is synced |
//! | [`remove`](Spool::remove) | kept | may come back, as marked if it was: not synced |
//! | [`unmark`](Spool::unmark) | kept | may be marked again: not synced |
//!
//! Not synced is what errs on the safe side: who sends at most once marks first, and so an entry
//! that comes back is seen to have been under way. As good as what the disk says of its syncs;
//! where directories cannot be synced (Windows), a rename is as durable as the file system makes it.

mod disk;
mod entry;
mod error;
pub(crate) mod record_format;
mod recovery;
#[cfg(test)]
mod scratch;
#[cfg(test)]
mod test_disk;
#[cfg(test)]
mod tests;
mod thread;
mod ticket;

pub(crate) use entry::EntryId;
pub(crate) use error::AppendError;
pub use error::SpoolError;
pub(crate) use recovery::{Recovered, RecoveredEntry};
#[cfg(test)]
pub(crate) use scratch::Scratch;
#[cfg(test)]
pub(crate) use test_disk::{Step, TestDisk};
pub(crate) use thread::{PATIENCE, SpoolThread};
pub(crate) use ticket::{Place, Ticket};

use disk::{Disk, OsDisk};
use entry::{Content, State};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Entries on disk, oldest first. All of its methods block.
#[derive(Debug)]
pub(crate) struct Spool {
    disk: Box<dyn Disk>,
    dir: PathBuf,
    max_bytes: u64,
    lock: File,
    entries: BTreeMap<EntryId, Slot>,
    next: EntryId,
    bytes: u64,
}

/// What is known of an entry without reading it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    state: State,
    /// The payload's.
    len: u64,
    replaces: Option<EntryId>,
}

/// What [`Spool::append`] did.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) id: EntryId,
    /// What had to go for it, oldest first.
    pub(crate) dropped: Vec<EntryId>,
}

impl Spool {
    /// Opens `dir`, makes it if it is not there, and says what is in it.
    ///
    /// Every entry is read once, to check it. What is damaged is deleted and counted. An entry that
    /// the system does not let us read is kept: [`read`](Self::read) will tell. More than
    /// `max_bytes` is kept too, until the next append, so that its owner can see to it.
    pub(crate) fn open(dir: &Path, max_bytes: u64) -> Result<(Self, Recovered), SpoolError> {
        Self::open_on(OsDisk, dir, max_bytes)
    }

    pub(crate) fn open_on(
        disk: impl Disk + 'static,
        dir: &Path,
        max_bytes: u64,
    ) -> Result<(Self, Recovered), SpoolError> {
        recovery::make_dir(&disk, dir)?;
        let lock = recovery::lock(dir)?;
        let mut spool = Self {
            disk: Box::new(disk),
            dir: dir.to_owned(),
            max_bytes,
            lock,
            entries: BTreeMap::new(),
            next: EntryId::FIRST,
            bytes: 0,
        };
        let recovered = spool.recover()?;
        Ok((spool, recovered))
    }

    /// Durably adds an entry, the newest. The oldest go if the bound asks for it, under way or not.
    ///
    /// After an error the entry is not there, and the next append may succeed.
    pub(crate) fn append(&mut self, payload: &[u8]) -> Result<Appended, AppendError> {
        self.add(None, payload)
    }

    /// [`append`](Self::append)s what is left of an entry, which goes whatever comes of it: after a
    /// crash there is one of the two. For a moment there are both, and as much more than the bound.
    pub(crate) fn replace(
        &mut self,
        old: EntryId,
        payload: &[u8],
    ) -> Result<Appended, AppendError> {
        self.add(Some(old), payload)
    }

    /// The payload, checked.
    pub(crate) fn read(&self, id: EntryId) -> Result<Vec<u8>, SpoolError> {
        let slot = self.slot(id)?;
        let content = self.load(&self.path(id, slot.state), id)?;
        Ok(content.payload)
    }

    /// Notes durably that an attempt to send it begins. After an error it may be marked or not.
    pub(crate) fn mark(&mut self, id: EntryId) -> Result<(), SpoolError> {
        self.rename(id, State::Begun)?;
        // Again where it was marked already: the last sync may have failed.
        self.sync_dir("mark an entry in")
    }

    /// [`mark`](Self::mark)s it, or takes it off the disk if that cannot be; whether it is marked.
    /// After an error it may be there, marked or not.
    pub(crate) fn mark_or_withdraw(&mut self, id: EntryId) -> Result<bool, SpoolError> {
        if self.mark(id).is_ok() {
            return Ok(true);
        }
        self.remove(id)?;
        // Else it might come back, as one that was never tried.
        self.sync_dir("delete an entry of")?;
        Ok(false)
    }

    /// Takes a mark back: the attempt surely did not arrive.
    pub(crate) fn unmark(&mut self, id: EntryId) -> Result<(), SpoolError> {
        self.rename(id, State::Waiting)
    }

    /// Deletes an entry. One that is gone already is no error.
    pub(crate) fn remove(&mut self, id: EntryId) -> Result<(), SpoolError> {
        let Some(&slot) = self.entries.get(&id) else {
            return Ok(());
        };
        if let Some(old) = slot.replaces {
            // It must not be there without what says that it was replaced.
            self.remove(old)?;
        }
        self.delete(&self.path(id, slot.state))?;
        self.entries.remove(&id);
        self.bytes -= entry::footprint(slot.len);
        Ok(())
    }

    /// What the entries take on disk, in whole blocks of 4 KiB. The directory's own are not counted.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many entries there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn add(&mut self, old: Option<EntryId>, payload: &[u8]) -> Result<Appended, AppendError> {
        let old = old.filter(|old| self.entries.contains_key(old));
        let mut dropped = Vec::new();
        let id = self
            .make_room(old, payload, &mut dropped)
            .and_then(|()| self.write(old, payload));
        if let Some(old) = old {
            // Should this fail, it goes with the new one, which outlives it.
            _ = self.remove(old);
        }
        match id {
            Ok(id) => Ok(Appended { id, dropped }),
            Err(reason) => Err(AppendError { dropped, reason }),
        }
    }

    /// Before the write and not after it: the bound holds at any time, but for what is replaced.
    fn make_room(
        &mut self,
        old: Option<EntryId>,
        payload: &[u8],
        dropped: &mut Vec<EntryId>,
    ) -> Result<(), SpoolError> {
        let len = payload.len() as u64;
        let needed = entry::footprint(len);
        if needed > self.max_bytes || u32::try_from(len).is_err() {
            return Err(SpoolError::TooLarge {
                dir: self.dir.clone(),
                len,
                max_bytes: self.max_bytes,
            });
        }
        let old_slot = old.and_then(|old| self.entries.get(&old));
        let given_back = old_slot.map_or(0, |slot| entry::footprint(slot.len));
        while self.bytes - given_back + needed > self.max_bytes
            && let Some(oldest) = self.entries.keys().copied().find(|id| Some(*id) != old)
        {
            self.remove(oldest)?;
            dropped.push(oldest);
        }
        Ok(())
    }

    fn write(&mut self, old: Option<EntryId>, payload: &[u8]) -> Result<EntryId, SpoolError> {
        let id = self.next;
        let half = self.path(id, State::Half);
        let whole = self.path(id, State::Waiting);
        let written = self
            .write_half(&half, &entry::header(id, old, payload), payload)
            .and_then(|()| {
                let renamed = self.disk.rename(&half, &whole);
                renamed.map_err(|reason| SpoolError::io("rename", &half, reason))
            })
            .and_then(|()| self.sync_dir("add an entry to"));
        if let Err(error) = written {
            // One of them is there. Should this fail too, the next append has the same id and
            // writes over it.
            _ = self.disk.remove(&half);
            _ = self.disk.remove(&whole);
            return Err(error);
        }
        let slot = Slot {
            state: State::Waiting,
            len: payload.len() as u64,
            replaces: old,
        };
        self.entries.insert(id, slot);
        self.bytes += entry::footprint(slot.len);
        self.next = id.next();
        Ok(id)
    }

    fn write_half(&self, half: &Path, header: &[u8], payload: &[u8]) -> Result<(), SpoolError> {
        let written = self.disk.create(half).and_then(|mut file| {
            self.disk.write(&mut file, header)?;
            self.disk.write(&mut file, payload)?;
            // Before the rename: else a whole name could stand for half a file.
            self.disk.sync(&file)
        });
        written.map_err(|reason| SpoolError::io("write", half, reason))
    }

    fn rename(&mut self, id: EntryId, state: State) -> Result<(), SpoolError> {
        let slot = self.slot(id)?;
        if slot.state != state {
            let from = self.path(id, slot.state);
            let renamed = self.disk.rename(&from, &self.path(id, state));
            renamed.map_err(|reason| SpoolError::io("rename", &from, reason))?;
            self.entries.insert(id, Slot { state, ..slot });
        }
        Ok(())
    }

    fn delete(&self, path: &Path) -> Result<(), SpoolError> {
        match self.disk.remove(path) {
            // Somebody else did.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            deleted => deleted.map_err(|reason| SpoolError::io("delete", path, reason)),
        }
    }

    fn load(&self, path: &Path, id: EntryId) -> Result<Content, SpoolError> {
        let file = self.disk.open(path);
        let file = file.map_err(|reason| SpoolError::io("open", path, reason))?;
        match entry::read(file, id) {
            Ok(Ok(content)) => Ok(content),
            Ok(Err(damage)) => Err(SpoolError::Damaged {
                path: path.to_owned(),
                damage: damage.to_string(),
            }),
            Err(reason) => Err(SpoolError::io("read", path, reason)),
        }
    }

    fn sync_dir(&self, action: &'static str) -> Result<(), SpoolError> {
        let synced = self.disk.sync_dir(&self.dir);
        synced.map_err(|reason| SpoolError::io(action, &self.dir, reason))
    }

    fn slot(&self, id: EntryId) -> Result<Slot, SpoolError> {
        let slot = self.entries.get(&id).copied();
        slot.ok_or_else(|| SpoolError::NoSuchEntry {
            dir: self.dir.clone(),
            id: id.number(),
        })
    }

    fn path(&self, id: EntryId, state: State) -> PathBuf {
        self.dir.join(entry::file_name(id, state))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being spawned has the file open as well, until
        // it gets to be another program.
        _ = self.lock.unlock();
    }
}
