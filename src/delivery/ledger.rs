//! The account of all data: what entered, and what became of it.
//!
//! Of all data, and of all samples in them, at any time:
//!
//! ```text
//! entered = delivered + handed over + refused + ambiguous + dropped + pending
//! ```
//!
//! [`Stats`](crate::Stats), each [`FlushReport`](crate::FlushReport) and what the exporter reports about itself are read
//! from here, so that they cannot disagree.

use crate::clock::Clock;
use crate::delivery::condition::Condition;
use crate::delivery::refusal_log::{Lines, RefusalLog};
use crate::delivery::refusals::{Added, ListRoom, Refusals};
use crate::model::amount::Amount;
use crate::model::cut::cut_key;
use crate::model::refusal::Refused;
use crate::model::returned::Returned;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// What became of data.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Delivered,
    /// Nobody says what becomes of them.
    HandedOver,
    /// They may have arrived, and are not tried again.
    Ambiguous,
    Dropped,
    Refused(Vec<Refused>),
}

/// Data of one batch with one outcome.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    /// All of them, those about the exporter itself included.
    pub(crate) data: usize,
    pub(crate) amount: Amount,
    /// An earlier attempt may have arrived, too.
    pub(crate) is_repeated: bool,
    pub(crate) outcome: Outcome,
    /// Totals among them that came to nothing. Their samples are not in the amount.
    pub(crate) returned: Vec<Returned>,
}

impl Settled {
    /// There is no total that has the samples of one that came to nothing.
    pub(crate) fn lost(returned: &Returned, outcome: Outcome) -> Self {
        Self {
            data: 0,
            amount: Amount {
                data: 0,
                samples: returned.samples,
            },
            is_repeated: false,
            outcome,
            returned: Vec::new(),
        }
    }

    /// What became of one of these totals.
    pub(crate) fn outcome_of(&self, returned: &Returned) -> Outcome {
        let Outcome::Refused(refused) = &self.outcome else {
            return self.outcome.clone();
        };
        let (kind, key) = (Some(returned.kind), &returned.key);
        let mut all = refused.iter();
        let cut = cut_key(key);
        let its = all.find(|one| one.kind == kind && one.key == cut);
        // Or it was not said which they are.
        let lost = its.or(refused.first());
        let lost = lost.map(|one| Refused::new(kind, key, &one.reason, returned.samples));
        Outcome::Refused(lost.into_iter().collect())
    }
}

impl Outcome {
    /// Whether data left for good.
    pub(crate) fn has_left(&self) -> bool {
        matches!(self, Self::Delivered | Self::HandedOver)
    }
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    Answered,
    Refused,
    Failed,
    Throttled,
    Ambiguous,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) entered: Amount,
    pub(crate) delivered: Amount,
    pub(crate) handed_over: Amount,
    /// Of those that were delivered or handed over.
    pub(crate) repeated: Amount,
    pub(crate) refused: Amount,
    pub(crate) ambiguous: Amount,
    pub(crate) dropped: Amount,
    pub(crate) pending: Amount,
}

/// How many attempts went how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    pub(crate) throttled: u64,
    pub(crate) ambiguous: u64,
    pub(crate) last_success: Option<SystemTime>,
}

/// How things are now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) queue_bytes: usize,
    pub(crate) journal_bytes: u64,
    pub(crate) journal_writing_bytes: usize,
    /// Of what is pending, what is in the journal alone.
    pub(crate) journaled: Amount,
    /// Of that, what this process recorded.
    pub(crate) own_journaled: Amount,
    /// Of what is pending, what waits until a search has found the bad data.
    pub(crate) in_doubt: Amount,
    /// The time stamp of the oldest that is pending.
    pub(crate) oldest: Option<SystemTime>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) account: Account,
    pub(crate) attempts: Attempts,
    pub(crate) levels: Levels,
    pub(crate) refusals: Refusals,
    pub(crate) condition: Condition,
    /// Of what was dropped, what was lost before it was queued.
    pub(crate) unqueued: Amount,
    refusal_log: RefusalLog,
    /// Of what entered, what an earlier process had left in the journal.
    pub(crate) restored: Amount,
    /// Records of the journal that were damaged, or dropped for its bound.
    pub(crate) lost_records: u64,
    /// Records of the journal that a later version wrote.
    pub(crate) later_records: u64,
    /// What the journal's folder had under a record's name at the start, and is not the journal's.
    pub(crate) refused_files: u64,
    /// Another process or exporter has the journal.
    pub(crate) is_journal_held: bool,
    flushes: BTreeMap<FlushId, FlushAccount>,
    opened: u64,
}

