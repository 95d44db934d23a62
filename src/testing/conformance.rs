//! What every sink has to do, tried on yours.

use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::{Datum, DatumValue, StatisticSet, Total, Values};
use crate::model::profile::{DistributionForm, Temporality};
use crate::model::recorded_buckets::RecordedBuckets;
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use crate::model::unit::Unit;
use crate::model::unit_scale;
use crate::testing::predicted_len;
use metrics::Label;
use std::time::{Duration, SystemTime};

/// The destination of a sink under test.
pub trait TestPeer {
    /// How many requests arrived so far.
    fn requests(&self) -> usize;

    /// The length of the last request that arrived, in bytes, before compression: what the sum of
    /// [`added_len`](Sink::added_len) is about.
    fn last_len(&self) -> usize;

    /// The names of the data of the last request, in their order.
    fn last_names(&self) -> Vec<String>;

    /// Refuses the datum at this index of the next request, and says which. False if the destination never does so.
    fn refuse_index(&self, index: usize) -> bool {
        let _ = index;
        false
    }

    /// Refuses so many data of the next request, and does not say which. False if the destination never does so.
    fn refuse_number(&self, data: usize) -> bool {
        let _ = data;
        false
    }

    /// Answers the next request never. False if there is nothing to wait for.
    fn hang(&self) -> bool {
        false
    }
}

/// For a sink that nobody answers.
const NEVER: Duration = Duration::from_hours(1);

/// Tries a sink on what every sink has to do: lengths are as predicted, data keep their order, what is refused is told
/// by index or number, an attempt may be dropped, and to close sends nothing that no attempt was for.
///
/// [`added_len`](Sink::added_len) may be up to 2 % too much, for batches of a hundred data and more.
///
/// It needs a Tokio runtime with its time driver enabled.
///
/// # Panics
///
/// If the sink does not do what it has to do; the message says what.
pub async fn conformance(sink: &impl Sink, peer: &impl TestPeer) {
    lengths_and_order(sink, peer).await;
    refused_by_index(sink, peer).await;
    refused_by_number(sink, peer).await;
    dropped(sink, peer).await;
    let requests = peer.requests();
    sink.close().await;
    assert_eq!(
        peer.requests(),
        requests,
        "close sent something that no attempt was for"
    );
}

async fn send(sink: &impl Sink, batch: &Batch) -> Result<Sent, SendError> {
    sink.send(batch, &Attempt::new(NEVER)).await
}

async fn lengths_and_order(sink: &impl Sink, peer: &impl TestPeer) {
    for data in [1, 2, 23, 24, 100, 256, 257, 1_000] {
        let batch = batch(sink, data);
        let predicted = predicted_len(sink, &batch);
        let fits = predicted <= sink.profile().max_bytes();
        assert!(fits || data > 1, "a datum of few bytes takes {predicted}");
        if !fits {
            continue;
        }
        let before = peer.requests();
        let sent = send(sink, &batch).await;
        assert!(sent.is_ok(), "{data} data were not sent: {sent:?}");
        assert_eq!(peer.requests(), before + 1, "one batch is one request");
        let names = batch.data().iter().map(Datum::name);
        assert!(
            names.eq(peer.last_names()),
            "{data} data arrived in another order"
        );
        let len = peer.last_len();
        assert!(
            predicted >= len,
            "{data} data take {len} bytes, more than {predicted}"
        );
        let is_close = batch.data().len() < 100 || predicted <= len + len / 50;
        assert!(
            is_close,
            "{data} data take {len} bytes, far less than {predicted}"
        );
    }
}

async fn refused_by_index(sink: &impl Sink, peer: &impl TestPeer) {
    if sink.profile().max_data < 7 || !peer.refuse_index(3) {
        return;
    }
    let indexes: Vec<usize> = match send(sink, &batch(sink, 7)).await {
        Ok(sent) => sent.refused().iter().map(|(index, _)| *index).collect(),
        Err(SendError::Invalid { members, .. }) => members,
        Err(other) => panic!("a datum was refused, and the sink says: {other:?}"),
    };
    assert_eq!(indexes, [3], "the datum at index 3 was refused");
}

