//! One destination, put together: its view, window, delivery and account.

use crate::clock::Clock;
use crate::collect::intake::Intake;
use crate::collect::window::Window;
use crate::control::milestones::Milestones;
use crate::control::shared::SharedPipeline;
use crate::delivery::Delivery;
use crate::delivery::alarm::sleep_until;
use crate::delivery::ledger::FlushId;
use crate::delivery::pack::Packer;
use crate::delivery::unqueued::Unqueued;
use crate::journal::{Recovered, Writer};
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::sink::AnySink;
use crate::reduce::{Reducer, Stamp};
use crate::report::self_metrics::{Account, SelfMetrics};
use crate::settings::Config;
use crate::view::{Gained, View, What};
use metrics_recording::Event;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;
use tokio::time::Instant;

/// What a destination is made of.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) view: View,
    pub(crate) sink: Arc<dyn AnySink>,
    pub(crate) journal: Option<(Writer, Recovered)>,
    /// Another process or exporter has its journal, and it goes on without.
    pub(crate) is_journal_held: bool,
}

pub(crate) struct Pipeline {
    config: Config,
    view: View,
    pub(crate) delivery: Delivery,
    shared: SharedPipeline,
    milestones: Milestones,
    /// What the exporter reports about itself, if it is to.
    self_metrics: Option<SelfMetrics>,
    pub(crate) window: Window,
    /// Whether some of this window was sent before, so that gauges have been told in it.
    pub(crate) is_cut: bool,
}

impl Pipeline {
    pub(crate) fn new(parts: Parts, clock: &Arc<dyn Clock>, shared: SharedPipeline) -> Self {
        let Parts {
            config,
            view,
            sink,
            journal,
            is_journal_held: _,
        } = parts;
        let milestones = Milestones::new(&config, &*sink, journal.as_ref());
        let names = *sink.profile().name_rules();
        let evicted = view.evicted_bytes().clone();
        let ledger = Arc::clone(&shared.ledger);
        Self {
            window: Window::at(clock.now(), config.period()),
            self_metrics: (config.reports_itself).then(|| SelfMetrics::new(&config, names)),
            delivery: Delivery::new(sink, Arc::clone(clock), &config, journal, evicted, ledger),
            config,
            view,
            shared,
            milestones,
            is_cut: false,
        }
    }

    /// Returns when something happened. May be dropped and called again at any time.
    pub(crate) async fn next(&mut self, is_stopping: bool) {
        let ledger = &self.shared.ledger;
        let said_at = ledger.refusals_said_at();
        tokio::select! {
            biased;
            () = self.delivery.next(is_stopping) => {}
            () = sleep_until(said_at) => {}
        }
        ledger.say_refusals(false);
        self.settle();
    }

    /// Ends, when the disk has what it is to have, or at the deadline.
    pub(crate) async fn close(&mut self, deadline: Option<Instant>) {
        self.delivery.close(deadline).await;
        self.settle();
        self.settle_totals(false);
    }

    /// Delivery came to its end: what is to be said still.
    pub(crate) fn say_last(&self) {
        self.shared.ledger.say_refusals(true);
    }

    /// Takes over what an application put.
    pub(crate) fn take_in(&mut self) {
        let mut packer = self.delivery.packer(&self.config);
        let mut unqueued = Unqueued::new(&self.shared.ledger);
        pack(&self.shared.intake, &mut packer, &mut unqueued);
        let batches = packer.finish();
        self.delivery.push(batches);
        unqueued.queued();
        self.settle();
    }

    pub(crate) fn say_start(&self) {
        self.milestones.started();
    }

    /// What is to be done after data were queued or sent.
    pub(crate) fn settle(&mut self) {
        self.milestones.look(&self.shared.ledger);
        self.delivery.pay_waiting();
        self.delivery.set_levels();
        self.shared.intake.set_queued(self.delivery.bytes());
    }

    /// The view has told what it had to, for the last time if nothing `is_to_come`: what totals had that have no next one is
    /// lost.
    pub(crate) fn settle_totals(&mut self, is_to_come: bool) {
        let view = &self.view;
        (self.delivery).lose_unpaid(!is_to_come, |total| view.goes_on(total));
    }

    /// From now on nothing is taken in. What waits can still be taken.
    pub(crate) fn close_intake(&self) {
        self.shared.intake.close();
    }

    /// A flush begins that waits for all that is not settled, and for what the next snapshot tells.
    pub(crate) fn open_flush(&self) -> FlushId {
        let (first, data, amount) = self.delivery.unsettled();
        self.shared.ledger.open_flush(first, data, amount)
    }

    /// All that a flush waits for is queued: it is sent at once.
    pub(crate) fn hurry(&mut self, flush: FlushId) {
        let next = self.delivery.next_number();
        self.shared.ledger.bound_flush(flush, next);
        self.delivery.hurry();
    }

    /// After a panic: without a journal, nobody knows what became of what the ledger takes for pending still.
    pub(crate) fn give_up_the_rest(&self) {
        if !self.shared.has_journal {
            self.shared.ledger.give_up_pending();
        }
    }

