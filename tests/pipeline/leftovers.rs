//! A shutdown while what an earlier process left is being sent.

use crate::spool::{Scratch, builder, cut_off, until};
use crate::started::Started;
use metrics_exporter_cloudwatch::{Batch, Delivery, MemorySink, Sending, Sink};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Sends when it may.
#[derive(Clone)]
struct Gated {
    memory: MemorySink,
    called: Arc<Semaphore>,
    may: Arc<Semaphore>,
}

impl Sink for Gated {
    fn send<'a>(&'a self, batch: &'a Batch) -> Sending<'a> {
        self.called.add_permits(1);
        Box::pin(async move {
            self.may.acquire().await.unwrap().forget();
            self.memory.send(batch).await
        })
    }
}

#[tokio::test]
async fn what_is_under_way_comes_to_its_end() {
    let scratch = Scratch::new();
    cut_off(&scratch, Delivery::AtLeastOnce).await;
    let sink = Gated {
        memory: MemorySink::new(),
        called: Arc::new(Semaphore::new(0)),
        may: Arc::new(Semaphore::new(0)),
    };
    let test = Started::new(builder(sink.clone(), &scratch));
    sink.called.acquire().await.unwrap().forget();
    // Nothing was recorded, so nothing else is waited for.
    let stopping = tokio::spawn({
        let cloudwatch = test.cloudwatch.clone();
        async move { cloudwatch.shutdown().await.unwrap() }
    });
    test.settle().await;
    assert!(!stopping.is_finished());
    sink.may.add_permits(1);
    assert!(stopping.await.unwrap().is_complete());
    assert_eq!(sink.memory.sum("n", &[]), 3.0);
    // It is off the disk when the shutdown is answered, and the next was not begun.
    assert_eq!(scratch.entries(), 1);
    drop(test);
    until(|| scratch.is_free()).await;

    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    until(|| test.cloudwatch.stats().sent.samples == 4).await;
    assert!(test.cloudwatch.stats().repeated.is_zero());
}
