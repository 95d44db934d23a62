//! Keeps what is undelivered on disk, beside the queue in memory.

mod news;
mod shelf;

pub(crate) use news::{Begun, News, Note, Stored};
pub(crate) use shelf::OnDisk;

use crate::delivery::alarm::sleep_until;
use crate::delivery::entry::Entry;
use crate::delivery::event::{RESTORED, SpoolUsage, Unsettled};
use crate::delivery::parcel::Parcel;
use crate::journal::record_format;
use crate::journal::{
    AppendError, Appended, EntryId, PATIENCE, Place, Recovered, SpoolError, SpoolThread, Ticket,
};
use news::Marking;
use shelf::Shelf;
use std::collections::HashMap;
use std::time::SystemTime;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Bytes of memory that may wait for the disk; what comes then is not written.
pub(crate) const MAX_WRITING_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Spooling {
    thread: SpoolThread,
    jobs: JoinSet<Done>,
    /// How many parcels there were to write.
    stores: u64,
    writing: HashMap<u64, Writing>,
    writing_bytes: usize,
    shelf: Shelf,
    is_failing: bool,
    /// It has not answered for too long.
    is_slow: bool,
    bytes: u64,
}

#[derive(Debug)]
struct Writing {
    ticket: Ticket,
    bytes: usize,
    /// It left the memory meanwhile.
    left: Option<OnDisk>,
}

/// Bytes on disk.
type Usage = Result<u64, SpoolError>;

#[derive(Debug)]
enum Done {
    Stored(u64, Result<Appended, AppendError>, Usage),
    Loaded(EntryId, Result<Vec<u8>, SpoolError>),
    Changed(Result<(), SpoolError>, Usage),
    Noted(EntryId, Result<bool, SpoolError>),
}

impl Spooling {
    pub(crate) fn new(thread: SpoolThread, recovered: Recovered) -> Self {
        if recovered.torn_entries > 0 {
            tracing::error!(
                entries = recovered.torn_entries,
                bytes = recovered.torn_bytes,
                "the spool was damaged; so much of it is lost"
            );
        }
        Self {
            thread,
            jobs: JoinSet::new(),
            stores: 0,
            writing: HashMap::new(),
            writing_bytes: 0,
            shelf: Shelf::new(recovered.entries),
            is_failing: false,
            is_slow: false,
            bytes: 0,
        }
    }

    /// Begins to write a parcel, in the place of an older entry, unless the disk has enough to do.
    pub(crate) fn store(&mut self, parcel: &mut Parcel, replaces: Entry, now: Instant) {
        if self.is_slow || !self.has_time() {
            parcel.entry = if self.is_slow {
                Entry::None
            } else {
                Entry::Waiting(now + PATIENCE)
            };
            self.discard(replaces);
            return;
        }
        let data: Vec<_> = parcel.data().collect();
        let payload = record_format::write(&parcel.batch, data.into_iter());
        let bytes = payload.len();
        self.stores += 1;
        let number = self.stores;
        parcel.entry = Entry::Storing(number, now + PATIENCE);
        let (ticket, append) = self.thread.append(self.place(replaces), payload);
        let usage = self.thread.usage();
        let writing = Writing {
            ticket,
            bytes,
            left: None,
        };
        self.writing.insert(number, writing);
        self.writing_bytes += bytes;
        self.jobs.spawn(async move {
            let appended = append.await;
            Done::Stored(number, appended, usage.await)
        });
    }

    /// Whether the disk is not too far behind to be given more.
    pub(crate) fn has_time(&self) -> bool {
        self.writing_bytes < MAX_WRITING_BYTES
    }

    /// More comes than the disk takes.
    pub(crate) fn is_behind(&mut self) {
        let error = self.thread.slow();
        self.fails(&error);
    }

    /// It was waited for long enough. Gives whether it is sure that it is not written any more.
    pub(crate) fn give_up(&mut self, entry: Entry) -> bool {
        let Entry::Storing(number, _) = entry else {
            return false;
        };
        self.late();
        self.cancel(number)
    }