/// A flush's own account: of what it waits for.
#[derive(Debug)]
pub(crate) struct FlushAccount {
    /// The numbers of the batches.
    covers: Range<u64>,
    /// Data of theirs that are not settled.
    unsettled: usize,
    pub(crate) account: Account,
    /// The first of them, as many as a [list](ListRoom) may have.
    pub(crate) refused: Vec<Refused>,
    room: ListRoom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlushId(u64);

pub(crate) struct Ledger {
    books: Mutex<Books>,
    /// Never read under the lock: it may be an application's.
    pub(super) clock: Arc<dyn Clock>,
}

impl Ledger {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let books = Mutex::default();
        Self { books, clock }
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock()
    }

    /// A batch was queued.
    pub(crate) fn entered(&self, number: u64, data: usize, amount: Amount) {
        let mut books = self.books.lock();
        books.account.enter(amount);
        for flush in books.covering(number) {
            flush.account.enter(amount);
            flush.unsettled += data;
        }
    }

    /// A batch of an earlier process was read: no flush waits for it.
    pub(crate) fn restored(&self, amount: Amount) {
        let mut books = self.books.lock();
        books.account.enter(amount);
        books.restored.add(amount);
    }

    /// Samples were refused before they got into a batch.
    pub(crate) fn refused(&self, refused: &[Refused]) {
        if refused.is_empty() {
            return;
        }
        let now = self.clock.now();
        let mut books = self.books.lock();
        books.condition.refused(now);
        books.account.refuse(refused);
        let open = books.flushes.values_mut();
        for flush in open.filter(|flush| flush.covers.end == u64::MAX) {
            flush.account.refuse(refused);
            flush.list(refused);
        }
        let lines = books.list(refused, Instant::now());
        drop(books);
        lines.say();
    }

    /// When the log is to say how many refusals it has not said, if there are any.
    pub(crate) fn refusals_said_at(&self) -> Option<Instant> {
        self.books.lock().refusal_log.due()
    }

    /// Says how many refusals the log has not said, if that is due, or delivery ends.
    pub(crate) fn say_refusals(&self, ends: bool) {
        let lines = self.books.lock().refusal_log.turn(Instant::now(), ends);
        lines.say();
    }

    pub(crate) fn settle(&self, number: u64, settled: &Settled) {
        let now = self.clock.now();
        let mut books = self.books.lock();
        books.condition.settled(&settled.outcome, now);
        books.account.settle(settled);
        for flush in books.covering(number) {
            flush.account.settle(settled);
            flush.unsettled -= settled.data;
            if let Outcome::Refused(refused) = &settled.outcome {
                flush.list(refused);
            }
        }
        if let Outcome::Refused(refused) = &settled.outcome {
            let lines = books.list(refused, Instant::now());
            drop(books);
            lines.say();
        }
    }

    /// How many flushes have begun so far.
    pub(crate) fn opened(&self) -> u64 {
        self.books.lock().opened
    }

    /// A batch has samples from now on that an earlier one had, which came to nothing when so many flushes had `opened`.
    /// They are pending already, but for flushes that began later, or do not wait for the earlier one.
    pub(crate) fn passed_on(&self, from: u64, opened: u64, to: u64, samples: u64) {
        let mut books = self.books.lock();
        let flushes = books.flushes.iter_mut();
        let waits = flushes.filter(|(_, flush)| flush.covers.contains(&to));
        for (id, flush) in waits {
            if id.0 > opened || !flush.covers.contains(&from) {
                flush.account.enter(Amount { data: 0, samples });
            }
        }
    }

