//! A histogram without loss: its buckets as they were recorded, read in the unit that they are sent in.

use crate::model::datum::StatisticSet;
use crate::model::identity::PER_ALLOCATION;
use crate::model::unit::Unit;
use crate::model::unit_scale;
use metrics_recording::Buckets;

/// The samples of a histogram in the buckets that they were recorded in; one sample at least.
///
/// All numbers are in the unit of the [`Datum`](crate::Datum), but for [`recorded`](Self::recorded): where no destination
/// has the unit that was recorded, such as nanoseconds, the buckets stay as they are, and what is read is scaled. So
/// count, sum, minimum and maximum are those of the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedBuckets {
    buckets: Box<Buckets>,
    unit: Option<Unit>,
}

impl RecordedBuckets {
    /// Of samples that were recorded in this unit; none if there are no samples. A datum of them has the unit that
    /// [`unit`](Self::unit) tells.
    pub fn new(buckets: Buckets, recorded_unit: Option<Unit>) -> Option<Self> {
        (buckets.count() > 0).then(|| Self {
            buckets: Box::new(buckets),
            unit: recorded_unit,
        })
    }

    /// The unit of the numbers: the recorded one, or one that CloudWatch has in its place.
    pub fn unit(&self) -> Option<Unit> {
        self.unit.map(|unit| unit_scale::scaled(unit).0)
    }

    /// The buckets in the unit that was recorded, to merge them with others of that unit.
    pub fn recorded(&self) -> &Buckets {
        &self.buckets
    }

    /// The unit that was recorded.
    pub fn recorded_unit(&self) -> Option<Unit> {
        self.unit
    }

    /// How many samples there are.
    pub fn count(&self) -> u64 {
        self.buckets.count()
    }

    /// All samples added up, as exactly as [`Buckets::sum`].
    pub fn sum(&self) -> f64 {
        self.scaled(self.buckets.sum())
    }

    /// The least sample.
    pub fn min(&self) -> f64 {
        self.scaled(self.buckets.min().unwrap_or_default())
    }

    /// The greatest sample.
    pub fn max(&self) -> f64 {
        self.scaled(self.buckets.max().unwrap_or_default())
    }

    /// The bounds of each bucket that has samples, the lower one first, and how many it has; by rising value. The bound
    /// nearer to zero is included.
    pub fn iter(&self) -> impl Iterator<Item = ((f64, f64), u64)> {
        self.buckets.iter().map(|bucket| {
            let (low, high) = bucket.bounds();
            ((self.scaled(low), self.scaled(high)), bucket.count)
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "statistics are floats")]
    pub(crate) fn statistics(&self) -> StatisticSet {
        StatisticSet {
            sample_count: self.count() as f64,
            sum: self.sum(),
            minimum: self.min(),
            maximum: self.max(),
        }
    }

    /// Bytes on the heap, with what the allocator adds to each octave's 512.
    #[inline(never)]
    pub(crate) fn memory_len(&self) -> usize {
        let octaves = self.buckets.allocated();
        size_of::<Buckets>() + octaves + octaves / 32 + 2 * PER_ALLOCATION
    }

    fn scaled(&self, value: f64) -> f64 {
        self.unit
            .map_or(value, |unit| unit_scale::scaled(unit).1.apply(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::datum::{Datum, DatumValue};
    use metrics::Label;
    use std::time::SystemTime;

    #[test]
    fn what_they_take_in_memory_is_told() {
        for samples in [1, 100, 10_000] {
            let values = (1..=samples).map(f64::from);
            let buckets = RecordedBuckets::new(values.collect(), None).expect("samples");
            let mut kept = None;
            let measured = allocation_counter::measure(|| kept = Some(buckets.clone()));
            let bytes = measured.bytes_total + measured.count_total * PER_ALLOCATION as u64;
            let kept = kept.expect("it was cloned");
            let told = kept.memory_len() as u64;
            let off = told.abs_diff(bytes);
            assert!(off * 50 <= bytes, "{told} for {bytes}");
            let datum = |value| {
                let (labels, now) = (Vec::<Label>::new(), SystemTime::now());
                Datum::new("h", labels, now, value, None).memory_len() as u64
            };
            let number = datum(DatumValue::Number(1.0));
            assert_eq!(datum(DatumValue::Buckets(kept)), number + told);
        }
    }

    #[test]
    fn without_samples_there_are_none() {
        assert_eq!(RecordedBuckets::new(Buckets::default(), None), None);
    }
}
