//! Where data that an application puts wait for the background task.

use crate::clock::Clock;
use crate::collect::explicit_data::{self, ExplicitDatum, PutError};
use crate::collect::inbox::{Inbox, Unposted};
use crate::limits::MAX_DATA_PER_REQUEST;
use crate::model::datum::Datum;
use crate::model::profile::Profile;
use crate::model::sink::AnySink;
use crate::settings::Config;
use crate::settings::matcher::Metric;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// While the queue is full there is room for this part of it here, so that the newest data push the oldest out.
const SPARE: usize = 4;

pub(crate) struct Intake {
    config: Config,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn AnySink>,
    profile: Profile,
    inbox: Inbox<Datum>,
    /// Bytes of what the background task has taken over and not delivered yet.
    queued: AtomicUsize,
    was_used: AtomicBool,
}

impl Intake {
    pub(crate) fn new(config: Config, clock: Arc<dyn Clock>, sink: Arc<dyn AnySink>) -> Self {
        Self {
            config,
            clock,
            profile: sink.profile(),
            sink,
            inbox: Inbox::new(),
            queued: AtomicUsize::new(0),
            was_used: AtomicBool::new(false),
        }
    }

    /// Whether its destination takes the metric of this name.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.config.takes.takes(&Metric::of_name(name))
    }

    /// Checks a datum and takes it in, or says why not.
    pub(crate) fn put(&self, datum: ExplicitDatum) -> Result<(), PutError> {
        self.was_used.store(true, Ordering::Relaxed);
        let now = self.clock.now();
        let datum = explicit_data::check(datum, &self.config, now, &self.profile)?;
        self.sink
            .check(&datum)
            .map_err(|refusal| PutError::Series(*refusal))?;
        let most = self.config.queue_bytes;
        let room = most.saturating_sub(self.queued.load(Ordering::Relaxed));
        let len = datum.memory_len();
        match self.inbox.post(datum, len, room.max(most / SPARE)) {
            Ok(data) => {
                if data >= MAX_DATA_PER_REQUEST {
                    self.inbox.notify();
                }
                Ok(())
            }
            Err(Unposted::Full) => Err(PutError::QueueFull),
            Err(Unposted::Closed) => Err(PutError::Stopped),
        }
    }

    /// Whether something was ever put.
    pub(crate) fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }

    /// Waits until there is enough for a full request.
    pub(crate) async fn has_a_request(&self) {
        self.inbox.news().await;
    }

    pub(crate) fn take(&self) -> impl Iterator<Item = Datum> {
        self.inbox.take().into_iter()
    }

    /// Bytes of all that waits elsewhere.
    pub(crate) fn set_queued(&self, bytes: usize) {
        self.queued.store(bytes, Ordering::Relaxed);
    }

    /// From now on nothing is taken in. What waits can still be taken.
    pub(crate) fn close(&self) {
        self.inbox.close();
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}
