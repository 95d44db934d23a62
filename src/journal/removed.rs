//! A folder that is removed while it is used: another one takes its place.

use crate::journal::file_system::Place;
use crate::journal::{Dropped, Journal, JournalError, Record, record_file, recovery};
use std::collections::BTreeSet;
use std::io::ErrorKind;

impl Journal {
    /// Sees whether the folder is still there. Where it was removed, it is made anew: gives the records that were in it.
    pub(crate) fn see_to_folder(&mut self) -> Vec<Dropped> {
        match self.folder.place() {
            Ok(Place::Gone) => return self.replace_folder(false).unwrap_or_default(),
            Ok(Place::Stale) => return self.replace_folder(true).unwrap_or_default(),
            Ok(Place::Elsewhere) => {
                if !std::mem::replace(&mut self.is_elsewhere, true) {
                    tracing::warn!(
                        dir = %self.dir.display(),
                        "the journal's folder is not where it was; the journal goes on in the folder that it has open, \
                         and the next process does not find it by this path"
                    );
                }
            }
            Ok(Place::Here) => self.is_elsewhere = false,
            // The next write says what is wrong.
            Err(_) => {}
        }
        Vec::new()
    }

    /// Takes the folder that has its name now, or makes one. None if that fails, and what was in the old one if not. What
    /// `may_be` the same folder keeps the records that it has.
    pub(super) fn replace_folder(&mut self, may_be_same: bool) -> Option<Vec<Dropped>> {
        if may_be_same {
            self.folder.unlock();
        }
        let anew = self.folder.anew();
        let anew = anew.map_err(|reason| JournalError::io("make anew", &self.dir, reason));
        let entered = anew.and_then(|mut folder| {
            recovery::enter(&mut *folder, &self.dir, &self.not_there)?;
            let names = folder.names();
            let names = names.map_err(|reason| JournalError::io("list", &self.dir, reason))?;
            Ok((folder, names))
        });
        match entered {
            Ok((folder, names)) => {
                self.folder = folder;
                self.is_gone = false;
                let lost = self.lose_records(if may_be_same { &names } else { &[] });
                let (dir, records) = (self.dir.display(), lost.len());
                if may_be_same && records == 0 {
                    tracing::warn!(%dir, "the journal's folder had to be opened anew; its records are there");
                } else {
                    tracing::error!(
                        %dir,
                        records,
                        "the journal's folder was removed, and these records with it; it is made anew"
                    );
                }
                Some(lost)
            }
            Err(error) if may_be_same => {
                if !std::mem::replace(&mut self.is_gone, true) {
                    tracing::error!(
                        error = %error.with_reason(),
                        "the journal's folder is not known to its file system any more, and cannot be opened anew now"
                    );
                }
                None
            }
            Err(error) => {
                let lost = self.lose_records(&[]);
                if !std::mem::replace(&mut self.is_gone, true) {
                    tracing::error!(
                        error = %error.with_reason(),
                        records = lost.len(),
                        "the journal's folder was removed, and these records with it; it cannot be made anew now"
                    );
                }
                if lost.is_empty() { None } else { Some(lost) }
            }
        }
    }

    /// All but those of these names.
    fn lose_records(&mut self, names: &[String]) -> Vec<Dropped> {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let is_there = |number: u64, record: &Record| {
            names.contains(&record_file::file_name(number, record.state)[..])
        };
        let lost = self.records.iter();
        let lost = lost.filter(|(number, record)| !is_there(**number, record));
        let lost: Vec<u64> = lost.map(|(number, _)| *number).collect();
        for number in &lost {
            self.forget(*number);
            self.left.remove(number);
        }
        let lost = lost.into_iter().map(|number| Dropped {
            number,
            payload: None,
        });
        lost.collect()
    }

    /// Whether that says that the folder was removed, where the system does not say so of the folder itself: a file that
    /// is created is not found, or its file system is not. Gives whether it may be there all the same.
    pub(super) fn is_removed_by(&self, error: &JournalError) -> Option<bool> {
        let JournalError::Io { reason, .. } = error else {
            return None;
        };
        let kind = reason.kind();
        if kind != ErrorKind::NotFound && kind != ErrorKind::StaleNetworkFileHandle {
            return None;
        }
        match self.folder.place() {
            Ok(Place::Here) => None,
            Ok(Place::Gone) => Some(false),
            _ => Some(true),
        }
    }
}
