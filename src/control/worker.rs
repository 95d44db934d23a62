//! The background task: takes snapshots as windows end, and joins the stages.

mod snapshot_waits;

use crate::clock::Clock;
use crate::collect::window::Window;
use crate::control::abrupt_end::{AbruptEnd, GivenUp};
use crate::control::collectors::{Collect, Collectors};
use crate::control::flush::{Flushes, Reply};
use crate::control::handle::Command;
use crate::control::idle_flush::Idle;
use crate::control::milestones::say_end;
use crate::control::pipeline::{Parts, Pipeline, Purpose, all_of, first_of, tell};
use crate::control::shared::Shared;
use crate::control::silence::Silence;
use crate::delivery::alarm::sleep_until;
use crate::report::flush_report::FlushReport;
use crate::settings::Config;
use crate::view::{SeriesPolicy, say_limit};
use metrics_recording::Snapshotter;
use snapshot_waits::SnapshotWaits;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

pub(crate) struct Worker {
    config: Config,
    snapshotter: Snapshotter,
    policy: Arc<SeriesPolicy>,
    clock: Arc<dyn Clock>,
    shared: Shared,
    pipelines: Vec<Pipeline>,
    flushes: Flushes,
    idle: Idle,
    collectors: Collectors,
    waits: SnapshotWaits,
    silence: Silence,
    /// How often something happened.
    turn: usize,
    /// Whether the last snapshot is over.
    is_stopping: bool,
    /// Whether it came to its end, so that whoever shut it down was told.
    is_over: bool,
}

/// What is recorded, and what acts on it.
pub(crate) struct Source {
    pub(crate) snapshotter: Snapshotter,
    pub(crate) policy: Arc<SeriesPolicy>,
}

/// Who may still want something.
pub(crate) struct Callers {
    pub(crate) handles: mpsc::Receiver<Infallible>,
    pub(crate) recorders: mpsc::Receiver<Infallible>,
}

impl Worker {
    pub(crate) fn new(
        config: Config,
        source: Source,
        clock: Arc<dyn Clock>,
        destinations: Vec<Parts>,
        collectors: Vec<Collect>,
        shared: Shared,
    ) -> Self {
        let parts = destinations.into_iter().zip(shared.pipelines.iter());
        let pipelines = parts.map(|(parts, shared)| Pipeline::new(parts, &clock, shared.clone()));
        let Source {
            snapshotter,
            policy,
        } = source;
        Self {
            pipelines: pipelines.collect(),
            flushes: Flushes::new(Arc::clone(&shared.pipelines), config.flush_timeout),
            idle: Idle::new(config.idle_flush_interval),
            collectors: Collectors::new(collectors),
            waits: SnapshotWaits::default(),
            silence: Silence::default(),
            turn: 0,
            is_stopping: false,
            is_over: false,
            config,
            snapshotter,
            policy,
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
        let intakes = Arc::clone(&self.shared.pipelines);
        self.pipelines.iter().for_each(Pipeline::say_start);
        self.silence.begin();
        while !self.is_stopping || !self.flushes.is_empty() {
            // Every time round, so that a clock that was set is never overlooked.
            self.turn_windows();
            let waits_until = self.waits.until();
            let silent_until = self.silence.until();
            let window_ends = self.next_end();
            self.turn = self.turn.wrapping_add(1);
            let (is_stopping, turn) = (self.is_stopping, self.turn);
            let pipelines = self.pipelines.iter_mut();
            tokio::select! {
                // The clock comes last: it may return early, and must not keep the others waiting.
                biased;
                () = first_of(pipelines.map(|one| one.next(is_stopping)), turn) => self.flushes.answer_settled(),
                () = self.flushes.out_of_time() => {
                    let pipelines = &self.pipelines;
                    self.flushes.expire(|number, batches| pipelines[number].delivery.journaled_before(batches.end));
                }
                () = commands.news() => commands.take().into_iter().for_each(|command| self.obey(command)),
                () = self.collectors.next() => self.collected(),
                () = sleep_until(waits_until) => self.collected(),
                () = sleep_until(silent_until) => {
                    let has_data = intakes.iter().any(|one| one.intake.was_used());
                    self.silence.end(has_data || self.policy.has_metrics());
                }
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
                () = first_of(intakes.iter().map(|one| one.intake.has_a_request()), turn) => {
                    self.pipelines.iter_mut().for_each(Pipeline::take_in);
                    self.flushes.answer_settled();
                }
                () = self.idle.due(), if !self.is_stopping => {
                    self.snapshot(|_| true);
                    self.pipelines.iter_mut().for_each(|one| one.delivery.gather());
                }
                () = self.clock.sleep_until(window_ends), if !self.is_stopping && !self.waits.is_for_window() => tokio::task::yield_now().await,
            }
        }
        self.finish().await;
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Flush(scope, timeout, reply) => self.ask(scope, timeout, reply, false),
            Command::Shutdown(timeout, reply) => self.ask(None, timeout, reply, true),
        }
    }

    /// Nobody asks any more.
    fn abandoned(&mut self, is_last: bool) {
        self.ask(None, None, Box::new(|report| log_loss(&report)), is_last);
    }

