//! Batches on disk until they are delivered. It knows nothing of what is in them.
//!
//! # Format
//!
//! A folder with one file for each record, and the file `lock`, which is empty. A record has the number of its batch. Its state is in
//! its file's name, so that a change of state is one rename, which happens or does not:
//!
//! | name | what it is |
//! |---|---|
//! | `0000000000000007.half` | being written; of no worth after a crash |
//! | `0000000000000007.record` | complete, waits |
//! | `0000000000000007.begun` | an attempt to send it has begun; nobody knows how that went |
//!
//! The number is hexadecimal, and the place in the order. The content is in [`record_file`]: a header with a version
//! and a checksum, and the payload. A record of a later version stays where it is. Other names are not ours and are
//! left alone.
//!
//! # Whose folder it is
//!
//! The folder is opened once, and locked itself. Every operation has a name within it and never a path, so that no
//! `chdir`, rename or mount leads it elsewhere. The file `lock` is locked beside it: the build before locks that alone,
//! and NFS locks folders for one machine only. Who deletes the name lets nobody in who is on this machine.
//! Where a system has no such operations (Windows), the path from the root is used, and `lock` alone.
//!
//! A folder that is made is for its owner alone (0700), one that is there keeps its mode, and folders above it are made
//! as the process's mask says. Files are 0600; records that are found with more are given that at the start.
//!
//! | in the folder, under a name of ours | what becomes of it |
//! |---|---|
//! | a symbolic link, a FIFO, a socket, a folder, a device | never opened or followed; named in the log, and left alone |
//! | another user's file | the same; who owns what we create is asked of the file system, as shares give all files to one user |
//! | at the start, a file with a second name (a hard link) | the same |
//! | a record of a number from 2^48 on | the same; the next number does not follow what is beyond 2^47 and no record |
//! | another journal's record under the name that is next | it stays, and ours is not written |
//! | any of the others under the name that is next | it gets another name (`….refused-0`), or a write's file does |
//!
//! | the folder itself | |
//! |---|---|
//! | is another user's | used, and said once |
//! | was renamed, or is mounted over | the one that is open is used on, and said once |
//! | is not known to its file system any more (`ESTALE`, after a server's restart) | opened anew through its parent's descriptor; the records that it has stay |
//! | was removed | made anew through its parent's descriptor, or taken as it is there, and locked; its records are lost, and counted |
//! | cannot be made anew, or locked | every write fails, as on a full disk, until it can |
//!
//! What is left of a batch after some of it was delivered takes the place of the record under the same name, by a
//! rename: after a crash there is one of the two.
//!
//! # Why no library
//!
//! Asked for: a bound on disk, records removed and marked one by one, damage that is counted and
//! costs no neighbour, a full disk survived. `redb` is well kept, but its file grows by doubling,
//! and its issue 620, open, is a database that panics when opened after a full disk. Write-ahead
//! logs (`wal-db`, `walogs`) cut off what follows a bad record, or refuse it all, give room back by
//! the prefix, and would need a second log for marks and removals. `okaywal` warns of production
//! itself; `yaque` is a queue with no bound that keeps its state until it is dropped.
//!
//! A segment log of our own would need one sync instead of two for a record, and compaction,
//! which is where such logs go wrong. Records are requests, a few a minute and up to 1 MB each, so
//! two syncs are nothing. Nothing is ever written in place here: what was acknowledged
//! cannot be hurt by what is written later.
//!
//! # What survives what
//!
//! | after | process killed | power lost |
//! |---|---|---|
//! | [`write`](Journal::write) | kept | kept: file and folder are synced |
//! | [`mark`](Journal::mark) | kept | kept: the folder is synced |
//! | [`withdraw`](Journal::withdraw) | kept | kept: the folder is synced |
//! | [`remove`](Journal::remove) | kept | may come back, as marked if it was: not synced |
//! | [`unmark`](Journal::unmark) | kept | may be marked again: not synced |
//!
//! Not synced is what errs on the safe side: who sends at most once marks first, and so a record
//! that comes back is seen to have been under way. As good as what the disk says of its syncs;
//! where folders cannot be synced (Windows), a rename is as durable as the file system makes it.
//!
//! # What a file system may not have
//!
//! `EINVAL`, `ENOTSUP` and `ENOSYS` for one of these operations is no broken disk. It is said once, and the record is
//! kept.
//!
//! | without | what is not guaranteed |
//! |---|---|
//! | sync of a folder (SMB) | after a loss of power a record or a mark may be missing |
//! | sync of a file | the same, and a record may be damaged |
//! | locks | a second process may use the journal |
//! | rename | records are copied. A process that is killed meanwhile may leave a damaged one, which is deleted and counted; what is left of a batch does not replace its record |

