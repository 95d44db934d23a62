//! Snapshots that wait for collectors: at the end of a window, and for flushes, each for a time of its own.

use crate::control::collectors::PATIENCE;
use crate::control::flush::Reply;
use crate::control::pipeline::Pipeline;
use crate::control::worker::Worker;
use std::time::Duration;
use tokio::time::Instant;

/// A flush leaves the rest of its time to delivery.
const SHARE_OF_A_FLUSH: u32 = 4;
/// What is recorded after the end of a window belongs to the next one, but for so little.
const SHARE_OF_A_WINDOW: u32 = 10;

#[derive(Default)]
pub(super) struct SnapshotWaits {
    /// The window is over, and is closed then at the latest.
    window: Option<Instant>,
    flushes: Vec<Held>,
}

/// A flush that waits.
struct Held {
    /// The number of the destination; none, if it is for all.
    scope: Option<usize>,
    until: Instant,
    end: Option<Instant>,
    reply: Reply,
    is_last: bool,
}

impl SnapshotWaits {
    /// When the first of them waits no longer.
    pub(super) fn until(&self) -> Option<Instant> {
        let flushes = self.flushes.iter().map(|held| held.until);
        flushes.chain(self.window).min()
    }

    /// Whether the window is over, and not closed yet.
    pub(super) fn is_for_window(&self) -> bool {
        self.window.is_some()
    }
}

impl Worker {
    /// A flush, once collectors have been asked.
    pub(super) fn ask(
        &mut self,
        scope: Option<usize>,
        timeout: Option<Duration>,
        reply: Reply,
        is_last: bool,
    ) {
        let timeout = timeout.unwrap_or(self.config.flush_timeout);
        let now = Instant::now();
        // Those that are being waited for already are waited for by this one, too.
        let waits =
            !self.is_stopping && (self.collectors.call(is_last) || self.collectors.is_waited_for());
        let wait = if waits {
            PATIENCE.min(timeout / SHARE_OF_A_FLUSH)
        } else {
            Duration::ZERO
        };
        self.waits.flushes.push(Held {
            scope,
            until: now + wait,
            end: now.checked_add(timeout),
            reply,
            is_last,
        });
        self.collected();
    }

    /// If a window is over, collectors are asked before it is closed.
    pub(super) fn turn_windows(&mut self) {
        if self.waits.is_for_window() {
            return;
        }
        let now = self.clock.now();
        let windows = self.pipelines.iter().map(|one| one.window);
        let over = windows.filter(|window| window.next(now).is_some());
        let shortest = over.map(|window| window.period()).min();
        if let Some(period) = shortest
            && !self.is_stopping
            && self.collectors.call(false)
        {
            let wait = PATIENCE.min(period / SHARE_OF_A_WINDOW);
            self.waits.window = Some(Instant::now() + wait);
        } else {
            self.close_windows();
        }
    }

    /// Takes the snapshots that wait no longer.
    pub(super) fn collected(&mut self) {
        let now = Instant::now();
        let have_all = !self.collectors.is_waited_for();
        if self
            .waits
            .window
            .is_some_and(|until| have_all || until <= now)
        {
            self.waits.window = None;
            self.close_windows();
        }
        let is_due = |held: &mut Held| have_all || held.until <= now;
        let mut due: Vec<Held> = self.waits.flushes.extract_if(.., is_due).collect();
        if due.iter().any(|held| held.is_last) {
            // There is no snapshot after the last.
            due.append(&mut self.waits.flushes);
        }
        for held in due {
            if held.is_last {
                self.pipelines.iter().for_each(Pipeline::close_intake);
            }
            let left = held.end.map(|end| end.saturating_duration_since(now));
            self.flush(
                held.scope,
                Some(left.unwrap_or(Duration::MAX)),
                held.reply,
                held.is_last,
            );
            self.is_stopping |= held.is_last;
        }
        if self.waits.until().is_none() {
            self.collectors.give_up();
        }
    }
}