    /// Lets what is under way come to its end, if there is time, and answers whoever shut it down.
    async fn finish(&mut self) {
        // Whoever comes now is told so at once.
        self.shared.commands.close();
        drop(self.shared.commands.take());
        let end = self.flushes.deadline();
        let last = self.pipelines.iter_mut().map(|one| async move {
            while one.delivery.last(end).await {
                one.settle();
            }
            one.delivery.give_up_uncertain();
            one.settle();
            one.delivery.stop(end);
            one.settle();
            one.settle_totals(false);
            one.say_last();
        });
        all_of(last).await;
        let Self {
            pipelines,
            flushes,
            shared:
                Shared {
                    running,
                    pipelines: shared,
                    ..
                },
            is_over,
            ..
        } = self;
        let closing = pipelines.iter_mut().map(|one| one.close(end));
        let mut closing = std::pin::pin!(all_of(closing));
        tokio::select! {
            biased;
            () = &mut closing => {
                *is_over = true;
                say_end(shared);
                running.end();
                flushes.close();
            }
            () = sleep_until(end) => {
                *is_over = true;
                say_end(shared);
                running.end();
                flushes.close();
                closing.await;
            }
        }
    }

    /// When the first window ends.
    fn next_end(&self) -> SystemTime {
        let ends = self.pipelines.iter().map(|one| one.window.end());
        ends.min().unwrap_or_else(|| self.clock.now())
    }

    /// Closes windows whose time is over, whatever the time is now: their data keep their stamps.
    fn close_windows(&mut self) {
        if self.is_stopping {
            return;
        }
        let now = self.clock.now();
        let next = self.pipelines.iter().map(|one| one.window.next(now));
        let next: Vec<Option<Window>> = next.collect();
        // A process that is frozen right after a flush, as on Lambda: what there is now was recorded when it had
        // thawed.
        let closes = self.pipelines.iter().zip(&next).map(|(one, next)| {
            let is_thawed = |next: &Window| one.is_cut && one.window.is_far_from(next);
            next.as_ref().is_some_and(|next| !is_thawed(next))
        });
        let closes: Vec<bool> = closes.collect();
        if closes.contains(&true) {
            self.snapshot(|number| closes[number]);
        }
        let nobody_waits = self.flushes.is_empty();
        for (one, next) in self.pipelines.iter_mut().zip(next) {
            if let Some(next) = next {
                one.window = next;
                one.is_cut = false;
                if nobody_waits {
                    one.delivery.spread();
                }
            }
        }
    }

    /// Of all destinations, or of the one with this number.
    fn flush(
        &mut self,
        scope: Option<usize>,
        timeout: Option<Duration>,
        reply: Reply,
        is_last: bool,
    ) {
        let is_meant = |number: usize| scope.is_none_or(|one| one == number);
        let pipelines = self.pipelines.iter().enumerate();
        let meant = pipelines.filter(|(number, _)| is_meant(*number));
        let parts: Vec<_> = meant
            .map(|(number, one)| (number, one.open_flush()))
            .collect();
        self.close_windows();
        if !self.is_stopping {
            self.snapshot(is_meant);
        }
        for (number, flush) in &parts {
            self.pipelines[*number].hurry(*flush);
        }
        self.flushes.add(parts, timeout, reply, is_last);
    }

    /// Takes what was recorded, for all destinations. Those that it closes the window of queue it, with all that they have
    /// kept since the last time.
    fn snapshot(&mut self, closes: impl Fn(usize) -> bool) {
        self.snapshot_at(self.clock.now(), Purpose::Sending, closes);
    }

    fn snapshot_at(&mut self, now: SystemTime, purpose: Purpose, closes: impl Fn(usize) -> bool) {
        // A metric is due as often as the destination that it goes to most often.
        let closing = self.pipelines.iter().enumerate();
        let closing = closing.filter(|(number, _)| closes(*number));
        let longest = closing.map(|(_, one)| one.window.period()).max();
        let pipelines = self.pipelines.iter_mut().enumerate();
        let mut gatherings: Vec<_> = pipelines
            .map(|(number, one)| {
                let closes = closes(number);
                let end = if closes {
                    now.min(one.window.end())
                } else {
                    now
                };
                one.begin_snapshot(end, closes, purpose)
            })
            .collect();
        let policy = &self.policy;
        let is_due = |period| longest.is_some_and(|longest| period <= longest);
        self.snapshotter.visit(now, is_due, |event| {
            say_limit(&event, policy);
            tell(&mut gatherings, &event);
        });
        let all = &self.shared.pipelines;
        let ended = gatherings.into_iter().map(|one| one.end(all, now));
        let ended: Vec<_> = ended.collect();
        for (one, (batches, unqueued)) in self.pipelines.iter_mut().zip(ended) {
            one.delivery.push(batches);
            if purpose == Purpose::Sending {
                unqueued.queued();
            }
            one.settle();
            one.settle_totals(true);
        }
        // Older data may have had to go.
        self.flushes.answer_settled();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // However it ends: nobody takes over what would come in, or answers what has.
        self.pipelines.iter().for_each(Pipeline::close_intake);
        self.shared.commands.close();
        if !self.is_over {
            let end = AbruptEnd::of(&self.shared.running);
            let shared = Arc::clone(&self.shared.pipelines);
            let before = GivenUp::before(&shared);
            self.lose(end);
            end.say(&before, &shared);
        }
        self.shared.running.end();
        drop(self.shared.commands.take());
    }
}

impl Worker {
    /// Nothing is sent any more: accounts for what was recorded, put and queued. What the journal takes is kept.
    fn lose(&mut self, end: AbruptEnd) {
        // An application's code that panicked may do so again, and this may run while the thread unwinds.
        let attempt = |act: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(act)).is_ok();
        if end == AbruptEnd::Panicked {
            // Not by the clock or the sinks, which may be what panicked.
            let now = self.next_end();
            attempt(&mut || self.snapshot_at(now, Purpose::Counting, |_| true));
        } else {
            attempt(&mut || self.snapshot(|_| true));
        }
        for one in &mut self.pipelines {
            let is_done = attempt(&mut || {
                one.delivery.abandon();
                one.settle();
                one.settle_totals(false);
                one.say_last();
            });
            if end == AbruptEnd::Panicked || !is_done {
                one.give_up_the_rest();
            }
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