mod disk_pace;
mod error;
mod file_system;
#[cfg(unix)]
mod held_folder;
mod journal_log;
mod journal_thread;
mod not_ours;
mod not_there;
#[cfg(any(not(unix), test))]
mod path_folder;
mod put;
mod record_file;
pub(crate) mod record_format;
mod recovery;
mod removed;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

pub(crate) use disk_pace::{PATIENCE, SHORT_PATIENCE};
pub use error::JournalError;
pub(crate) use journal_thread::{Done, Report};
pub(crate) use recovery::Recovered;
pub(crate) use writer::Writer;

use file_system::{FileSystem, Folder, OsFileSystem};
use not_ours::NotOurs;
use not_there::{NotThere, Operation};
use record_file::{Fault, State};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Records on disk, oldest first. All of its methods block.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The one that was opened. What its path leads to may be another one by now.
    folder: Box<dyn Folder>,
    /// What is called so in errors and in the log.
    dir: PathBuf,
    max_bytes: u64,
    records: BTreeMap<u64, Record>,
    /// Records that nobody needs any more, and that could not be removed.
    left: BTreeSet<u64>,
    bytes: u64,
    keeps_dropped: bool,
    not_there: NotThere,
    not_ours: NotOurs,
    is_elsewhere: bool,
    is_gone: bool,
}

/// What is known of a record without reading it.
#[derive(Clone, Copy, Debug)]
struct Record {
    state: State,
    /// The payload's.
    len: u64,
    /// The system did not let us read it when the journal was opened: it may be of a later version.
    is_unread: bool,
}

impl Record {
    fn of(state: State, len: u64, is_unread: bool) -> Self {
        Self {
            state,
            len,
            is_unread,
        }
    }
}

/// What [`Journal::write`] did.
#[derive(Debug)]
pub(crate) struct Written {
    /// Why the record is not on disk as it should be.
    pub(crate) error: Option<JournalError>,
    /// Whether a record of that number is on disk now, if only an older one.
    pub(crate) is_there: bool,
    /// Records that had to go for it, oldest first.
    pub(crate) dropped: Vec<Dropped>,
}

/// A record that had to go for another.
#[derive(Debug)]
pub(crate) struct Dropped {
    pub(crate) number: u64,
    /// Its payload, if that [is wanted](Journal::keeping_dropped) and could be read.
    pub(crate) payload: Option<Vec<u8>>,
}

