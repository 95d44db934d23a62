//! How a record gets on disk.

use crate::journal::not_there::{Operation, is_not_there};
use crate::journal::record_file::{self, State};
use crate::journal::{Dropped, Journal, JournalError, Record};
use std::fs::File;
use std::io;

/// So many names are tried for what is being written, as others may have been taken by what is not ours.
const HALVES: u64 = 16;

impl Journal {
    /// Before the write and not after it: the bound holds at any time, but for what is replaced.
    pub(super) fn make_room(
        &mut self,
        number: u64,
        payload: &[u8],
        dropped: &mut Vec<Dropped>,
    ) -> Result<(), JournalError> {
        let len = payload.len() as u64;
        let needed = record_file::footprint(len);
        if needed > self.max_bytes || u32::try_from(len).is_err() {
            return Err(JournalError::TooLarge {
                dir: self.dir.clone(),
                len,
                max_bytes: self.max_bytes,
            });
        }
        let replaced = self.records.get(&number);
        let given_back = replaced.map_or(0, |record| record_file::footprint(record.len));
        while self.bytes - given_back + needed > self.max_bytes
            && let Some(oldest) = self.records.keys().copied().find(|one| *one != number)
        {
            let is_unread = self.records[&oldest].is_unread;
            let payload = (self.keeps_dropped || is_unread).then(|| self.read(oldest));
            if let Some(Err(JournalError::LaterVersion { .. })) = payload {
                // It stays, for that version.
                self.forget(oldest);
                continue;
            }
            self.remove(oldest)?;
            dropped.push(Dropped {
                number: oldest,
                payload: payload.and_then(Result::ok),
            });
        }
        Ok(())
    }

    pub(super) fn put(
        &mut self,
        number: u64,
        payload: &[u8],
        is_begun: bool,
    ) -> Result<(), JournalError> {
        let wanted = if is_begun {
            State::Begun
        } else {
            State::Waiting
        };
        let replaced = self.records.get(&number).copied();
        // In the very place of an older one, so that there never are both.
        let state = replaced.map_or(wanted, |record| record.state);
        let half = self.write_half(number, payload)?;
        let whole = record_file::file_name(number, state);
        let renamed = self
            .make_way(&whole, replaced.is_some())
            .and_then(|()| self.rename_file(&half, &whole));
        if let Err(error) = renamed {
            // Should this fail, the next write of this number, or the next start, sees to it.
            _ = self.folder.remove(&half);
            return Err(error);
        }
        let len = payload.len() as u64;
        self.records.insert(number, Record::of(state, len, false));
        self.bytes += record_file::footprint(len);
        self.bytes -= replaced.map_or(0, |record| record_file::footprint(record.len));
        if let Err(error) = self.sync_dir("add a record to") {
            if replaced.is_none() {
                _ = self.remove(number);
            }
            return Err(error);
        }
        if state != wanted {
            let marked = self.rename(number, wanted);
            // Taken for begun, though it is not, it errs on the safe side.
            if wanted == State::Begun {
                marked?;
            }
        }
        Ok(())
    }

    /// Gives the name of what it wrote.
    fn write_half(&mut self, number: u64, payload: &[u8]) -> Result<String, JournalError> {
        let (half, mut file) = self.create_half(number)?;
        let written = self.fill(&mut file, &record_file::header(number, payload), payload);
        drop(file);
        if let Err(reason) = written {
            _ = self.folder.remove(&half);
            return Err(self.io("write", &half, reason));
        }
        Ok(half)
    }

    fn fill(&self, file: &mut File, header: &[u8], payload: &[u8]) -> io::Result<()> {
        self.folder.write(file, header)?;
        self.folder.write(file, payload)?;
        // Before the rename: else a whole name could stand for half a file.
        let synced = self.folder.sync(file);
        (self.not_there).or_without(Operation::SyncFile, &self.dir, synced)
    }

    fn create_half(&mut self, number: u64) -> Result<(String, File), JournalError> {
        // The name of a write's file means nothing but that it is one.
        for number in number..number.saturating_add(HALVES) {
            let half = record_file::file_name(number, State::Half);
            let mut created = self.folder.create(&half);
            if is_taken(&created) {
                if !self.is_ours(&half) {
                    self.say_refused(&half);
                    continue;
                }
                // One that failed left it, and nothing else writes here.
                self.delete(&half)?;
                created = self.folder.create(&half);
            }
            let created = created.map_err(|reason| self.io("write", &half, reason))?;
            return Ok((half, created));
        }
        let half = record_file::file_name(number, State::Half);
        Err(self.io("write", &half, io::ErrorKind::AlreadyExists.into()))
    }

    pub(super) fn rename_file(&self, from: &str, to: &str) -> Result<(), JournalError> {
        let renamed = match self.folder.rename(from, to) {
            Err(error) if is_not_there(&error) => {
                self.not_there.say(Operation::Rename, &self.dir, &error);
                self.copy(from, to)
            }
            renamed => renamed,
        };
        renamed.map_err(|reason| self.io("rename", from, reason))
    }

    /// In the stead of a rename. An older record is not replaced: for a moment there would be none.
    fn copy(&self, from: &str, to: &str) -> io::Result<()> {
        let mut bytes = Vec::new();
        let (mut file, _) = self.folder.open(from)?;
        io::Read::read_to_end(&mut file, &mut bytes)?;
        drop(file);
        let mut copy = self.folder.create(to)?;
        if let Err(error) = self.fill(&mut copy, &bytes, &[]) {
            _ = self.folder.remove(to);
            return Err(error);
        }
        self.folder.remove(from)
    }
}

fn is_taken(created: &io::Result<File>) -> bool {
    let error = created.as_ref().err();
    error.is_some_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
}
