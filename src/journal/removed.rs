//! A folder that is removed while it is used: another one takes its place.

use crate::journal::file_system::Place;
use crate::journal::{Dropped, Journal, JournalError, recovery};
use std::io::ErrorKind;

impl Journal {
    /// Sees whether the folder is still there. Where it was removed, it is made anew: gives the records that were in it.
    pub(crate) fn see_to_folder(&mut self) -> Vec<Dropped> {
        match self.folder.place() {
            Ok(Place::Gone) => return self.replace_folder().unwrap_or_default(),
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

    /// Takes the folder that has its name now, or makes one. None if that fails, and what was in the old one if not.
    pub(super) fn replace_folder(&mut self) -> Option<Vec<Dropped>> {
        let records = std::mem::take(&mut self.records);
        let lost = records.into_keys().map(|number| Dropped {
            number,
            payload: None,
        });
        let lost: Vec<Dropped> = lost.collect();
        self.left.clear();
        self.bytes = 0;
        let anew = self.folder.anew();
        let anew = anew.map_err(|reason| JournalError::io("make anew", &self.dir, reason));
        let entered = anew.and_then(|mut folder| {
            recovery::enter(&mut *folder, &self.dir, &self.not_there).map(|()| folder)
        });
        match entered {
            Ok(folder) => {
                self.folder = folder;
                self.is_gone = false;
                tracing::error!(
                    dir = %self.dir.display(),
                    records = lost.len(),
                    "the journal's folder was removed, and these records with it; it is made anew"
                );
                Some(lost)
            }
            Err(error) => {
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

    /// Whether that says that the folder was removed, where the system does not say so of the folder itself: a file that
    /// is created is not found, or its file system is not.
    pub(super) fn is_removed_by(&self, error: &JournalError) -> bool {
        let JournalError::Io { reason, .. } = error else {
            return false;
        };
        let kind = reason.kind();
        (kind == ErrorKind::NotFound || kind == ErrorKind::StaleNetworkFileHandle)
            && !matches!(self.folder.place(), Ok(Place::Here))
    }
}