    /// A snapshot begins. If it `closes` the window, that is at this time at the end.
    pub(crate) fn begin_snapshot(
        &mut self,
        end: SystemTime,
        closes: bool,
        purpose: Purpose,
    ) -> Gathering<'_> {
        let sends = purpose == Purpose::Sending;
        let is_first = closes && !self.is_cut;
        self.is_cut |= closes;
        let is_stamped_at_end = self.view.begin(end);
        let stamp = Stamp {
            timestamp: if is_stamped_at_end {
                end
            } else {
                self.window.start()
            },
            storage_resolution: self.config.storage_resolution(),
        };
        Gathering {
            view: &mut self.view,
            reducer: Reducer::new(stamp, self.delivery.profile().distribution_form()),
            packer: sends.then(|| self.delivery.packer(&self.config)),
            unqueued: Unqueued::new(&self.shared.ledger),
            delivery: &self.delivery,
            shared: &self.shared,
            self_metrics: self.self_metrics.as_mut().filter(|_| is_first && sends),
            stamp,
            closes,
            is_first,
        }
    }
}

/// What a snapshot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sending,
    /// Only to account for what is lost.
    Counting,
}

/// A snapshot as one destination takes it.
pub(crate) struct Gathering<'a> {
    view: &'a mut View,
    reducer: Reducer,
    /// None, if nothing is sent any more.
    packer: Option<Packer<'a>>,
    unqueued: Unqueued,
    delivery: &'a Delivery,
    shared: &'a SharedPipeline,
    self_metrics: Option<&'a mut SelfMetrics>,
    stamp: Stamp,
    closes: bool,
    /// Whether it is the first of this window that sends something.
    is_first: bool,
}

/// Tells all destinations of an event, also those that come after one that panics: they only count it.
#[inline]
pub(crate) fn tell(gatherings: &mut [Gathering<'_>], event: &Event<'_>) {
    let mut untold = Untold {
        gatherings: gatherings.iter_mut(),
        event,
    };
    for one in untold.gatherings.by_ref() {
        one.hear(event);
    }
}

struct Untold<'u, 'g> {
    gatherings: std::slice::IterMut<'u, Gathering<'g>>,
    event: &'u Event<'u>,
}

impl Drop for Untold<'_, '_> {
    fn drop(&mut self) {
        for one in &mut self.gatherings {
            one.packer = None;
            one.hear(self.event);
        }
    }
}

impl Gathering<'_> {
    #[inline]
    fn hear(&mut self, event: &Event<'_>) {
        let Self {
            view,
            reducer,
            packer,
            unqueued,
            delivery,
            ..
        } = self;
        view.hear(event, self.closes, &mut |gained| {
            take(&gained, reducer, delivery, packer.as_mut(), unqueued);
        });
    }

    /// The snapshot is over: what there is to queue.
    pub(crate) fn end(self, all: &[SharedPipeline], now: SystemTime) -> (Vec<Batch>, Unqueued) {
        let Self {
            view,
            mut reducer,
            mut packer,
            mut unqueued,
            delivery,
            shared,
            self_metrics,
            stamp,
            closes,
            is_first,
        } = self;
        let mut each = |gained: Gained<'_>| {
            take(
                &gained,
                &mut reducer,
                delivery,
                packer.as_mut(),
                &mut unqueued,
            );
        };
        view.end(closes, is_first, &mut each);
        shared.ledger.refused(&reducer.into_refused());
        let Some(mut packer) = packer else {
            let put = shared.intake.take();
            put.for_each(|datum| unqueued.add(&datum));
            return (Vec::new(), unqueued);
        };
        if let Some(self_metrics) = self_metrics {
            let accounts: Vec<Account> = all.iter().map(SharedPipeline::account).collect();
            for datum in self_metrics.data(&accounts, stamp, now) {
                if delivery.check(&datum).is_ok() {
                    packer.push(datum);
                }
            }
        }
        if closes {
            pack(&shared.intake, &mut packer, &mut unqueued);
        }
        (packer.finish(), unqueued)
    }
}

/// Takes what was put.
fn pack(intake: &Intake, packer: &mut Packer<'_>, unqueued: &mut Unqueued) {
    let put: Vec<Datum> = intake.take().collect();
    for datum in &put {
        unqueued.add(datum);
    }
    for datum in put {
        packer.push(datum);
    }
}

#[inline]
fn take(
    gained: &Gained<'_>,
    reducer: &mut Reducer,
    delivery: &Delivery,
    packer: Option<&mut Packer<'_>>,
    unqueued: &mut Unqueued,
) {
    if let Some(datum) = reducer.reduce(gained) {
        unqueued.add(&datum);
        let Some(packer) = packer else {
            return;
        };
        match delivery.check(&datum) {
            Ok(()) => packer.push(datum),
            // Once, not in every window that repeats it.
            Err(_) if matches!(gained.what, What::Unchanged(_)) => {}
            Err(reason) => reducer.refuse_datum(&datum, &reason),
        }
    }
}

/// Returns when the first of these does; the one with this number is asked first, so that none is always last.
pub(crate) async fn first_of<F: Future<Output = ()>>(
    futures: impl Iterator<Item = F>,
    turn: usize,
) {
    let mut all: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let first = turn % all.len().max(1);
    all.rotate_left(first);
    poll_fn(|context| {
        let is_ready = all
            .iter_mut()
            .any(|one| one.as_mut().poll(context).is_ready());
        if is_ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Returns when all of these have.
pub(crate) async fn all_of<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut all: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[tokio::test]
    async fn of_several_that_are_ready_another_one_is_first_each_time() {
        let polled = RefCell::new(Vec::new());
        for turn in 0..5 {
            let futures = (0..3).map(|number| {
                let polled = &polled;
                async move { polled.borrow_mut().push(number) }
            });
            first_of(futures, turn).await;
        }
        assert_eq!(polled.into_inner(), [0, 1, 2, 0, 1]);
    }
}
