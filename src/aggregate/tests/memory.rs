//! What aggregates take, however much is recorded and by however many threads.

use super::{Recorder, SHARING, mark, owner};
use crate::aggregate::{Histogram, HistogramPoint, Slot, Slots, Thread};

/// Without a lane for now: its records are no samples.
struct Passing(Slot);

impl Thread for Passing {
    fn slot(&self) -> Slot {
        self.0
    }

    fn is_sample(&self) -> bool {
        false
    }

    fn take_slot(&self) -> Slot {
        self.slot()
    }
}

#[test]
fn a_cold_histogram_of_four_octaves_takes_6_kib() {
    let (histogram, slots) = (Histogram::new(mark()), Slots::new());
    // Not aligned, so that they are in five.
    for n in 0..512 {
        let recorder = Passing(slots.take());
        histogram.record(&recorder, 1.5 * 2f64.powf(f64::from(n) / 128.0));
    }
    assert!(
        histogram.memory() <= 6 * 1_024,
        "{} bytes",
        histogram.memory()
    );
}

#[test]
fn a_hot_histogram_of_four_octaves_takes_4_kib_for_each_thread() {
    let (histogram, slots) = (Histogram::new(mark()), Slots::new());
    let record = |recorder: &Recorder| {
        for n in 0..5_120 {
            histogram.record(recorder, 1.5 * 2f64.powf(f64::from(n % 512) / 128.0));
        }
    };
    record(&Recorder(slots.take()));
    let one = histogram.memory();
    (0..10).for_each(|_| record(&Recorder(slots.take())));
    let each = (histogram.memory() - one) / 10;
    assert!(each <= 4 * 1_024, "{each} bytes");
    assert!(one - each <= 8 * 1_024, "{} bytes", one - each);
}

#[test]
fn a_lane_whose_thread_ended_gives_its_pages_back() {
    let (histogram, recorder) = (Histogram::new(mark()), owner());
    let mut point = HistogramPoint::default();
    let record = || (0..10_000).for_each(|n| histogram.record(&recorder, f64::from(1 + n % 512)));
    for _ in 0..2 {
        record();
        histogram.drain(&mut point);
        assert_eq!(point.count, 10_000);
        let touched = histogram.memory();
        histogram.give_back(Slots::new().free() & !1);
        assert_eq!(histogram.memory(), touched, "its thread goes on");
        histogram.give_back(Slots::new().free());
        let given_back = touched - histogram.memory();
        assert!(given_back >= 9 * 512, "{given_back} bytes");
    }
}

/// A walk over six decades that comes to every bucket: the fractional parts of multiples of the
/// golden ratio, as exponents.
fn six_decades(samples: u32) -> impl Iterator<Item = f64> {
    (0..samples).map(|n| 10f64.powf((f64::from(n) * 0.618_033_988_749_894_9).fract() * 6.0 - 3.0))
}

/// Whatever is recorded, and how, within the bounds of memory.
fn ten_million_samples_over_six_decades(recorder: &Recorder) {
    let histogram = Histogram::new(mark());
    let mut point = HistogramPoint::default();
    for value in six_decades(10_000_000) {
        histogram.record(recorder, value);
    }
    assert!(
        histogram.memory() <= 32 * 1024,
        "{} bytes",
        histogram.memory()
    );
    histogram.drain(&mut point);
    assert_eq!(point.count, 10_000_000);
    assert!(point.buckets.len() > 2_500, "{}", point.buckets.len());
    for value in six_decades(10) {
        histogram.record_many(recorder, value, 1_000_000);
    }
    assert!(
        histogram.memory() <= 32 * 1024,
        "ten million in ten records"
    );
    for value in six_decades(1_000) {
        histogram.record_many(recorder, value, 1 << 24);
    }
    assert!(histogram.memory() <= 64 * 1024, "with all that is wide");
}

#[test]
fn ten_million_samples_over_six_decades_stay_within_32_kib() {
    ten_million_samples_over_six_decades(&SHARING);
}

#[test]
fn so_they_do_where_they_are_hot() {
    ten_million_samples_over_six_decades(&owner());
}
