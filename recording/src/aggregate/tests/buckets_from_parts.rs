//! Buckets that were taken apart are put together again, as another process does that reads them from a disk.

use super::super::{Bucket, Buckets};
use crate::refusal_reason::{MAX_MAGNITUDE, MIN_MAGNITUDE};
use proptest::prelude::*;

fn of(samples: &[(f64, u64)]) -> Buckets {
    let mut buckets = Buckets::default();
    for &(value, count) in samples {
        buckets.add(value, count);
    }
    buckets
}

fn parts(buckets: &Buckets) -> Vec<(i32, u64)> {
    buckets.iter().map(|b| (b.index, b.count)).collect()
}

fn again(buckets: &Buckets) -> Option<Buckets> {
    let (min, max) = (buckets.min()?, buckets.max()?);
    Buckets::from_parts(parts(buckets), buckets.sum_parts(), min, max)
}

fn samples() -> impl Strategy<Value = Vec<(f64, u64)>> {
    let value = prop_oneof![
        -1e6..1e6f64,
        prop::sample::select(vec![
            0.0,
            MIN_MAGNITUDE,
            -MIN_MAGNITUDE,
            MAX_MAGNITUDE,
            -MAX_MAGNITUDE
        ]),
    ];
    let count = prop_oneof![1..100_u64, prop::sample::select(vec![1 << 33, u64::MAX])];
    prop::collection::vec((value, count), 1..200)
}

proptest! {
    #[test]
    fn they_are_the_same(samples in samples(), more in samples()) {
        let (mut buckets, more) = (of(&samples), of(&more));
        let mut other = again(&buckets).expect("they were buckets");
        prop_assert_eq!(&other, &buckets);
        prop_assert_eq!(other.sum_parts(), buckets.sum_parts());
        // Also in what they become.
        buckets.merge(&more);
        other.merge(&more);
        prop_assert_eq!(other, buckets);
    }
}

#[test]
fn others_have_another_bucket_or_another_total() {
    let buckets = of(&[(1.0, 2), (3.0, 1)]);
    assert_eq!(buckets, of(&[(3.0, 1), (1.0, 1), (1.0, 1)]));
    let others = [
        &[(1.0, 3), (2.0, 1)][..],
        &[(1.0, 2), (3.01, 1)],
        &[(1.0, 1), (1.0, 1)],
        &[(-1.0, 2), (3.0, 1)],
    ];
    for other in others {
        assert_ne!(buckets, of(other));
    }
    // Of one count, one sum and the same extremes.
    let spread = of(&[(1.0, 1), (1.5, 1), (2.5, 1), (3.0, 1)]);
    assert_ne!(of(&[(1.0, 1), (2.0, 2), (3.0, 1)]), spread);
}

#[test]
fn what_no_samples_can_have_is_refused() {
    let index = |value| Bucket::of(value).index;
    let (one, three) = (index(1.0), index(3.0));
    let put = |buckets: &[(i32, u64)], sum, min, max| {
        let buckets = buckets.iter().copied();
        Buckets::from_parts(buckets, (sum, 0.0), min, max).is_some()
    };
    assert!(put(&[(one, 1), (three, 1)], 4.0, 1.0, 3.0));
    assert!(put(&[(three, 1), (one, 1)], 4.0, 1.0, 3.0));
    assert!(!put(&[], 0.0, 0.0, 0.0));
    assert!(!put(&[(one, 0)], 0.0, 1.0, 1.0));
    assert!(!put(&[(one, 1), (three, 1)], 4.0, 1.5, 3.0));
    assert!(!put(&[(one, 1), (three, 1)], 4.0, 1.0, 2.5));
    assert!(!put(&[(one, 2)], 2.0, 1.005, 1.0));
    assert!(!put(&[(one, 1)], f64::NAN, 1.0, 1.0));
    assert!(!put(&[(one, 1)], f64::INFINITY, 1.0, 1.0));
    for index in [i32::MIN, -92_034, 92_034, i32::MAX] {
        let measured = allocation_counter::measure(|| {
            assert!(!put(&[(index, 1), (one, 1)], 1.0, 1.0, 1.0), "{index}");
        });
        // Nor is there room made for it.
        assert!(measured.bytes_max < 1_000, "{measured:?}");
    }
    assert!(put(
        &[(92_033, 1)],
        MAX_MAGNITUDE,
        MAX_MAGNITUDE,
        MAX_MAGNITUDE
    ));
}
