//! The background task: drains at each window's end, and joins the stages.

use super::delivery::{Delivery, Event, RESTORED};
use super::flush::{FlushReport, Flushes, Reply};
use super::handle::Command;
use super::idle::Idle;
use super::intake::Intake;
use super::spooling::Spooling;
use super::stats::{Amount, Ending, Ledger, Settled};
use super::telemetry::Telemetry;
use crate::clock::Clock;
use crate::config::Config;
use crate::encode::Encoder;
use crate::encode::pack::{Batch, Packer};
use crate::registry::Registry;
use crate::sink::Sink;
use crate::window::Window;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub(super) struct Worker {
    config: Config,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    ledger: Arc<Ledger>,
    intake: Arc<Intake>,
    delivery: Delivery,
    flushes: Flushes,
    idle: Idle,
    /// What it reports about itself, if it is to.
    telemetry: Option<Telemetry>,
    window: Window,
    /// What a full queue cost since data last went through.
    dropping: Amount,
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
        intake: Arc<Intake>,
        sink: Arc<dyn Sink>,
        spool: Option<Spooling>,
    ) -> Self {
        Self {
            window: Window::at(clock.now(), config.storage_resolution),
            delivery: Delivery::new(sink, Arc::clone(&clock), &config, spool),
            flushes: Flushes::new(config.flush_timeout),
            telemetry: config.reports_itself.then(|| Telemetry::new(&config)),
            idle: Idle::new(config.idle_flush_interval),
            dropping: Amount::default(),
            is_drained: false,
            config,
            registry,
            clock,
            ledger,
            intake,
        }
    }

    /// Runs until it is shut down, or every handle and every recorder is gone.
    pub(super) async fn run(mut self, callers: Callers) {
        let Callers {
            mut commands,
            mut recorders,
        } = callers;
        let (mut has_handles, mut has_recorders, mut is_stopping) = (true, true, false);
        self.idle.subscribe();
        while !is_stopping || !self.flushes.is_empty() {
            // Every time round, so that a clock that was set is never overlooked.
            let _ = self.catch_up();
            tokio::select! {
                // The clock comes last: it may return early, and must not keep the others waiting.
                biased;
                event = self.delivery.next() => self.account(&event),
                () = self.flushes.out_of_time() => self.flushes.expire(|| self.delivery.pending()),
                command = commands.recv(), if has_handles && !is_stopping => match command {
                    Some(Command::Flush(timeout, reply)) => self.flush(timeout, reply),
                    Some(Command::Shutdown(timeout, reply)) => {
                        self.intake.close();
                        self.flush(timeout, reply);
                        is_stopping = true;
                    }
                    None => {
                        has_handles = false;
                        is_stopping = !has_recorders;
                        self.flush(None, Box::new(|report| log_loss(&report)));
                    }
                },
                // Nothing ever comes from there but the end.
                _ = recorders.recv(), if has_recorders => {
                    has_recorders = false;
                    if !has_handles {
                        is_stopping = true;
                        self.flush(None, Box::new(|report| log_loss(&report)));
                    }
                }
                () = self.intake.has_a_request() => {
                    let mut packer = Packer::new(&self.config);
                    self.intake.take().into_iter().for_each(|datum| packer.push(datum));
                    let batches = packer.finish();
                    let _ = self.queue(batches);
                }
                () = self.idle.due() => {
                    let _ = self.drain();
                }
                () = self.clock.sleep_until(self.window.end()) => tokio::task::yield_now().await,
            }
        }
        self.delivery.close().await;
    }

    /// Closes the window if its time is over, whatever the time is now: its data keep its stamp.
    fn catch_up(&mut self) -> FlushReport {
        let Some(next) = self.window.next(self.clock.now()) else {
            return FlushReport::default();
        };
        let drained = self.drain();
        self.window = next;
        self.is_drained = false;
        self.delivery.spread();
        drained
    }

    fn flush(&mut self, timeout: Option<Duration>, reply: Reply) {
        let mut report = self.catch_up();
        let rest = self.drain();
        report.refused.extend(rest.refused);
        report.dropped.add(rest.dropped);
        report.ambiguous.add(rest.ambiguous);
        report.spooled.add(rest.spooled);
        self.delivery.hurry();
        let pending = self.delivery.pending();
        let pending = pending.filter(|parcel| parcel.number != RESTORED);
        let unsettled = pending.map(|parcel| parcel.data().count()).sum();
        let end = self.delivery.next_number();
        self.flushes.add(end, unsettled, timeout, report, reply);
    }

    /// Drains all series into the queue; gives what was refused, and what had to go for it.
    fn drain(&mut self) -> FlushReport {
        let mut encoder = Encoder::new(&self.config, self.window);
        let mut packer = Packer::new(&self.config);
        let now = self.clock.now();
        self.registry.drain(now, !self.is_drained, |drained| {
            if let Some(datum) = encoder.encode(&drained) {
                packer.push(datum);
            }
        });
        let refused = encoder.into_refused();
        self.ledger.refused(&refused);
        if let Some(telemetry) = &mut self.telemetry
            && !self.is_drained
        {
            let stats = self.ledger.counts();
            let data = telemetry.data(&stats, self.window, self.clock.now());
            for datum in data {
                packer.push(datum);
            }
        }
        let put = self.intake.take().into_iter();
        put.for_each(|datum| packer.push(datum));
        let batches = packer.finish();
        self.is_drained = true;
        FlushReport {
            refused,
            ..self.queue(batches)
        }
    }

    /// Queues them; gives what had to go for it.
    fn queue(&mut self, batches: Vec<Batch>) -> FlushReport {
        let mut report = FlushReport::default();
        for batch in batches {
            self.ledger.queued(Amount::of(batch.data()));
            let settled = self.delivery.push(batch);
            for dropped in &settled {
                report.add(dropped);
            }
            self.account(&Event {
                settled,
                ..Event::default()
            });
        }
        report
    }

    /// The accounts first, so that they are right when a flush is answered.
    fn account(&mut self, event: &Event) {
        self.ledger.happened(event, self.clock.now());
        self.ledger.waiting(
            self.delivery.bytes(),
            self.delivery.spool_bytes(),
            self.delivery.oldest(),
        );
        for settled in &event.settled {
            self.say(settled);
            self.flushes.settle(settled);
        }
    }

    /// Logs when the queue begins and ends dropping.
    fn say(&mut self, settled: &Settled) {
        match settled.ending {
            Ending::Dropped => {
                if self.dropping.is_zero() {
                    tracing::error!("the queue is full: the oldest data are dropped");
                }
                self.dropping.add(settled.amount);
            }
            Ending::Sent { .. } if !self.dropping.is_zero() => {
                let Amount { data, samples, .. } = std::mem::take(&mut self.dropping);
                tracing::error!(
                    data,
                    samples,
                    "data go through; so many were dropped before"
                );
            }
            _ => {}
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // However it ends: nobody takes over what would come in.
        self.intake.close();
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
