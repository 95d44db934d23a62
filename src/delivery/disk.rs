//! What the disk has to do with delivery: what it says, what is left to it, and what waits for it.

use crate::delivery::entry::Entry;
use crate::delivery::event::{Ending, Event, Loaded, RESTORED, Settled};
use crate::delivery::parcel::{Outcome, Parcel};
use crate::delivery::spooling::{Begun, News, Stored};
use crate::delivery::{Delivery, Mode};
use crate::journal::{EntryId, PATIENCE};
use tokio::time::Instant;

impl Delivery {
    /// What the disk has to say.
    pub(crate) fn hear(&mut self, news: News) -> Event {
        let mut event = Event::default();
        match news {
            News::Stored(stored) => self.stored(stored, &mut event),
            News::Loaded(on_disk, entry, batch) => {
                let is_restored = on_disk.number == RESTORED;
                let parcel = on_disk.into_parcel(entry, batch);
                event.loaded = Some(Loaded {
                    amount: parcel.amount(),
                    is_restored,
                });
                if parcel.is_repeated && parcel.batch.delivery() == Mode::AtMostOnce {
                    let settled = vec![parcel.ended(Ending::Ambiguous)];
                    let rest = Vec::new();
                    let given_up = self.follow(parcel.entry, Outcome { settled, rest }, None);
                    event.settled = given_up.settled;
                } else {
                    self.queue.push(parcel);
                }
            }
            News::Withdrawn(id) => self.gone(id),
            News::Lost(on_disk) => event.lost.push(on_disk.ended()),
            News::Nothing => {}
        }
        event
    }

    fn stored(&mut self, stored: Stored, event: &mut Event) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        let is_it = |parcel: &Parcel| matches!(parcel.entry, Entry::Storing(one, _) if one == stored.number);
        let in_flight = self.in_flight.values_mut();
        let in_flight = in_flight.map(|in_flight| (true, &mut in_flight.parcel));
        let waiting = self.queue.iter_mut().map(|parcel| (false, parcel));
        for (is_under_way, parcel) in in_flight.chain(waiting).filter(|one| is_it(one.1)) {
            parcel.entry = stored.id.map_or(Entry::None, Entry::Stored);
            if let Some(id) = stored.id
                && (is_under_way || parcel.is_repeated)
            {
                spool.mark(id);
            }
        }
        match (stored.left, stored.id) {
            (None, _) => {}
            (Some(left), None) => event.settled.push(left.ended()),
            (Some(left), Some(id)) => {
                if left.is_begun() {
                    spool.mark(id);
                }
                spool.left(id, left);
                event.settled.push(left.spooled());
            }
        }
        for id in stored.dropped {
            let spool = self.spool.as_mut();
            match spool.and_then(|spool| spool.forget(id)) {
                Some(on_disk) => event.lost.push(on_disk.ended()),
                None => self.gone(id),
            }
        }
    }

    /// A parcel is in memory alone.
    fn gone(&mut self, id: EntryId) {
        let in_flight = self.in_flight.values_mut();
        let in_flight = in_flight.map(|in_flight| &mut in_flight.parcel);
        let parcels = in_flight.chain(self.queue.iter_mut());
        for parcel in parcels.filter(|parcel| parcel.entry == Entry::Stored(id)) {
            parcel.entry = Entry::None;
        }
    }

    /// Gives the disk what it now has time for, and asks it for what there now is room for.
    pub(crate) fn ask_the_disk(&mut self, is_own: bool) {
        let Some(spool) = &mut self.spool else {
            return;
        };
        let now = Instant::now();
        let is_waiting = |parcel: &&mut Parcel| matches!(parcel.entry, Entry::Waiting(_));
        for parcel in self.queue.iter_mut().filter(is_waiting) {
            if spool.is_slow() || !spool.has_time() {
                break;
            }
            spool.store(parcel, Entry::None, now);
        }
        if self.queue.has_room() {
            spool.load(is_own);
        }
    }

    /// What there is no room for goes, or is left to the disk.
    pub(crate) fn overflow(&mut self) -> Vec<Settled> {
        let in_flight = self.bytes_in_flight();
        let mut settled = Vec::new();
        // What they keep of evicted series goes with them, though perhaps not at once.
        let mut freed = 0;
        while let Some(parcel) = self.queue.overflow(in_flight, freed) {
            freed += parcel.evicted_len();
            let left = self.spool.as_mut().and_then(|spool| spool.leave(&parcel));
            match left {
                Some(true) => settled.push(parcel.ended(Ending::Spooled)),
                // It is told when it is written.
                Some(false) => {}
                None => settled.push(parcel.dropped()),
            }
        }
        settled
    }

    /// Whether a parcel may be sent, as far as the disk goes: that had its time. If not, it waits on.
    pub(crate) fn admit(&mut self, mut parcel: Parcel, now: Instant) -> Option<Parcel> {
        let Some(spool) = &mut self.spool else {
            return Some(parcel);
        };
        let is_strict = parcel.batch.delivery() == Mode::AtMostOnce;
        let later = now + PATIENCE;
        match parcel.entry {
            Entry::Waiting(_) => {
                spool.is_behind();
                parcel.entry = Entry::None;
            }
            Entry::Storing(..) if spool.give_up(parcel.entry) => parcel.entry = Entry::None,
            // Sent, and then written as if it were not, it could be sent twice.
            Entry::Storing(number, _) if is_strict => {
                parcel.entry = Entry::Storing(number, later);
                self.queue.push(parcel);
                return None;
            }
            Entry::Stored(_) if is_strict && spool.is_slow() => {
                parcel.not_before = Some(later);
                self.queue.push(parcel);
                return None;
            }
            _ => {}
        }
        Some(parcel)
    }

    /// What came of the note that an attempt begins.
    pub(crate) fn begun(&mut self, mut parcel: Parcel, begun: Begun) -> Parcel {
        if let Some(spool) = &mut self.spool {
            match begun {
                Begun::Marked => {}
                Begun::Withdrawn => parcel.entry = Entry::None,
                Begun::Late(note) => spool.late_note(parcel.entry, note),
                Begun::Failed(error) => spool.fails(&error),
            }
        }
        parcel
    }

    /// Nothing was sent: it would not have been safe.
    pub(crate) fn hold_back(&mut self, mut parcel: Parcel, now: Instant) -> Event {
        if let Some(spool) = &mut self.spool {
            spool.take_back(parcel.entry);
        }
        parcel.not_before = Some(now + PATIENCE);
        self.queue.push(parcel);
        Event {
            settled: self.overflow(),
            ..Event::default()
        }
    }
}
