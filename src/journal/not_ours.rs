//! What is in the folder under our names, and is not ours. It is said by name, and neither read nor deleted.

use crate::journal::file_system::{Facts, Kind};
use crate::journal::record_file::{self, State};
use crate::journal::{Journal, JournalError};
use std::collections::BTreeSet;
use std::io;

/// So many names are said.
const MAX_SAID: usize = 1_000;
/// So many names are tried for what is in the way.
const ASIDE: u32 = 100;

#[derive(Debug, Default)]
pub(super) struct NotOurs {
    /// Who has what we create.
    user: Option<u32>,
    /// Whether the file system was asked for that.
    is_asked: bool,
    said: BTreeSet<String>,
}

impl NotOurs {
    pub(super) fn of(user: Option<u32>) -> Self {
        Self {
            user,
            ..Self::default()
        }
    }
}

impl Journal {
    /// Why it is not ours, if it is not.
    pub(super) fn check(&self, name: &str, found: Facts) -> Result<(), JournalError> {
        let what = match found.kind {
            Kind::File if found.owner == self.not_ours.user => return Ok(()),
            Kind::File => "another user's",
            Kind::Folder => "a folder",
            Kind::Link => "a symbolic link",
            Kind::Fifo => "a FIFO",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
        };
        Err(self.refused(name, what))
    }

    pub(super) fn refused(&self, name: &str, what: &'static str) -> JournalError {
        let path = self.path(name);
        JournalError::Refused { path, what }
    }

    /// Whether it is a file of ours, or none.
    pub(super) fn is_ours(&self, name: &str) -> bool {
        let Ok(found) = self.folder.look(name) else {
            return true;
        };
        self.check(name, found).is_ok()
    }

    /// Once for each name.
    pub(super) fn say_refused(&mut self, name: &str) {
        let Ok(found) = self.folder.look(name) else {
            return;
        };
        let said = &mut self.not_ours.said;
        if said.len() < MAX_SAID
            && said.insert(name.to_owned())
            && let Err(error) = self.check(name, found)
        {
            tracing::error!(%error, "something in the journal's folder is not the journal's; it is left alone");
        }
    }

    /// Moves away what has a record's name and is none that we know of, so that a rename does not delete it.
    pub(super) fn make_way(&self, name: &str, is_known: bool) -> Result<(), JournalError> {
        let Ok(found) = self.folder.look(name) else {
            return Ok(());
        };
        if is_known && self.check(name, found).is_ok() {
            return Ok(());
        }
        let number = record_file::parse_file_name(name).map_or(0, |(number, _)| number);
        if self.check(name, found).is_ok() && self.load(name, number).is_ok() {
            // In a folder that was made anew: the next process has it.
            return Err(self.refused(name, "another journal's record"));
        }
        let aside = (0..ASIDE).map(|number| format!("{name}.refused-{number}"));
        let is_free = |name: &String| {
            let found = self.folder.look(name);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        let Some(aside) = aside.into_iter().find(is_free) else {
            return Err(self.refused(name, "in the way, as many others were"));
        };
        let moved = self.folder.rename(name, &aside);
        moved.map_err(|reason| self.io("move out of the way", name, reason))?;
        tracing::error!(
            name,
            %aside,
            "what is not the journal's had the name of its next record; it was given another name"
        );
        Ok(())
    }

    /// Some network file systems give all files to one user, whoever creates them: what we create tells.
    pub(super) fn ask_for_owner(&mut self, free: u64) {
        if std::mem::replace(&mut self.not_ours.is_asked, true) {
            return;
        }
        // One of them may be planted.
        let halves = (free..).take(16);
        let mut halves = halves.map(|number| record_file::file_name(number, State::Half));
        if let Some(name) = halves.find(|name| self.folder.create(name).is_ok()) {
            if let Ok(found) = self.folder.look(&name) {
                self.not_ours.user = found.owner;
            }
            _ = self.folder.remove(&name);
        }
    }

    pub(super) fn is_another_users(&self, found: Facts) -> bool {
        found.owner != self.not_ours.user
    }
}
