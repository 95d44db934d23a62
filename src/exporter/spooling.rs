//! Keeps what is undelivered on disk, beside the queue in memory.

use super::parcel::Parcel;
use super::stats::Amount;
use crate::encode::pack::Batch;
use crate::encode::stored;
use crate::spool::{AppendError, Appended, EntryId, Recovered, SpoolError, SpoolThread};
use std::collections::{HashMap, VecDeque};
use tokio::task::JoinSet;

/// Where a parcel is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nowhere.
    #[default]
    None,
    /// It is being written; the number is a ticket for what comes of it.
    Storing(u64),
    Stored(EntryId),
}

#[derive(Debug)]
pub(super) struct Spooling {
    thread: SpoolThread,
    jobs: JoinSet<Done>,
    tickets: u64,
    /// On disk and not in memory, oldest first.
    on_disk: VecDeque<OnDisk>,
    /// What left the memory while it was being written.
    left_early: HashMap<u64, Amount>,
    is_loading: bool,
    is_failing: bool,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OnDisk {
    id: EntryId,
    /// An attempt had begun, whose fate is not known.
    is_begun: bool,
    /// None, if another process recorded it.
    pub(super) amount: Option<Amount>,
}

/// Bytes on disk.
type Usage = Result<u64, SpoolError>;

#[derive(Debug)]
enum Done {
    Stored(u64, Result<Appended, AppendError>, Usage),
    Loaded(OnDisk, Result<Vec<u8>, SpoolError>),
    Changed(Result<(), SpoolError>, Usage),
}

/// What the disk has to say.
#[derive(Debug)]
pub(super) enum News {
    /// The parcel with this ticket has its entry, or none; the entries listed are gone.
    Stored(u64, Entry, Vec<EntryId>),
    Loaded(OnDisk, Batch),
    /// It was not readable.
    Lost(OnDisk),
    Nothing,
}

impl Spooling {
    pub(super) fn new(thread: SpoolThread, recovered: Recovered) -> Self {
        if recovered.torn_entries > 0 {
            tracing::error!(
                entries = recovered.torn_entries,
                bytes = recovered.torn_bytes,
                "the spool was damaged; so much of it is lost"
            );
        }
        let on_disk = recovered.entries.into_iter();
        let on_disk = on_disk.map(|entry| OnDisk {
            id: entry.id,
            is_begun: entry.is_begun,
            amount: None,
        });
        Self {
            thread,
            jobs: JoinSet::new(),
            tickets: 0,
            on_disk: on_disk.collect(),
            left_early: HashMap::new(),
            is_loading: false,
            is_failing: false,
            bytes: 0,
        }
    }

    /// Begins to write a parcel.
    pub(super) fn store(&mut self, parcel: &mut Parcel) {
        let data: Vec<_> = parcel.data().collect();
        let bytes = stored::write(&parcel.batch, data.into_iter());
        self.tickets += 1;
        let ticket = self.tickets;
        parcel.entry = Entry::Storing(ticket);
        let (append, usage) = (self.thread.append(bytes), self.thread.usage());
        self.jobs.spawn(async move {
            let appended = append.await;
            Done::Stored(ticket, appended, usage.await)
        });
    }

    /// Its attempt begins when this is over.
    pub(super) fn begin(&self, entry: Entry) -> Option<impl Future<Output = ()> + Send + use<>> {
        let Entry::Stored(id) = entry else {
            return None;
        };
        let marked = self.thread.mark(id);
        Some(async move {
            // Data go before a note about them.
            if let Err(error) = marked.await {
                tracing::debug!(%error, "an attempt could not be noted");
            }
        })
    }

    /// Its attempt surely did not arrive.
    pub(super) fn take_back(&mut self, entry: Entry) {
        if let Entry::Stored(id) = entry {
            let done = self.thread.unmark(id);
            let usage = self.thread.usage();
            self.jobs
                .spawn(async move { Done::Changed(done.await, usage.await) });
        }
    }