    /// The disk does not answer.
    pub(crate) fn late(&mut self) {
        if std::mem::replace(&mut self.is_slow, true) {
            return;
        }
        let error = self.thread.slow();
        self.fails(&error);
        // Its answer says that it is over, should nobody else wait for one.
        let usage = self.thread.usage();
        self.jobs
            .spawn(async move { Done::Changed(Ok(()), usage.await) });
    }

    pub(crate) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// An attempt begins when this is over, and if it says so. If it must not be repeated, then the disk says first
    /// that it was begun, or has no more of it.
    pub(crate) fn begin(
        &self,
        parcel: &Parcel,
        is_strict: bool,
    ) -> Option<impl Future<Output = Begun> + Send + use<>> {
        let Entry::Stored(id) = parcel.entry else {
            return None;
        };
        let mut marked: Marking = Box::pin(self.thread.begin(id, is_strict));
        // Data go before a note about them.
        let is_waited_for = is_strict || !self.is_slow;
        is_waited_for.then_some(async move {
            match tokio::time::timeout(PATIENCE, &mut marked).await {
                Ok(Ok(true)) => Begun::Marked,
                Ok(Ok(false)) => Begun::Withdrawn,
                Ok(Err(error)) => Begun::Failed(error),
                Err(_) => Begun::Late(Note(marked)),
            }
        })
    }

    /// Waits for a note that was late.
    pub(crate) fn late_note(&mut self, entry: Entry, note: Note) {
        if let Entry::Stored(id) = entry {
            self.jobs
                .spawn(async move { Done::Noted(id, note.0.await) });
        }
        self.late();
    }

    /// Its attempt surely did not arrive.
    pub(crate) fn take_back(&mut self, entry: Entry) {
        if let Entry::Stored(id) = entry {
            let done = self.thread.unmark(id);
            self.changes(done);
        }
    }

    /// An attempt is under way, or may have arrived.
    pub(crate) fn mark(&mut self, id: EntryId) {
        let done = self.thread.mark(id);
        self.changes(done);
    }

    /// It is settled.
    pub(crate) fn discard(&mut self, entry: Entry) {
        if let Entry::Storing(number, _) = entry
            && self.cancel(number)
        {
            return;
        }
        if let Some(place) = self.place(entry) {
            let done = self.thread.remove(place);
            self.changes(done);
        }
    }

    /// Leaves a parcel that there is no room for to the disk alone; gives whether it is there, if it is or will be.
    pub(crate) fn leave(&mut self, parcel: &Parcel) -> Option<bool> {
        let on_disk = OnDisk::of(parcel);
        match parcel.entry {
            Entry::None | Entry::Waiting(_) => None,
            Entry::Storing(number, _) => {
                self.writing.get_mut(&number)?.left = Some(on_disk);
                Some(false)
            }
            Entry::Stored(id) => {
                self.shelf.put(id, on_disk);
                Some(true)
            }
        }
    }

    /// Puts what left the memory early to the others.
    pub(crate) fn left(&mut self, id: EntryId, on_disk: OnDisk) {
        self.shelf.put(id, on_disk);
    }

    /// Begins to read the oldest that is on disk alone, or the oldest that this process recorded, if there is any and
    /// none is being read.
    pub(crate) fn load(&mut self, is_own: bool) {
        if let Some(id) = self.shelf.start_reading(is_own) {
            let payload = self.thread.read(id);
            self.jobs
                .spawn(async move { Done::Loaded(id, payload.await) });
        }
    }

    /// An entry is gone. Gives what was there alone, unless it is being read: then that tells.
    pub(crate) fn forget(&mut self, id: EntryId) -> Option<OnDisk> {
        self.shelf.forget(id)
    }

