//! What a journal finds when it is opened.

use crate::journal::file_system::FileSystem;
use crate::journal::record_file::{self, HEADER_LEN, State};
use crate::journal::{Journal, JournalError, Record};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// What there was in the folder.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Oldest first.
    pub(crate) records: Vec<RecoveredRecord>,
    /// No record has this number or a higher one.
    pub(crate) next: u64,
    /// Records that were damaged, and are deleted.
    pub(crate) damaged: u64,
    /// Their files' lengths, as found.
    pub(crate) damaged_bytes: u64,
    /// Records that a later version wrote, one error for each. They stay where they are, and the bound is without them.
    pub(crate) later: Vec<JournalError>,
    /// Files of writes that never came to an end, deleted.
    pub(crate) leftovers: u64,
}

/// A record that was there when the journal was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecoveredRecord {
    pub(crate) number: u64,
    /// An attempt to send it had begun; its fate is unknown.
    pub(crate) is_begun: bool,
}

pub(crate) fn make_dir(files: &dyn FileSystem, dir: &Path) -> Result<(), JournalError> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(dir).and_then(|()| match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => files.sync_dir(Path::new(".")),
        Some(parent) => files.sync_dir(parent),
        None => Ok(()),
    });
    made.map_err(|reason| JournalError::io("create the folder", dir, reason))
}

/// Held as long as the file is open. The file stays: who deleted it could make for two holders.
pub(crate) fn lock(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(|reason| JournalError::io("open", &path, reason))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(reason)) => Err(JournalError::io("lock", &path, reason)),
    }
}

impl Journal {
    pub(crate) fn recover(&mut self) -> Result<Recovered, JournalError> {
        let mut recovered = Recovered::default();
        for (number, state, file_len) in self.scan()? {
            recovered.next = recovered.next.max(number + 1);
            self.recover_file(number, state, file_len, &mut recovered)?;
        }
        let records = self.records.iter();
        let records = records.map(|(&number, record)| RecoveredRecord {
            number,
            is_begun: record.state == State::Begun,
        });
        recovered.records = records.collect();
        Ok(recovered)
    }

    fn recover_file(
        &mut self,
        number: u64,
        state: State,
        file_len: u64,
        recovered: &mut Recovered,
    ) -> Result<(), JournalError> {
        let path = self.path(number, state);
        // A rename that stopped half-way leaves both names, where a file system can do that.
        if state == State::Half || self.records.contains_key(&number) {
            recovered.leftovers += 1;
            return self.delete(&path);
        }
        match self.load(&path, number) {
            Err(JournalError::Damaged { .. }) => {
                recovered.damaged += 1;
                recovered.damaged_bytes += file_len;
                return self.delete(&path);
            }
            Err(later @ JournalError::LaterVersion { .. }) => {
                recovered.later.push(later);
                return Ok(());
            }
            Ok(_) | Err(_) => {}
        }
        let len = file_len.saturating_sub(HEADER_LEN as u64);
        self.records.insert(number, Record { state, len });
        self.bytes += record_file::footprint(len);
        Ok(())
    }

    fn scan(&self) -> Result<Vec<(u64, State, u64)>, JournalError> {
        let failed = |reason| JournalError::io("list", &self.dir, reason);
        let mut found = Vec::new();
        for file in fs::read_dir(&self.dir).map_err(failed)? {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let Some((number, state)) = name.to_str().and_then(record_file::parse_file_name) else {
                continue;
            };
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_file() {
                found.push((number, state, metadata.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}