    pub(crate) fn attempted(&self, attempted: Attempted, now: SystemTime) {
        let attempts = &mut self.books.lock().attempts;
        let is_failure = !matches!(attempted, Attempted::Answered | Attempted::Refused);
        attempts.failed += u64::from(is_failure);
        match attempted {
            Attempted::Answered => {
                attempts.answered += 1;
                attempts.last_success = Some(now);
            }
            Attempted::Refused => attempts.refused += 1,
            Attempted::Failed => {}
            Attempted::Throttled => attempts.throttled += 1,
            Attempted::Ambiguous => attempts.ambiguous += 1,
        }
    }

    pub(crate) fn set_levels(&self, levels: Levels) {
        self.books.lock().levels = levels;
    }

    /// A flush begins: it waits for the batches from `first` on that are not settled, so much and so many data, and for
    /// all that [a snapshot tells](Self::bound_flush) now.
    pub(crate) fn open_flush(&self, first: u64, data: usize, amount: Amount) -> FlushId {
        let mut books = self.books.lock();
        books.opened += 1;
        let id = FlushId(books.opened);
        let mut account = Account::default();
        account.enter(amount);
        let flush = FlushAccount {
            covers: first..u64::MAX,
            unsettled: data,
            account,
            refused: Vec::new(),
            room: ListRoom::default(),
        };
        books.flushes.insert(id, flush);
        id
    }

    /// All that a flush waits for is queued; it does not wait for what is queued from this number on.
    pub(crate) fn bound_flush(&self, id: FlushId, end: u64) {
        if let Some(flush) = self.books.lock().flushes.get_mut(&id) {
            flush.covers.end = end;
        }
    }

    /// Whether all that a flush waits for is settled.
    pub(crate) fn is_settled(&self, id: FlushId) -> bool {
        let books = self.books.lock();
        let flush = books.flushes.get(&id);
        flush.is_none_or(|flush| flush.unsettled == 0)
    }

    /// The numbers of the batches that a flush waits for.
    pub(crate) fn covers(&self, id: FlushId) -> Range<u64> {
        let books = self.books.lock();
        let flush = books.flushes.get(&id);
        flush.map_or(0..0, |flush| flush.covers.clone())
    }

    pub(crate) fn close_flush(&self, id: FlushId) -> Option<FlushAccount> {
        self.books.lock().flushes.remove(&id)
    }
}

impl Books {
    /// Lists what was refused, and gives what the log says of it. It is said without the lock: whoever reads the log may
    /// ask for the accounts.
    fn list(&mut self, refused: &[Refused], now: Instant) -> Lines {
        let Added { new, is_full } = self.refusals.add(refused);
        self.refusal_log.add(&new, is_full, now)
    }

    fn covering(&mut self, number: u64) -> impl Iterator<Item = &mut FlushAccount> {
        let flushes = self.flushes.values_mut();
        flushes.filter(move |flush| flush.covers.contains(&number))
    }
}

impl Account {
    fn enter(&mut self, amount: Amount) {
        self.entered.add(amount);
        self.pending.add(amount);
    }

    /// What never got into a datum: samples without data.
    fn refuse(&mut self, refused: &[Refused]) {
        for one in refused {
            let amount = Amount {
                data: 0,
                samples: one.samples,
            };
            self.entered.add(amount);
            self.refused.add(amount);
        }
    }

    fn settle(&mut self, settled: &Settled) {
        let outcome = match &settled.outcome {
            Outcome::Delivered => &mut self.delivered,
            Outcome::HandedOver => &mut self.handed_over,
            Outcome::Ambiguous => &mut self.ambiguous,
            Outcome::Dropped => &mut self.dropped,
            Outcome::Refused(_) => &mut self.refused,
        };
        outcome.add(settled.amount);
        self.pending.subtract(settled.amount);
        if settled.is_repeated && settled.outcome.has_left() {
            self.repeated.add(settled.amount);
        }
    }
}

impl FlushAccount {
    fn list(&mut self, refused: &[Refused]) {
        let room = &mut self.room;
        let listed = refused.iter().filter(|one| room.take(one));
        self.refused.extend(listed.cloned());
    }
}
