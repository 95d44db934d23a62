//! What histograms take, however much is recorded and by however many threads.

use crate::aggregate::fixtures::{
    SHARING, TestThread, none_free, owner, take_histogram, take_in_window, take_with_refused,
};
use crate::aggregate::histogram::KEPT_FOR;
use crate::aggregate::shard_index::{ShardIndex, ShardIndexes, Thread};
use crate::aggregate::{Aggregate, Histogram};

/// None of its records counts for promotion.
struct Passing(ShardIndex);

impl Thread for Passing {
    fn shard_index(&self) -> ShardIndex {
        self.0
    }

    fn counts_for_promotion(&self) -> bool {
        false
    }

    fn now(&self) -> u32 {
        0
    }

    fn claim_shard_index(&self) -> ShardIndex {
        self.0
    }
}

#[test]
fn a_cold_histogram_of_four_octaves_takes_4_kib() {
    let (histogram, indexes) = (Histogram::new(), ShardIndexes::new());
    // Not aligned, so that they are in five.
    for n in 0..512 {
        let thread = Passing(indexes.take());
        histogram.record(&thread, 1.5 * 2f64.powf(f64::from(n) / 128.0));
    }
    let memory = histogram.memory();
    assert!(memory <= 4 * 1_024, "{memory} bytes");
}

#[test]
fn a_shard_of_four_octaves_takes_4_kib() {
    let (histogram, indexes) = (Histogram::new(), ShardIndexes::new());
    let record = |thread: &TestThread| {
        for n in 0..5_120 {
            histogram.record(thread, 1.5 * 2f64.powf(f64::from(n % 512) / 128.0));
        }
    };
    record(&TestThread::start(&indexes));
    let one = histogram.memory();
    (0..10).for_each(|_| record(&TestThread::start(&indexes)));
    let each = (histogram.memory() - one) / 10;
    assert!(each <= 4 * 1_024, "{each} bytes");
    assert!(one - each <= 8 * 1_024, "{} bytes", one - each);
}

#[test]
fn a_shard_whose_thread_ended_gives_its_chunks_back() {
    let (histogram, indexes) = (Histogram::new(), ShardIndexes::new());
    let thread = TestThread::start(&indexes);
    let others = indexes.free();
    let record = || (0..10_000).for_each(|n| histogram.record(&thread, f64::from(1 + n % 512)));
    record();
    let touched = histogram.memory();
    assert_eq!(take_with_refused(&histogram, others).0.count(), 10_000);
    assert_eq!(histogram.memory(), touched, "its thread goes on");
    record();
    let free = ShardIndexes::new().free();
    assert_eq!(take_with_refused(&histogram, free).0.count(), 10_000);
    let given_back = touched - histogram.memory();
    assert!(given_back >= 9 * 512, "{given_back} bytes");
}

/// What 64 threads take that all record to 500 histograms at full speed, values of 20 octaves, and once they do so no
/// more; and what they take if they record less than 250,000 a second to each.
#[test]
fn sixty_four_threads_and_five_hundred_histograms_have_a_bound() {
    const HISTOGRAMS: usize = 500;
    const MIB: usize = 1 << 20;
    let (histogram, indexes) = (Histogram::new(), ShardIndexes::new());
    let octaves = |n: u32| f64::from(1 << (n % 20));
    (0..20).for_each(|n| histogram.record(&Passing(indexes.take()), octaves(n)));
    let cold = histogram.memory() * HISTOGRAMS;
    assert!(cold < 6 * MIB, "{cold} bytes");
    let indexes = ShardIndexes::new();
    let threads: Vec<_> = (0..64).map(|_| TestThread::start(&indexes)).collect();
    for thread in &threads {
        (0..10_000).for_each(|n| histogram.record(thread, octaves(n)));
    }
    let hot = histogram.memory() * HISTOGRAMS;
    assert!(hot > 300 * MIB && hot < 370 * MIB, "{hot} bytes");
    take_in_window(&histogram, none_free(), 7);
    for window in 8..8 + KEPT_FOR {
        assert_eq!(
            histogram.memory() * HISTOGRAMS,
            hot,
            "before window {window}"
        );
        take_in_window(&histogram, none_free(), window);
    }
    let idle = histogram.memory() * HISTOGRAMS;
    assert!(idle < 40 * MIB, "{idle} bytes");
}

/// The shard of a thread that has gone elsewhere, beside one of a thread that goes on.
#[test]
fn a_shard_that_is_idle_for_three_windows_gives_its_chunks_back() {
    let (histogram, indexes) = (Histogram::new(), ShardIndexes::new());
    let [leaves, stays] = [(); 2].map(|()| TestThread::start(&indexes));
    let record = |thread| (0..1_000).for_each(|n| histogram.record(thread, f64::from(1 + n % 512)));
    record(&leaves);
    // Whatever the number of the window, and even if it goes round.
    let first = u32::MAX - 4;
    let mut memory = Vec::new();
    for window in 0..10 {
        record(&stays);
        // Often in a window: it is windows that count.
        for _ in 0..5 {
            take_in_window(&histogram, none_free(), first.wrapping_add(window));
        }
        memory.push(histogram.memory());
    }
    assert!(memory[..3].iter().all(|at| *at == memory[0]), "{memory:?}");
    assert!(memory[3..].iter().all(|at| *at == memory[3]), "{memory:?}");
    assert!(memory[0] - memory[3] >= 9 * 512, "{memory:?}");
    record(&leaves);
    let taken = take_in_window(&histogram, none_free(), 5).0;
    assert_eq!((taken.count(), taken.max()), (1_000, Some(512.0)));
}

/// Buckets beyond the first are for threads that met; their chunks go at the next snapshot.
#[test]
fn the_buckets_of_threads_that_met_give_their_chunks_back() {
    let histogram = Histogram::new();
    let record = |value| histogram.record(&SHARING, value);
    record(1.0);
    take_histogram(&histogram);
    let before = histogram.memory();
    histogram.while_held(|| (1..100).for_each(|n| record(f64::from(n))));
    assert!(histogram.memory() > before + 6 * 512);
    assert_eq!(take_with_refused(&histogram, none_free()).0.count(), 99);
    let after = histogram.memory();
    assert!(after < before + 512, "{} bytes", after - before);
}

/// A walk over six decades that comes to every bucket: the fractional parts of multiples of the golden ratio, as
/// exponents.
fn six_decades(samples: u32) -> impl Iterator<Item = f64> {
    (0..samples).map(|n| 10f64.powf((f64::from(n) * 0.618_033_988_749_894_9).fract() * 6.0 - 3.0))
}

/// Whatever is recorded, and how, within the bounds of memory.
#[test]
fn ten_million_samples_over_six_decades_stay_within_32_kib() {
    for thread in [SHARING, owner()] {
        let histogram = Histogram::new();
        // Each value so often that all makes ten million.
        for value in six_decades(500_000) {
            (0..20).for_each(|_| histogram.record(&thread, value));
        }
        let memory = histogram.memory();
        assert!(memory <= 32 * 1_024, "{memory} bytes");
        let taken = take_histogram(&histogram);
        assert_eq!(taken.count(), 10_000_000);
        assert!(taken.iter().count() > 2_500);
        for value in six_decades(10) {
            histogram.record_many(&thread, value, 1_000_000);
        }
        let memory = histogram.memory();
        assert!(memory <= 32 * 1_024, "{memory} bytes");
    }
}
