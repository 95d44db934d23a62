//! What is decided without a runtime, a clock or a network: when to send, and what to do with an answer. And what a
//! disk can do to it all, which only tests can have.

use crate::clock::SystemClock;
use crate::delivery::ledger::Ledger;
use std::sync::Arc;

mod journaling;
mod ledger;
mod owed;
mod queue;
mod request_start;
mod stamp_age;

impl Default for Ledger {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}