async fn refused_by_number(sink: &impl Sink, peer: &impl TestPeer) {
    if sink.profile().max_data < 7 || !peer.refuse_number(2) {
        return;
    }
    match send(sink, &batch(sink, 7)).await {
        Ok(sent) => {
            let number = sent.refused_number().map(|(data, _)| data);
            assert_eq!(number, Some(2), "two data were refused");
        }
        Err(SendError::Invalid { members, .. }) => {
            assert!(members.is_empty(), "nobody said which data were refused");
        }
        Err(other) => panic!("two data were refused, and the sink says: {other:?}"),
    }
}

async fn dropped(sink: &impl Sink, peer: &impl TestPeer) {
    if peer.hang() {
        let long_enough = Duration::from_millis(200);
        let sent = tokio::time::timeout(long_enough, send(sink, &batch(sink, 1))).await;
        assert!(
            sent.is_err(),
            "nobody answered, and the sink says: {sent:?}"
        );
    }
    let sent = send(sink, &batch(sink, 2)).await;
    assert!(sent.is_ok(), "after an attempt that was dropped: {sent:?}");
    assert!((1..=2).contains(&peer.last_names().len()));
}

/// So many data, or as many as the sink takes, of all forms that it takes, with few and many dimensions; some totals are
/// the first of their start.
fn batch(sink: &impl Sink, data: usize) -> Batch {
    let profile = sink.profile();
    let names = profile.name_rules();
    let now = SystemTime::now();
    let all = (0..data.min(profile.max_data())).map(|number| {
        let labels = (0..(number % 5).min(names.max_dimensions()))
            .map(|label| {
                (
                    format!("label{label}"),
                    (number % 300 + 1).min(names.max_dimension_value()),
                )
            })
            .map(|(label, chars)| Label::new(label, "x".repeat(chars)));
        let labels: Vec<Label> = labels.collect();
        let unit = Unit::ALL.get(number % (Unit::ALL.len() + 1)).copied();
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let value = number as f64 + 0.1;
        let value = match number % 4 {
            0 => DatumValue::Number(value),
            1 => DatumValue::StatisticSet(StatisticSet {
                sample_count: 2.0,
                sum: 2.0 * value,
                minimum: value - 1.0,
                maximum: value + 1.0,
            }),
            kind => {
                let most = profile.max_values().unwrap_or(150).min(150);
                let values = (0..=number % most)
                    .map(|nth| value * 1.01f64.powi(nth.try_into().unwrap_or(0)));
                distribution(values, profile.distribution_form(), kind == 3, unit)
            }
        };
        let value = match (profile.temporality(), value) {
            // As gauges are, too.
            (Temporality::Delta, value) | (_, value @ DatumValue::StatisticSet(_)) => value,
            (Temporality::Cumulative, value) => {
                let total = Total::new(now - NEVER, value).with_begins(number % 8 == 4);
                DatumValue::Total(Box::new(total))
            }
        };
        // In units that every destination has.
        let unit = unit.map(|unit| unit_scale::scaled(unit).0);
        Datum::new(format!("name{number}"), labels, now, value, unit)
    });
    Batch::new("Conformance", all.filter(|datum| sink.check(datum).is_ok()))
}

/// Values, thrice each; what was recorded as buckets, if the sink takes them: once each, in this unit.
fn distribution(
    values: impl Iterator<Item = f64> + Clone,
    form: DistributionForm,
    is_recorded: bool,
    unit: Option<Unit>,
) -> DatumValue {
    if is_recorded && form == DistributionForm::Buckets {
        let buckets = RecordedBuckets::new(values.clone().collect(), unit);
        if let Some(buckets) = buckets {
            return DatumValue::Buckets(buckets);
        }
    }
    let pairs: Vec<(f64, f64)> = values.map(|value| (value, 3.0)).collect();
    let sum = pairs.iter().map(|(value, count)| value * count).sum();
    DatumValue::Values(Values::of_sorted(pairs, sum))
}
