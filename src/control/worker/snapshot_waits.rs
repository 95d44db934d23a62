//! Snapshots that wait for collectors: at the end of a window, and for flushes, each for a time of its own.

use crate::control::collectors::PATIENCE;
use crate::control::flush::Reply;
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
    pub(super) fn ask(&mut self, timeout: Option<Duration>, reply: Reply, is_last: bool) {
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
            until: now + wait,
            end: now.checked_add(timeout),
            reply,
            is_last,
        });
        self.collected();
    }

    /// If the window is over, collectors are asked before it is closed.
    pub(super) fn turn_window(&mut self) {
        if self.waits.is_for_window() {
            return;
        }
        let is_over = self.window.next(self.clock.now()).is_some();
        if is_over && !self.is_stopping && self.collectors.call(false) {
            let period = self.config.storage_resolution.period();
            let wait = PATIENCE.min(period / SHARE_OF_A_WINDOW);
            self.waits.window = Some(Instant::now() + wait);
        } else {
            self.close_window();
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
            self.close_window();
        }
        let is_due = |held: &mut Held| have_all || held.until <= now;
        let mut due: Vec<Held> = self.waits.flushes.extract_if(.., is_due).collect();
        if due.iter().any(|held| held.is_last) {
            // There is no snapshot after the last.
            due.append(&mut self.waits.flushes);
        }
        for held in due {
            if held.is_last {
                self.shared.intake.close();
            }
            let left = held.end.map(|end| end.saturating_duration_since(now));
            self.flush(
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