    /// It is settled.
    pub(super) fn discard(&mut self, entry: Entry) {
        if let Entry::Stored(id) = entry {
            let done = self.thread.remove(id);
            let usage = self.thread.usage();
            self.jobs
                .spawn(async move { Done::Changed(done.await, usage.await) });
        }
    }

    /// Leaves a parcel that there is no room for to the disk alone; gives whether it is there.
    pub(super) fn leave(&mut self, parcel: &Parcel) -> bool {
        match parcel.entry {
            Entry::None => return false,
            Entry::Storing(ticket) => {
                self.left_early.insert(ticket, parcel.amount());
            }
            Entry::Stored(id) => self.on_disk.push_back(OnDisk {
                id,
                is_begun: parcel.is_repeated,
                amount: Some(parcel.amount()),
            }),
        }
        true
    }

    /// Begins to read the oldest that is on disk alone, if there is any, and none is being read.
    pub(super) fn load(&mut self) {
        if self.is_loading {
            return;
        }
        let Some(oldest) = self.on_disk.pop_front() else {
            return;
        };
        self.is_loading = true;
        let bytes = self.thread.read(oldest.id);
        self.jobs
            .spawn(async move { Done::Loaded(oldest, bytes.await) });
    }

    /// Takes an entry off the list of those that are on disk alone, as it is gone.
    pub(super) fn forget(&mut self, id: EntryId) -> Option<OnDisk> {
        let place = self.on_disk.iter().position(|one| one.id == id)?;
        self.on_disk.remove(place)
    }

    /// What is done next; never, if nothing is to be done. May be dropped and called again.
    pub(super) async fn next(&mut self) -> News {
        let Some(done) = self.jobs.join_next().await else {
            return std::future::pending().await;
        };
        if let Ok(Done::Stored(_, _, Ok(bytes)) | Done::Changed(_, Ok(bytes))) = &done {
            self.bytes = *bytes;
        }
        match done {
            Ok(Done::Stored(ticket, Ok(Appended { id, dropped }), _)) => {
                self.works();
                if let Some(amount) = self.left_early.remove(&ticket) {
                    self.on_disk.push_back(OnDisk {
                        id,
                        is_begun: false,
                        amount: Some(amount),
                    });
                }
                News::Stored(ticket, Entry::Stored(id), dropped)
            }
            Ok(Done::Stored(ticket, Err(AppendError { dropped, reason }), _)) => {
                self.fails(&reason);
                News::Stored(ticket, Entry::None, dropped)
            }
            Ok(Done::Loaded(entry, bytes)) => {
                self.is_loading = false;
                self.loaded(entry, bytes)
            }
            Ok(Done::Changed(Err(error), _)) => {
                self.fails(&error);
                News::Nothing
            }
            // Only a runtime that ends cancels them.
            Ok(Done::Changed(Ok(()), _)) | Err(_) => News::Nothing,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The data of what left early and could not be written.
    pub(super) fn lost_early(&mut self, ticket: u64) -> Option<Amount> {
        self.left_early.remove(&ticket)
    }

    /// Waits until all is on disk.
    pub(super) async fn close(self) {
        if let Err(error) = self.thread.close().await {
            self::log(&error);
        }
    }

    fn loaded(&mut self, entry: OnDisk, bytes: Result<Vec<u8>, SpoolError>) -> News {
        let batch = match bytes {
            Ok(bytes) => stored::read(&bytes).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match batch {
            Ok(batch) => News::Loaded(entry, batch),
            Err(error) => {
                tracing::error!(error, "an entry of the spool is lost");
                self.discard(Entry::Stored(entry.id));
                News::Lost(entry)
            }
        }
    }

    fn fails(&mut self, error: &SpoolError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            log(error);
        }
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the spool takes data again");
        }
    }
}

impl OnDisk {
    /// It goes on as a parcel.
    pub(super) fn into_parcel(self, number: u64, batch: Batch) -> Parcel {
        let mut parcel = Parcel::new(number, batch);
        parcel.entry = Entry::Stored(self.id);
        parcel.is_repeated = self.is_begun;
        parcel
    }
}

fn log(error: &SpoolError) {
    tracing::error!(%error, "the spool cannot take data; they are in memory alone");
}
