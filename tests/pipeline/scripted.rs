//! A sink that fails as it is told.

use crate::started::Started;
use metrics_exporter_cloudwatch::{Batch, CloudWatchBuilder, MemorySink, SendError, Sending, Sink};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Fails as it was told, then sends to memory; remembers when it was called.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) memory: MemorySink,
    pub(crate) script: Arc<Mutex<VecDeque<Fault>>>,
    calls: Arc<Mutex<Vec<Instant>>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Transient,
    Ambiguous,
    Throttled,
    Rejected,
    Hang,
}

impl Scripted {
    pub(crate) fn new(script: impl IntoIterator<Item = Fault>) -> Self {
        let sink = Self::default();
        sink.script.lock().unwrap().extend(script);
        sink
    }

    /// Does not get through until it recovers.
    pub(crate) fn failing() -> Self {
        Self::new(vec![Fault::Transient; 1_000_000])
    }

    pub(crate) fn recover(&self) {
        self.script.lock().unwrap().clear();
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Sink for Scripted {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        self.calls.lock().unwrap().push(Instant::now());
        let fault = self.script.lock().unwrap().pop_front();
        Box::pin(async move {
            match fault {
                None => self.memory.send(batch).await,
                Some(Fault::Transient) => Err(SendError::Transient("no route".into())),
                Some(Fault::Ambiguous) => Err(SendError::Ambiguous("no answer".into())),
                Some(Fault::Throttled) => Err(SendError::Throttled("too fast".into())),
                Some(Fault::Rejected) => Err(SendError::Rejected {
                    code: "InvalidParameterValue".into(),
                    message: "no".into(),
                }),
                Some(Fault::Hang) => std::future::pending().await,
            }
        })
    }
}

/// Flushes have all the time that pauses may take.
pub(crate) fn start(sink: &Scripted) -> Started {
    let builder = CloudWatchBuilder::new("Test").with_sink(sink.clone());
    Started::new(builder.with_flush_timeout(Duration::from_hours(1)))
}
