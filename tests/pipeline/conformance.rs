//! The sinks that there are do what every sink has to do; and one that does not is found out.

use cloudwatch_local::{Fault, Service};
use metrics_exporter_cloudwatch::testing::{TestPeer, conformance};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Blocking, Datum, DatumValue, NameRules, Profile, PutMetricData, SendError,
    Sent, Sink,
};
use std::sync::{Arc, Mutex};

/// `cloudwatch-local`, in memory.
struct CloudWatch(Service);

impl TestPeer for CloudWatch {
    fn requests(&self) -> usize {
        self.0.requests().len()
    }

    fn last_len(&self) -> usize {
        self.0.requests().last().unwrap().raw_bytes
    }

    fn last_names(&self) -> Vec<String> {
        let data = self.0.requests().last().unwrap().data;
        let received = self.0.received();
        let last = &received[received.len() - data..];
        last.iter().map(|datum| datum.metric_name.clone()).collect()
    }

    fn refuse_index(&self, index: usize) -> bool {
        self.0
            .faults()
            .script([Some(Fault::InvalidMember(index + 1))]);
        true
    }

    fn hang(&self) -> bool {
        self.0.faults().script([Some(Fault::Hang)]);
        true
    }
}

#[tokio::test]
async fn put_metric_data_conforms() {
    let service = Service::new();
    let sink = PutMetricData::new(service.client());
    conformance(&sink, &CloudWatch(service)).await;
}

/// What arrived in a sink that keeps batches: how it got there is no matter.
#[derive(Clone, Default)]
struct Arrived(Arc<Mutex<Vec<Vec<String>>>>);

impl Arrived {
    fn add(&self, batch: &Batch) {
        let names = batch.data().iter().map(|datum| datum.name().to_owned());
        self.0.lock().unwrap().push(names.collect());
    }
}

impl TestPeer for Arrived {
    fn requests(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// As far as this goes, they take nothing.
    fn last_len(&self) -> usize {
        0
    }

    fn last_names(&self) -> Vec<String> {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

fn nothing(_: &Batch, _: &Datum) -> usize {
    0
}

#[tokio::test]
async fn what_blocks_conforms() {
    let arrived = Arrived::default();
    let kept = arrived.clone();
    let blocking = Blocking::new(move |batch| {
        kept.add(batch);
        Ok(Sent::default())
    });
    let blocking = blocking.unwrap().with_added_len(nothing);
    conformance(&blocking, &arrived).await;
}

/// It is tried with what it asked for.
#[tokio::test]
async fn what_has_a_profile_of_its_own_conforms() {
    let arrived = Arrived::default();
    let (kept, buckets) = (arrived.clone(), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&buckets);
    let blocking = Blocking::new(move |batch| {
        for datum in batch.data() {
            if let DatumValue::Buckets(buckets) = datum.value() {
                assert_eq!(datum.unit(), buckets.unit());
                *count.lock().unwrap() += 1;
            }
            let mut dimensions = datum.dimensions();
            assert!(dimensions.all(|(_, value)| value.len() <= 10));
            assert!(datum.dimensions().count() <= 2);
        }
        kept.add(batch);
        Ok(Sent::default())
    });
    let names = NameRules::default().with_max_dimensions(2);
    let names = names.with_max_dimension_value(10);
    let profile = Profile::default().with_buckets().with_name_rules(names);
    let blocking = blocking.unwrap().with_profile(profile);
    conformance(&blocking.with_added_len(nothing), &arrived).await;
    assert!(*buckets.lock().unwrap() > 100);
}

/// Some are the first of their start, and gauges are beside them.
#[tokio::test]
async fn what_takes_totals_is_tried_with_totals() {
    let arrived = Arrived::default();
    let (kept, seen) = (arrived.clone(), Arc::new(Mutex::new([0; 3])));
    let count = Arc::clone(&seen);
    let blocking = Blocking::new(move |batch| {
        for datum in batch.data() {
            let kind = match datum.value() {
                DatumValue::Total(total) if total.begins() => 0,
                DatumValue::Total(_) => 1,
                DatumValue::StatisticSet(_) => 2,
                other => panic!("{other:?}"),
            };
            count.lock().unwrap()[kind] += 1;
        }
        kept.add(batch);
        Ok(Sent::default())
    });
    let blocking = blocking.unwrap().with_added_len(nothing);
    conformance(
        &blocking.with_profile(Profile::default().with_totals()),
        &arrived,
    )
    .await;
    let seen = *seen.lock().unwrap();
    assert!(seen.iter().all(|seen| *seen > 100), "{seen:?}");
}

/// Fails in one way.
struct Broken {
    arrived: Arrived,
    fault: fn(&Broken, &Batch) -> Result<Sent, SendError>,
    added_len: usize,
}

impl Sink for Broken {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        self.added_len
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        (self.fault)(self, batch)
    }
}

#[tokio::test]
async fn what_does_not_conform_is_found_out() {
    let swallows: fn(&Broken, &Batch) -> _ = |_, _| Ok(Sent::default());
    let turns_round: fn(&Broken, &Batch) -> _ = |broken, batch| {
        let data = batch.data().iter().rev().cloned();
        broken.arrived.add(&Batch::new("Test", data));
        Ok(Sent::default())
    };
    let keeps: fn(&Broken, &Batch) -> _ = |broken, batch| {
        broken.arrived.add(batch);
        Ok(Sent::default())
    };
    let fails: fn(&Broken, &Batch) -> _ = |_, _| Err(SendError::Transient("no".into()));
    for (fault, added_len, conforms) in [
        (keeps, 0, true),
        (swallows, 0, false),
        (turns_round, 0, false),
        (fails, 0, false),
        // Far more than there is.
        (keeps, 100, false),
    ] {
        let arrived = Arrived::default();
        let broken = Broken {
            arrived: arrived.clone(),
            fault,
            added_len,
        };
        let tried = tokio::spawn(async move { conformance(&broken, &arrived).await });
        assert_eq!(tried.await.is_ok(), conforms);
    }
}