    /// What this process recorded and is not in memory.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Unsettled> {
        let left = self.writing.values().filter_map(|writing| writing.left);
        let left = left.map(|one| one.unsettled(false));
        let all = left.chain(self.shelf.unsettled());
        all.filter(|one| one.number != RESTORED)
    }

    /// The earliest time stamps of what is not in memory.
    pub(crate) fn oldest(&self) -> impl Iterator<Item = SystemTime> {
        self.shelf.oldest()
    }

    /// What is done next; never, if nothing is to be done. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> News {
        let again = self.shelf.again();
        let done = tokio::select! {
            biased;
            Some(done) = self.jobs.join_next() => done,
            () = sleep_until(again) => {
                self.shelf.pause_is_over();
                return News::Nothing;
            }
        };
        // Only a runtime that ends cancels them.
        let Ok(done) = done else {
            return News::Nothing;
        };
        self.is_slow = false;
        match done {
            Done::Stored(number, appended, usage) => {
                self.used(&usage);
                self.stored(number, appended)
            }
            Done::Loaded(id, payload) => match self.shelf.read(id, payload) {
                Ok(Some((on_disk, entry, batch))) => News::Loaded(on_disk, entry, batch),
                Ok(None) => News::Nothing,
                Err(lost) => {
                    self.discard(Entry::Stored(id));
                    News::Lost(lost)
                }
            },
            Done::Noted(id, Ok(false)) => News::Withdrawn(id),
            Done::Noted(_, Ok(true)) => News::Nothing,
            Done::Noted(_, Err(error)) => {
                self.fails(&error);
                News::Nothing
            }
            Done::Changed(done, usage) => {
                self.used(&usage);
                if let Err(error) = done {
                    self.fails(&error);
                }
                News::Nothing
            }
        }
    }

    pub(crate) fn usage(&self) -> SpoolUsage {
        SpoolUsage {
            bytes: self.bytes,
            writing_bytes: self.writing_bytes,
            foreign_entries: self.shelf.foreign_entries(),
        }
    }

    pub(crate) fn fails(&mut self, error: &SpoolError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            log(error);
        }
    }

    /// Waits until all is on disk, as long as the disk answers.
    pub(crate) async fn close(self) {
        if let Err(error) = self.thread.close().await {
            log(&error);
        }
    }

    fn stored(&mut self, number: u64, appended: Result<Appended, AppendError>) -> News {
        let Some(writing) = self.writing.remove(&number) else {
            // Given up, and nobody asks any more.
            return News::Nothing;
        };
        self.writing_bytes -= writing.bytes;
        let (id, dropped) = match appended {
            Ok(Appended { id, dropped }) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the spool takes data again");
                }
                (Some(id), dropped)
            }
            Err(AppendError { dropped, reason }) => {
                self.fails(&reason);
                (None, dropped)
            }
        };
        News::Stored(Stored {
            number,
            id,
            left: writing.left,
            dropped,
        })
    }

    fn cancel(&mut self, number: u64) -> bool {
        let writing = self.writing.get(&number);
        let is_cancelled = writing.is_some_and(|writing| writing.ticket.cancel());
        if is_cancelled && let Some(writing) = self.writing.remove(&number) {
            self.writing_bytes -= writing.bytes;
        }
        is_cancelled
    }

    fn place(&self, entry: Entry) -> Option<Place> {
        match entry {
            Entry::None | Entry::Waiting(_) => None,
            Entry::Storing(number, _) => {
                let writing = self.writing.get(&number)?;
                Some(Place::Ticket(writing.ticket.clone()))
            }
            Entry::Stored(id) => Some(Place::Id(id)),
        }
    }

    fn changes(&mut self, done: impl Future<Output = Result<(), SpoolError>> + Send + 'static) {
        let usage = self.thread.usage();
        self.jobs
            .spawn(async move { Done::Changed(done.await, usage.await) });
    }

    fn used(&mut self, usage: &Usage) {
        if let Ok(bytes) = usage {
            self.bytes = *bytes;
        }
    }
}

fn log(error: &SpoolError) {
    tracing::error!(%error, "the spool cannot take data; they are in memory alone");
}
