//! What a journal finds when it is opened.

use crate::journal::file_system::{Facts, Folder};
use crate::journal::not_there::{NotThere, Operation};
use crate::journal::record_file::{self, HEADER_LEN, MAX_NUMBER, State};
use crate::journal::{Journal, JournalError, Record};
use std::fs::TryLockError;
use std::io::ErrorKind;
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
    /// What has a record's name and is none of this journal's, one error for each. It stays where it is.
    pub(crate) refused: Vec<JournalError>,
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

/// Locks a folder, and sees to it that it lasts.
pub(super) fn enter(
    folder: &mut dyn Folder,
    dir: &Path,
    not_there: &NotThere,
) -> Result<(), JournalError> {
    match folder.lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let dir = dir.to_owned();
            return Err(JournalError::Locked { dir });
        }
        Err(TryLockError::Error(reason)) => {
            let locked = not_there.or_without(Operation::Lock, dir, Err(reason));
            locked.map_err(|reason| JournalError::io("lock", dir, reason))?;
        }
    }
    if folder.is_new() {
        let synced = folder.sync_parent();
        let synced = not_there.or_without(Operation::SyncFolder, dir, synced);
        synced.map_err(|reason| JournalError::io("create the folder", dir, reason))?;
    }
    let facts = folder.look_at_itself();
    let owner = facts
        .map_err(|reason| JournalError::io("look at", dir, reason))?
        .owner;
    if owner != folder.user() {
        tracing::warn!(
            dir = %dir.display(),
            owner,
            "the journal's folder is another user's, who can read and delete what is in it; it is used"
        );
    }
    Ok(())
}

/// A number that a name has without being our record's is not followed as high as that: there have to be enough
/// numbers behind it.
const MAX_FOLLOWED: u64 = MAX_NUMBER / 2;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    number: u64,
    state: State,
    name: String,
}

impl Journal {
    pub(crate) fn recover(&mut self) -> Result<Recovered, JournalError> {
        let mut recovered = Recovered::default();
        let all = self.scan()?;
        let free = all.iter().map(|found| found.number.saturating_add(1));
        let free = free.filter(|next| *next <= MAX_FOLLOWED).max();
        recovered.next = free.unwrap_or(0);
        for found in all {
            self.recover_file(&found, &mut recovered)?;
        }
        let records = self.records.iter();
        let records = records.map(|(&number, record)| RecoveredRecord {
            number,
            is_begun: record.state == State::Begun,
        });
        recovered.records = records.collect();
        let last = recovered.records.last().map_or(0, |last| last.number + 1);
        recovered.next = recovered.next.max(last);
        Ok(recovered)
    }

    fn recover_file(
        &mut self,
        found: &Found,
        recovered: &mut Recovered,
    ) -> Result<(), JournalError> {
        let (number, name) = (found.number, &found.name[..]);
        let facts = match self.folder.look(name) {
            Ok(facts) => facts,
            // Somebody deleted it.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.io("look at", name, error)),
        };
        if self.is_another_users(facts) {
            self.ask_for_owner(recovered.next);
        }
        if let Err(refused) = self.check_found(found, facts) {
            recovered.refused.push(refused);
            return Ok(());
        }
        if found.state == State::Half {
            recovered.leftovers += 1;
            return self.delete(name);
        }
        if facts.is_open_to_others {
            self.keep_private(name);
        }
        let is_unread = match self.load(name, number) {
            Err(later @ JournalError::LaterVersion { .. }) => {
                recovered.later.push(later);
                return Ok(());
            }
            // A rename that stopped half-way leaves both names, where a file system can do that.
            _ if self.records.contains_key(&number) => {
                recovered.leftovers += 1;
                return self.delete(name);
            }
            Err(JournalError::Damaged { .. }) => {
                recovered.damaged += 1;
                recovered.damaged_bytes += facts.len;
                return self.delete(name);
            }
            Err(refused @ JournalError::Refused { .. }) => {
                recovered.refused.push(refused);
                return Ok(());
            }
            loaded => loaded.is_err(),
        };
        let len = facts.len.saturating_sub(HEADER_LEN as u64);
        let state = found.state;
        self.records
            .insert(number, Record::of(state, len, is_unread));
        self.bytes += record_file::footprint(len);
        Ok(())
    }

    /// The build before made files that everybody can read. Where the file system cannot do it, they stay so.
    fn keep_private(&self, name: &str) {
        if let Ok((file, facts)) = self.folder.open(name)
            && self.check(name, facts).is_ok()
            && facts.names == 1
        {
            _ = self.folder.keep_private(&file);
        }
    }

    fn check_found(&self, found: &Found, facts: Facts) -> Result<(), JournalError> {
        self.check(&found.name, facts)?;
        if facts.names > 1 {
            // It is written to or read by that name, perhaps as another journal's.
            return Err(self.refused(&found.name, "a file that has another name, too"));
        }
        if found.number >= MAX_NUMBER && found.state != State::Half {
            return Err(self.refused(&found.name, "of a number that no journal gets to"));
        }
        Ok(())
    }

    fn scan(&self) -> Result<Vec<Found>, JournalError> {
        let names = self.folder.names();
        let names = names.map_err(|reason| JournalError::io("list", &self.dir, reason))?;
        let found = names.into_iter().filter_map(|name| {
            let (number, state) = record_file::parse_file_name(&name)?;
            Some(Found {
                number,
                state,
                name,
            })
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        Ok(found)
    }
}
