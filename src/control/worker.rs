//! The background task: drains at each window's end, and joins the stages.

mod snapshot_waits;

use crate::clock::Clock;
use crate::collect::window::Window;
use crate::control::collectors::{Collect, Collectors};
use crate::control::flush::{Flushes, Reply};
use crate::control::handle::Command;
use crate::control::idle_flush::Idle;
use crate::control::shared::Shared;
use crate::delivery::Delivery;
use crate::delivery::alarm::sleep_until;
use crate::journal::{Recovered, Writer};
use crate::model::batch::Batch;
use crate::model::sink::AnySink;
use crate::reduce::Reducer;
use crate::report::flush_report::FlushReport;
use crate::report::self_metrics::SelfMetrics;
use crate::report::stats::Stats;
use crate::settings::Config;
use crate::view::{View, What};
use snapshot_waits::SnapshotWaits;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub(crate) struct Worker {
    config: Config,
    view: View,
    clock: Arc<dyn Clock>,
    shared: Shared,
    delivery: Delivery,
    flushes: Flushes,
    idle: Idle,
    collectors: Collectors,
    waits: SnapshotWaits,
    /// What it reports about itself, if it is to.
    self_metrics: Option<SelfMetrics>,
    window: Window,
    /// Whether this window was drained before, so that gauges have been told in it.
    is_drained: bool,
    /// Whether the last drain is over.
    is_stopping: bool,
    /// Whether it came to its end.
    is_over: bool,
}

/// Who may still want something.
pub(crate) struct Callers {
    pub(crate) handles: mpsc::Receiver<Infallible>,
    pub(crate) recorders: mpsc::Receiver<Infallible>,
}

impl Worker {
    pub(crate) fn new(
        config: Config,
        view: View,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn AnySink>,
        journal: Option<(Writer, Recovered)>,
        collectors: Vec<Collect>,
        shared: Shared,
    ) -> Self {
        let names = *sink.profile().name_rules();
        Self {
            window: Window::at(clock.now(), config.storage_resolution),
            delivery: Delivery::new(
                sink,
                Arc::clone(&clock),
                &config,
                journal,
                view.evicted_bytes().clone(),
                Arc::clone(&shared.ledger),
            ),
            flushes: Flushes::new(Arc::clone(&shared.ledger), config.flush_timeout),
            self_metrics: config
                .reports_itself
                .then(|| SelfMetrics::new(&config, names)),
            idle: Idle::new(config.idle_flush_interval),
            collectors: Collectors::new(collectors),
            waits: SnapshotWaits::default(),
            is_drained: false,
            is_stopping: false,
            is_over: false,
            config,
            view,
            clock,
            shared,
        }
    }

    /// From now on the scopes that close count.
    pub(crate) fn subscribe(&mut self) {
        self.idle.subscribe();
    }

