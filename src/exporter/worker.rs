//! The background task: drains at each window's end, and joins the stages.

use super::clock::Clock;
use super::delivery::{Delivery, Event};
use super::flush::{FlushReport, Flushes, Outcome, Reply};
use super::handle::Command;
use super::queue::{Queue, Queued};
use super::stats::{Amount, Ledger};
use crate::config::Config;
use crate::encode::Encoder;
use crate::encode::pack::Packer;
use crate::refusal::{Refusal, Refused};
use crate::registry::Registry;
use crate::sink::{SendError, Sink};
use crate::window::Window;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

pub(super) struct Worker {
    config: Config,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    delivery: Delivery,
    flushes: Flushes,
    window: Window,
    /// Whether this window was drained before, so that gauges have been told in it.
    is_drained: bool,
}

/// Who may still want something.
pub(super) struct Callers {
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) recorders: mpsc::Receiver<Infallible>,
}

impl Worker {
    pub(super) fn new(
        config: Config,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        ledger: Arc<Ledger>,
        sink: Arc<dyn Sink>,
    ) -> Self {
        Self {
            window: Window::at(clock.now(), config.storage_resolution),
            delivery: Delivery::new(sink, Queue::new(config.queue_bytes)),
            flushes: Flushes::new(config.flush_timeout),
            is_drained: false,
            config,
            registry,
            clock,
            ledger,
        }
    }

    /// Runs until it is shut down, or every handle and every recorder is gone.
    pub(super) async fn run(mut self, callers: Callers) {
        let Callers {
            mut commands,
            mut recorders,
        } = callers;
        let (mut has_handles, mut has_recorders, mut is_stopping) = (true, true, false);
        while !is_stopping || !self.flushes.is_empty() {
            // Every time round, so that a clock that was set is never overlooked.
            self.catch_up();
            tokio::select! {
                biased;
                command = commands.recv(), if has_handles && !is_stopping => match command {
                    Some(Command::Flush(reply)) => self.flush(reply),
                    Some(Command::Shutdown(reply)) => {
                        self.flush(reply);
                        is_stopping = true;
                    }
                    None => {
                        has_handles = false;
                        is_stopping = !has_recorders;
                        self.flush(Box::new(|report| log_loss(&report)));
                    }
                },
                // Nothing ever comes from there but the end.
                _ = recorders.recv(), if has_recorders => {
                    has_recorders = false;
                    if !has_handles {
                        is_stopping = true;
                        self.flush(Box::new(|report| log_loss(&report)));
                    }
                }
                () = self.clock.sleep_until(self.window.end()) => {}
                event = self.delivery.next() => self.account(event),
                () = self.flushes.out_of_time() => self.flushes.expire(|| self.delivery.pending()),
            }
        }
    }

    /// Closes the window if its time is over, whatever the time is now: its data keep its stamp.
    fn catch_up(&mut self) {
        if let Some(next) = self.window.next(self.clock.now()) {
            let _ = self.drain();
            self.window = next;
            self.is_drained = false;
        }
    }

    fn flush(&mut self, reply: Reply) {
        self.catch_up();
        let refused = self.drain();
        self.delivery.hurry();
        let unsettled = self.delivery.pending().count();
        let report = FlushReport {
            refused,
            ..FlushReport::default()
        };
        self.flushes
            .add(self.delivery.next_number(), unsettled, report, reply);
    }

    /// Drains all series into the queue; gives what was refused.
    fn drain(&mut self) -> Vec<Refused> {
        let mut encoder = Encoder::new(&self.config, self.window);
        let mut packer = Packer::new(Arc::clone(&self.config.namespace));
        self.registry.drain(!self.is_drained, |drained| {
            if let Some(datum) = encoder.encode(&drained) {
                packer.push(datum);
            }
        });
        self.is_drained = true;
        let refused = encoder.into_refused();
        self.refuse(&refused);
        for batch in packer.finish() {
            for dropped in self.delivery.push(batch) {
                self.drop_batch(&dropped);
            }
        }
        self.tell_pending();
        refused
    }

    fn account(&mut self, event: Event) {
        match event {
            Event::Sent(queued) => {
                self.ledger.sent(&queued.batch);
                self.flushes.settle(&queued, &Outcome::Sent);
            }
            Event::Failed => self.ledger.failed_attempt(),
            Event::Rejected(queued, error) => self.reject(&queued, &error),
            Event::Dropped(queued) => {
                self.ledger.failed_attempt();
                self.drop_batch(&queued);
            }
        }
        self.tell_pending();
    }

    fn reject(&mut self, queued: &Queued, error: &SendError) {
        tracing::error!(%error, data = queued.batch.data().len(), "a request was rejected");
        let (code, message) = match error {
            SendError::Rejected { code, message } => (code.clone(), message.clone()),
            SendError::Transient(source) => (String::new(), source.to_string()),
        };
        let reason = Refusal::Rejected { code, message };
        let data = queued.batch.data().iter();
        let refused: Vec<Refused> = data
            .map(|datum| Refused {
                kind: datum.origin.kind,
                key: datum.origin.key.clone(),
                reason: reason.clone(),
                samples: datum.origin.samples,
            })
            .collect();
        self.refuse(&refused);
        self.flushes.settle(queued, &Outcome::Refused(&refused));
    }

    fn refuse(&self, refused: &[Refused]) {
        for news in self.ledger.refused(refused) {
            tracing::warn!("{news}");
        }
    }

    fn drop_batch(&mut self, queued: &Queued) {
        self.ledger.dropped(&queued.batch);
        self.flushes.settle(queued, &Outcome::Dropped);
    }

    fn tell_pending(&self) {
        self.ledger.pending(Amount::of(self.delivery.pending()));
    }
}

/// Says what an exporter that nobody asks any more could not deliver.
fn log_loss(report: &FlushReport) {
    if !report.dropped.is_zero() || !report.pending.is_zero() {
        tracing::error!(
            dropped = report.dropped.samples,
            pending = report.pending.samples,
            "the last handle was dropped, and not all samples were delivered in time"
        );
    }
}
