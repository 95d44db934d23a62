//! Where commands and data wait for the background task. What is taken in is taken out, or known to be refused:
//! nobody waits for an answer from a task that has ended.

use super::inbox_sync::{Mutex, Notify};
use std::collections::VecDeque;

/// Letters, each with a weight, up to a limit.
pub(crate) struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    news: Notify,
}

struct Waiting<T> {
    letters: VecDeque<T>,
    weight: usize,
    is_closed: bool,
}

/// Why a letter was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unposted {
    Full,
    Closed,
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                letters: VecDeque::new(),
                weight: 0,
                is_closed: false,
            }),
            news: Notify::new(),
        }
    }

    /// Takes a letter in, if all that waits then weighs no more than `limit`; gives how many wait.
    pub(crate) fn post(&self, letter: T, weight: usize, limit: usize) -> Result<usize, Unposted> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(Unposted::Closed);
        }
        let weight = waiting.weight.saturating_add(weight);
        if weight > limit {
            return Err(Unposted::Full);
        }
        waiting.weight = weight;
        waiting.letters.push_back(letter);
        Ok(waiting.letters.len())
    }

    /// Wakes whoever waits for [`news`](Self::news), now or the next time.
    pub(crate) fn notify(&self) {
        self.news.notify_one();
    }

    /// Waits until somebody notifies. May be dropped and called again.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// All that waits.
    pub(crate) fn take(&self) -> VecDeque<T> {
        let mut waiting = self.waiting.lock();
        waiting.weight = 0;
        std::mem::take(&mut waiting.letters)
    }

    /// From now on nothing is taken in. What waits can still be taken.
    pub(crate) fn close(&self) {
        self.waiting.lock().is_closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.waiting.lock().is_closed
    }
}

impl<T> std::fmt::Debug for Inbox<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}
