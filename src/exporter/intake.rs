//! Where data that an application puts wait for the background task.

use crate::clock::Clock;
use crate::config::Config;
use crate::encode::datum::MetricDatum;
use crate::encode::size;
use crate::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};
use crate::put::{self, Datum, PutError};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

pub(super) struct Intake {
    config: Config,
    clock: Arc<dyn Clock>,
    waiting: Mutex<Waiting>,
    has_a_request: Notify,
}

#[derive(Default)]
struct Waiting {
    data: Vec<MetricDatum>,
    bytes: usize,
    is_closed: bool,
}

impl Intake {
    pub(super) fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            clock,
            waiting: Mutex::default(),
            has_a_request: Notify::new(),
        }
    }

    /// Checks a datum and takes it in, or says why not.
    pub(super) fn put(&self, datum: Datum) -> Result<(), PutError> {
        let datum = put::check(datum, &self.config, self.clock.now())?;
        let len = size::datum(&datum);
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(PutError::Stopped);
        }
        if waiting.bytes + len > self.config.queue_bytes {
            return Err(PutError::QueueFull);
        }
        waiting.bytes += len;
        waiting.data.push(datum);
        if waiting.data.len() >= MAX_DATA_PER_REQUEST || waiting.bytes >= MAX_REQUEST_BYTES {
            self.has_a_request.notify_one();
        }
        Ok(())
    }

    /// Waits until there is enough for a full request.
    pub(super) async fn has_a_request(&self) {
        self.has_a_request.notified().await;
    }

    pub(super) fn take(&self) -> Vec<MetricDatum> {
        let mut waiting = self.waiting.lock();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.data)
    }

    /// From now on nothing is taken in.
    pub(super) fn close(&self) {
        self.waiting.lock().is_closed = true;
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}