impl Journal {
    /// Opens `dir`, makes it if it is not there, and says what is in it.
    ///
    /// Every record is read once, to check it. What is damaged is deleted and counted. A record that
    /// the system does not let us read is kept: [`read`](Self::read) will tell. More than
    /// `max_bytes` is kept too, until the next write, so that its owner can see to it.
    pub(crate) fn open(dir: &Path, max_bytes: u64) -> Result<(Self, Recovered), JournalError> {
        Self::open_on(OsFileSystem, dir, max_bytes)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "as a literal or a clone, at each call"
    )]
    pub(crate) fn open_on(
        files: impl FileSystem,
        dir: &Path,
        max_bytes: u64,
    ) -> Result<(Self, Recovered), JournalError> {
        let folder = files.hold(dir);
        let mut folder =
            folder.map_err(|reason| JournalError::io("open the folder", dir, reason))?;
        let not_there = NotThere::default();
        recovery::enter(&mut *folder, dir, &not_there)?;
        let mut journal = Self {
            not_ours: NotOurs::of(folder.user()),
            folder,
            dir: dir.to_owned(),
            max_bytes,
            not_there,
            is_elsewhere: false,
            is_gone: false,
            records: BTreeMap::new(),
            left: BTreeSet::new(),
            bytes: 0,
            keeps_dropped: false,
        };
        let recovered = journal.recover()?;
        Ok((journal, recovered))
    }

    /// Reads what has to go for another record before it does.
    pub(crate) fn keeping_dropped(mut self, keeps: bool) -> Self {
        self.keeps_dropped = keeps;
        self
    }

    /// Durably adds the record of a number, or puts it in the place of the one that is there. The oldest others go if
    /// the bound asks for it, under way or not; while one is replaced, both take room for a moment.
    ///
    /// If it fails, the record that was there stays, or this one is in its place already; there is none if there was none.
    pub(crate) fn write(&mut self, number: u64, payload: &[u8], is_begun: bool) -> Written {
        let mut dropped = Vec::new();
        let mut written = self
            .make_room(number, payload, &mut dropped)
            .and_then(|()| self.put(number, payload, is_begun));
        let removed = written.as_ref().err();
        let removed = removed.and_then(|error| self.is_removed_by(error));
        if let Some(may_be_same) = removed
            && let Some(lost) = self.replace_folder(may_be_same)
        {
            dropped.extend(lost);
            written = self.put(number, payload, is_begun);
        }
        Written {
            error: written.err(),
            is_there: self.has(number),
            dropped,
        }
    }

    /// The payload, checked.
    pub(crate) fn read(&self, number: u64) -> Result<Vec<u8>, JournalError> {
        let record = self.record(number)?;
        self.load(&record_file::file_name(number, record.state), number)
    }

    /// Notes durably that an attempt to send it begins. After an error it may be marked or not.
    pub(crate) fn mark(&mut self, number: u64) -> Result<(), JournalError> {
        self.rename(number, State::Begun)?;
        // Again where it was marked already: the last sync may have failed.
        self.sync_dir("mark a record in")
    }

    /// Durably takes one off the disk that cannot be marked. After an error it may be there or not.
    pub(crate) fn withdraw(&mut self, number: u64) -> Result<(), JournalError> {
        self.remove(number)?;
        // Else it might come back, as one that was never tried.
        self.sync_dir("delete a record of")
    }

    /// Takes a mark back: the attempt surely did not arrive.
    pub(crate) fn unmark(&mut self, number: u64) -> Result<(), JournalError> {
        self.rename(number, State::Waiting)
    }

    /// Deletes a record. One that is gone already is no error.
    pub(crate) fn remove(&mut self, number: u64) -> Result<(), JournalError> {
        let Some(&record) = self.records.get(&number) else {
            return Ok(());
        };
        let name = record_file::file_name(number, record.state);
        if self.is_ours(&name) {
            self.delete(&name)?;
        } else {
            self.say_refused(&name);
        }
        self.forget(number);
        Ok(())
    }

    /// [`remove`](Self::remove)s a record that nobody needs any more; if that fails, it is tried
    /// [again](Self::remove_left) later.
    pub(crate) fn discard(&mut self, number: u64) -> Result<(), JournalError> {
        let removed = self.remove(number);
        if removed.is_err() {
            self.left.insert(number);
        } else {
            self.left.remove(&number);
        }
        removed
    }

    /// Tries the removals again that failed, until one fails again.
    pub(crate) fn remove_left(&mut self) {
        while let Some(&number) = self.left.first()
            && self.discard(number).is_ok()
        {}
    }

    /// It is not there any more, or not ours.
    pub(crate) fn forget(&mut self, number: u64) {
        if let Some(record) = self.records.remove(&number) {
            self.bytes -= record_file::footprint(record.len);
        }
    }

    /// Whether there is a record of that number.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.records.contains_key(&number)
    }

    /// What the records take on disk, in whole blocks of 4 KiB. The folder's own are not counted.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn rename(&mut self, number: u64, state: State) -> Result<(), JournalError> {
        let record = self.record(number)?;
        if record.state != state {
            let from = record_file::file_name(number, record.state);
            let to = record_file::file_name(number, state);
            self.make_way(&to, false)?;
            self.rename_file(&from, &to)?;
            self.records.insert(number, Record { state, ..record });
        }
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), JournalError> {
        match self.folder.remove(name) {
            // Somebody else did.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            deleted => deleted.map_err(|reason| self.io("delete", name, reason)),
        }
    }

    fn load(&self, name: &str, number: u64) -> Result<Vec<u8>, JournalError> {
        let found = self.folder.look(name);
        let found = found.map_err(|reason| self.io("open", name, reason))?;
        self.check(name, found)?;
        let opened = self.folder.open(name);
        let (file, found) = opened.map_err(|reason| self.io("open", name, reason))?;
        // It may be another by now.
        self.check(name, found)?;
        let path = self.path(name);
        match record_file::read(file, number) {
            Ok(Ok(payload)) => Ok(payload),
            Ok(Err(Fault::Later(version))) => Err(JournalError::LaterVersion { path, version }),
            Ok(Err(damage)) => Err(JournalError::Damaged {
                path,
                damage: damage.to_string(),
            }),
            Err(reason) => Err(self.io("read", name, reason)),
        }
    }

    fn sync_dir(&self, action: &'static str) -> Result<(), JournalError> {
        let synced = self.folder.sync_dir();
        let synced = (self.not_there).or_without(Operation::SyncFolder, &self.dir, synced);
        synced.map_err(|reason| JournalError::io(action, &self.dir, reason))
    }

    fn record(&self, number: u64) -> Result<Record, JournalError> {
        let record = self.records.get(&number).copied();
        record.ok_or_else(|| JournalError::NoSuchRecord {
            dir: self.dir.clone(),
            number,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn io(&self, action: &'static str, name: &str, reason: std::io::Error) -> JournalError {
        JournalError::io(action, &self.path(name), reason)
    }
}