    /// Runs until it is shut down, or every handle and every recorder is gone.
    pub(crate) async fn run(mut self, callers: Callers) {
        let Callers {
            mut handles,
            mut recorders,
        } = callers;
        let (mut has_handles, mut has_recorders) = (true, true);
        let commands = Arc::clone(&self.shared.commands);
        while !self.is_stopping || !self.flushes.is_empty() {
            // Every time round, so that a clock that was set is never overlooked.
            self.turn_window();
            let waits_until = self.waits.until();
            tokio::select! {
                // The clock comes last: it may return early, and must not keep the others waiting.
                biased;
                () = self.delivery.next(self.is_stopping) => {
                    self.shared.intake.set_queued(self.delivery.bytes());
                    self.flushes.answer_settled();
                }
                () = self.flushes.out_of_time() => self.flushes.expire(|numbers| self.delivery.unsettled_of(numbers)),
                () = commands.news() => commands.take().into_iter().for_each(|command| self.obey(command)),
                () = self.collectors.next() => self.collected(),
                () = sleep_until(waits_until) => self.collected(),
                // Nothing ever comes from these two but the end.
                _ = handles.recv(), if has_handles => {
                    has_handles = false;
                    self.abandoned(!has_recorders);
                }
                _ = recorders.recv(), if has_recorders => {
                    has_recorders = false;
                    if !has_handles {
                        self.abandoned(true);
                    }
                }
                () = self.shared.intake.has_a_request() => {
                    let mut packer = self.delivery.packer(&self.config);
                    self.shared.intake.take().for_each(|datum| packer.push(datum));
                    let batches = packer.finish();
                    self.queue(batches);
                }
                () = self.idle.due(), if !self.is_stopping => {
                    self.drain();
                    self.delivery.gather();
                }
                () = self.clock.sleep_until(self.window.end()), if !self.is_stopping && !self.waits.is_for_window() => tokio::task::yield_now().await,
            }
        }
        self.finish().await;
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Flush(timeout, reply) => self.ask(timeout, reply, false),
            Command::Shutdown(timeout, reply) => self.ask(timeout, reply, true),
        }
    }

    /// Nobody asks any more.
    fn abandoned(&mut self, is_last: bool) {
        self.ask(None, Box::new(|report| log_loss(&report)), is_last);
    }

    /// Lets what is under way come to its end, if there is time, and answers whoever shut it down.
    async fn finish(&mut self) {
        // Whoever comes now is told so at once.
        self.shared.commands.close();
        drop(self.shared.commands.take());
        let end = self.flushes.deadline();
        while self.delivery.last(end).await {}
        self.delivery.give_up_uncertain();
        self.is_over = true;
        let journaled = self.delivery.journaled();
        let Self {
            delivery,
            flushes,
            shared: Shared { running, .. },
            ..
        } = self;
        let mut closing = std::pin::pin!(delivery.close());
        tokio::select! {
            biased;
            () = &mut closing => {
                running.end();
                flushes.close(journaled);
            }
            () = sleep_until(end) => {
                running.end();
                flushes.close(journaled);
                closing.await;
            }
        }
    }

    /// Closes the window if its time is over, whatever the time is now: its data keep its stamp.
    fn close_window(&mut self) {
        let next = self.window.next(self.clock.now());
        let Some(next) = next.filter(|_| !self.is_stopping) else {
            return;
        };
        // A process that is frozen right after a flush, as on Lambda: what there is now was recorded when it had
        // thawed.
        let is_thawed = self.is_drained && self.window.is_far_from(&next);
        if !is_thawed {
            self.drain();
        }
        self.window = next;
        self.is_drained = false;
        if self.flushes.is_empty() {
            self.delivery.spread();
        }
    }

    fn flush(&mut self, timeout: Option<Duration>, reply: Reply, is_last: bool) {
        let (first, data, amount) = self.delivery.unsettled();
        let flush = self.shared.ledger.open_flush(first, data, amount);
        self.close_window();
        if !self.is_stopping {
            self.drain();
        }
        self.shared
            .ledger
            .drained(flush, self.delivery.next_number());
        self.delivery.hurry();
        self.flushes.add(flush, timeout, reply, is_last);
    }

    /// Drains all series into the queue.
    fn drain(&mut self) {
        let mut reducer = Reducer::new(self.window, self.delivery.profile().distribution_form());
        let mut packer = self.delivery.packer(&self.config);
        let now = self.clock.now();
        let repeats_gauges = !self.is_drained;
        self.view.collect(now, repeats_gauges, |gained| {
            if let Some(datum) = reducer.reduce(&gained) {
                match self.delivery.check(&datum) {
                    Ok(()) => packer.push(datum),
                    // Once, not in every window that repeats it.
                    Err(_) if matches!(gained.what, What::Unchanged(_)) => {}
                    Err(reason) => reducer.refuse_datum(&datum, &reason),
                }
            }
        });
        self.shared.ledger.refused(&reducer.into_refused());
        if let Some(self_metrics) = &mut self.self_metrics
            && !self.is_drained
        {
            let stats = Stats::of(&self.shared.ledger);
            let data = self_metrics.data(&stats, self.window, self.clock.now());
            for datum in data {
                if self.delivery.check(&datum).is_ok() {
                    packer.push(datum);
                }
            }
        }
        self.shared
            .intake
            .take()
            .for_each(|datum| packer.push(datum));
        let batches = packer.finish();
        self.is_drained = true;
        self.queue(batches);
    }

    fn queue(&mut self, batches: Vec<Batch>) {
        for batch in batches {
            self.delivery.push(batch);
        }
        self.shared.intake.set_queued(self.delivery.bytes());
        // Older data may have had to go.
        self.flushes.answer_settled();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // However it ends: nobody takes over what would come in, or answers what has.
        self.shared.intake.close();
        self.shared.commands.close();
        drop(self.shared.commands.take());
        // With its runtime, say. After a panic nothing of it can be relied on.
        if !self.is_over && !std::thread::panicking() {
            self.drain();
            self.delivery.abandon();
        }
    }
}

/// Says what an exporter that nobody asks any more could not deliver.
fn log_loss(report: &FlushReport) {
    if !report.is_complete() {
        tracing::error!(
            dropped = report.dropped.samples,
            pending = report.pending.samples,
            ambiguous = report.ambiguous.samples,
            refused = report.refused.samples,
            "the last handle was dropped, and not all samples were delivered in time"
        );
    }
}
