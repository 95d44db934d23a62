//! Which total has what an earlier one had that came to nothing.

use crate::delivery::ledger::{Ledger, Outcome};
use crate::delivery::owed_totals::OwedTotals;
use crate::delivery::queue::{OnDisk, Queue};
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::batch::{Batch, BatchKey, Repeat};
use crate::model::datum::{Datum, DatumValue, Total};
use crate::model::evicted::EvictedBytes;
use crate::model::guarantee::Guarantee;
use crate::model::identity::Origin;
use crate::model::metric_kind::MetricKind;
use metrics::Label;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_750_000_000 + seconds)
}

/// With a total of each of these names and starts, of one sample each.
fn queued(number: u64, totals: &[(&'static str, u64)]) -> QueuedBatch {
    let mut key = BatchKey::new("Test".into(), Guarantee::AtLeastOnce);
    key.repeat = Repeat::Harmless;
    let data = totals.iter().map(|&(name, start)| {
        let total = Total::new(at(start), DatumValue::Number(9.0)).with_begins(number == 5);
        let value = DatumValue::Total(Box::new(total));
        let mut datum = Datum::new(name, Vec::<Label>::new(), at(number), value, None);
        datum.origin = Origin::Series(MetricKind::Counter);
        datum
    });
    QueuedBatch::new(number, Batch::of(key, data))
}

/// Samples of each, and whether it is the first of its start.
fn told(queued: &QueuedBatch) -> Vec<(u64, bool)> {
    let data = queued.data();
    let told = data.map(|datum| (datum.samples, datum.total().unwrap().begins()));
    told.collect()
}

#[test]
fn the_next_total_of_the_same_start_is_paid_wherever_it_is() {
    let (ledger, mut owed) = (Ledger::default(), OwedTotals::default());
    let mut queue = Queue::new(1 << 20, EvictedBytes::default(), 1, true);
    let gone = queued(5, &[("n", 1), ("m", 1)]);
    owed.add(5, &gone.settled(Outcome::Dropped), &ledger);
    owed.stand();
    let mut pay = |queue: &Queue, number, totals: &[_]| {
        let mut queued = queued(number, totals);
        let is_paid = owed.pay(&mut queued, queue, &ledger);
        (is_paid, told(&queued))
    };
    let one = (1, false);
    assert_eq!(
        pay(&queue, 3, &[("n", 1)]),
        (false, vec![one]),
        "it is older"
    );
    assert_eq!(
        pay(&queue, 7, &[("n", 2)]),
        (false, vec![one]),
        "another start"
    );
    // Perhaps the next one is in there.
    queue.leave_to_disk(6, OnDisk::restored(6, false));
    assert_eq!(pay(&queue, 7, &[("n", 1)]), (false, vec![one]));
    queue.take_from_disk(6);
    let paid = (true, vec![one, (2, true)]);
    assert_eq!(pay(&queue, 7, &[("other", 1), ("n", 1)]), paid);
    assert_eq!(
        pay(&queue, 8, &[("n", 1)]),
        (false, vec![one]),
        "only one is"
    );
    assert_eq!(pay(&queue, 9, &[("m", 1)]), (true, vec![(2, true)]));
    assert!(owed.is_empty(), "nothing is kept");
}
