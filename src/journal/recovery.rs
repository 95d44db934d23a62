//! What a spool finds when it is opened.

use crate::journal::disk::Disk;
use crate::journal::entry::{self, EntryId, HEADER_LEN, State};
use crate::journal::{Slot, Spool, SpoolError};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// What there was in the directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Oldest first.
    pub(crate) entries: Vec<RecoveredEntry>,
    /// Entries that were damaged, and are deleted.
    pub(crate) torn_entries: u64,
    /// Their files' lengths, as found.
    pub(crate) torn_bytes: u64,
    /// Files of appends that never came to an end, and entries that others replace, deleted.
    pub(crate) leftovers: u64,
}

/// An entry that was there when the spool was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecoveredEntry {
    pub(crate) id: EntryId,
    /// The payload's.
    pub(crate) len: u64,
    /// An attempt to send it had begun; its fate is unknown.
    pub(crate) is_begun: bool,
}

pub(crate) fn make_dir(disk: &dyn Disk, dir: &Path) -> Result<(), SpoolError> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(dir).and_then(|()| match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => disk.sync_dir(Path::new(".")),
        Some(parent) => disk.sync_dir(parent),
        None => Ok(()),
    });
    made.map_err(|reason| SpoolError::io("create the directory", dir, reason))
}

/// Held as long as the file is open. The file stays: who deleted it could make for two holders.
pub(crate) fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(|reason| SpoolError::io("open", &path, reason))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(reason)) => Err(SpoolError::io("lock", &path, reason)),
    }
}

impl Spool {
    pub(crate) fn recover(&mut self) -> Result<Recovered, SpoolError> {
        let mut recovered = Recovered::default();
        for (id, state, file_len) in self.scan()? {
            self.next = self.next.max(id.next());
            self.recover_file(id, state, file_len, &mut recovered)?;
        }
        let replaced = self.entries.values().filter_map(|slot| slot.replaces);
        for old in replaced.collect::<Vec<_>>() {
            recovered.leftovers += u64::from(self.entries.contains_key(&old));
            self.remove(old)?;
        }
        let entries = self.entries.iter().map(|(&id, slot)| RecoveredEntry {
            id,
            len: slot.len,
            is_begun: slot.state == State::Begun,
        });
        recovered.entries = entries.collect();
        Ok(recovered)
    }

    fn recover_file(
        &mut self,
        id: EntryId,
        state: State,
        file_len: u64,
        recovered: &mut Recovered,
    ) -> Result<(), SpoolError> {
        let path = self.path(id, state);
        // A rename that stopped half-way leaves both names, where a file system can do that.
        if state == State::Half || self.entries.contains_key(&id) {
            recovered.leftovers += 1;
            return self.delete(&path);
        }
        let replaces = match self.load(&path, id) {
            Ok(content) => content.replaces,
            Err(SpoolError::Damaged { .. }) => {
                recovered.torn_entries += 1;
                recovered.torn_bytes += file_len;
                return self.delete(&path);
            }
            Err(_) => None,
        };
        let len = file_len.saturating_sub(HEADER_LEN as u64);
        let slot = Slot {
            state,
            len,
            replaces,
        };
        self.entries.insert(id, slot);
        self.bytes += entry::footprint(len);
        Ok(())
    }

    fn scan(&self) -> Result<Vec<(EntryId, State, u64)>, SpoolError> {
        let failed = |reason| SpoolError::io("list", &self.dir, reason);
        let mut found = Vec::new();
        for file in fs::read_dir(&self.dir).map_err(failed)? {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let Some((id, state)) = name.to_str().and_then(entry::parse_file_name) else {
                continue;
            };
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_file() {
                found.push((id, state, metadata.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
