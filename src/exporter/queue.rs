//! What waits to be sent: bounded by bytes, the oldest goes first.

use crate::encode::pack::Batch;
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    bytes: usize,
    max_bytes: usize,
    /// How many were ever queued.
    queued: u64,
}

/// A batch with its number in the order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) number: u64,
    pub(super) batch: Arc<Batch>,
}

impl Queue {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
            max_bytes,
            queued: 0,
        }
    }

    /// Adds the newest, and gives the oldest ones that had to go for it.
    pub(super) fn push(&mut self, batch: Batch) -> Vec<Queued> {
        self.bytes += batch.encoded_len();
        self.waiting.push_back(Queued {
            number: self.queued,
            batch: Arc::new(batch),
        });
        self.queued += 1;
        let mut dropped = Vec::new();
        while self.bytes > self.max_bytes {
            dropped.extend(self.pop());
        }
        dropped
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let oldest = self.waiting.pop_front()?;
        self.bytes -= oldest.batch.encoded_len();
        Some(oldest)
    }

    /// Puts the oldest back, or gives it back if there is no room for it any more.
    pub(super) fn put_back(&mut self, oldest: Queued) -> Option<Queued> {
        if self.bytes + oldest.batch.encoded_len() > self.max_bytes {
            return Some(oldest);
        }
        self.bytes += oldest.batch.encoded_len();
        self.waiting.push_front(oldest);
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Queued> {
        self.waiting.iter()
    }

    /// The number that the next batch will have.
    pub(super) fn next_number(&self) -> u64 {
        self.queued
    }
}
