//! When an aggregate gets shards: once so many records a second find no shard that threads may be in each other's way.
//!
//! Time empties what records fill: an aggregate is promoted once it is full. So it is a rate that earns shards, however
//! long windows are, and however often somebody flushes. Below that rate shards would save less than a thousandth of a
//! processor.
//!
//! Of the records that find no shard, each thread counts one in [`SAMPLED`], and all that find a lock taken. From the
//! promotion on, each counted record opens a shard for its thread. A thread that records only a few times to the series
//! rarely has a counted record, and so rarely opens a shard.

use crate::sync::{AtomicU32, Ordering};
use std::time::Duration;

/// Records a second that find no shard; what comes faster fills.
const RATE: u32 = 250_000;
/// How long twice the [`RATE`] takes to earn shards; a burst of 25,000 records does, too.
const FILLS_IN: Duration = Duration::from_millis(100);
/// On average: at uneven distances, so that of several series in turn each has its share.
const SAMPLED: u32 = 127;

/// The unit of time: 2^12 nanoseconds, of which 32 bits hold nearly five hours.
const TICK: u32 = 12;
/// Ticks by which a counted record fills.
pub(super) const EACH: u32 = (1_000_000_000 / RATE * SAMPLED) >> TICK;
pub(super) const FULL: u32 = if cfg!(loom) {
    EACH
} else {
    #[expect(clippy::cast_possible_truncation, reason = "some thousand ticks")]
    let ticks = (FILLS_IN.as_nanos() >> TICK) as u32;
    ticks
};

#[derive(Debug)]
pub(crate) struct Promotion {
    /// The time at which it is empty again, in ticks.
    empty_at: AtomicU32,
}

impl Promotion {
    pub(crate) fn new() -> Self {
        Self {
            empty_at: AtomicU32::new(0),
        }
    }

    /// Counts a record; tells whether its aggregate has earned shards. `now` is in ticks.
    pub(crate) fn is_earned(&self, now: u32) -> bool {
        // More than full is what is long past, as time goes round.
        let left = self.empty_at.load(Ordering::Relaxed).wrapping_sub(now);
        let filled = EACH + if left <= FULL + EACH { left } else { 0 };
        // Another thread's may be lost. Both come again.
        self.empty_at
            .store(now.wrapping_add(filled), Ordering::Relaxed);
        filled >= FULL
    }
}

#[cfg(not(loom))]
pub(crate) use current::{counts, now};

/// The calling thread's records, and the time.
#[cfg(not(loom))]
mod current {
    use super::SAMPLED;
    use std::cell::Cell;

    thread_local! {
        /// Records without a shard until the next that counts.
        static LEFT: Cell<u32> = const { Cell::new(SAMPLED) };
        static RANDOM: Cell<u32> = const { Cell::new(0x9e37_79b9) };
    }

    /// Whether the calling thread counts this record, which found no shard.
    #[inline]
    pub(crate) fn counts() -> bool {
        let left = LEFT.get();
        let counts = left == 0;
        LEFT.set(if counts { distance() } else { left - 1 });
        counts
    }

    /// From half to one and a half of the average.
    fn distance() -> u32 {
        // Xorshift, of 32 bits.
        let mut random = RANDOM.get();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        RANDOM.set(random);
        SAMPLED / 2 + random % SAMPLED
    }

    /// The time in ticks.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    #[expect(clippy::cast_possible_truncation, reason = "time goes round")]
    pub(crate) fn now() -> u32 {
        use std::sync::LazyLock;
        use std::time::Instant;

        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        (START.elapsed().as_nanos() >> super::TICK) as u32
    }

    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    pub(crate) fn now() -> u32 {
        // There is no clock: 25,000 records earn shards, however slowly they come.
        0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// How many records come until shards are earned, if so many come each second for ten seconds.
    fn earned_after(per_second: u32, first_tick: u32) -> Option<u32> {
        let promotion = Promotion::new();
        let counted = per_second / SAMPLED * 10;
        let earning = (1..=counted).find(|count| {
            let nanos =
                u64::from(*count) * u64::from(SAMPLED) * 1_000_000_000 / u64::from(per_second);
            let tick = u32::try_from(nanos >> TICK).unwrap();
            promotion.is_earned(first_tick.wrapping_add(tick))
        });
        earning.map(|counted| counted * SAMPLED)
    }

    #[test]
    fn a_rate_earns_shards() {
        // Wherever time goes round.
        for first_tick in [0, 77, u32::MAX / 2, u32::MAX - 500, u32::MAX] {
            for too_slow in [1_000, 100_000, 250_000] {
                assert_eq!(
                    earned_after(too_slow, first_tick),
                    None,
                    "{too_slow} a second"
                );
            }
            for (fast, range) in [
                (500_000, 45_000..55_000),
                (1_000_000, 30_000..36_000),
                (100_000_000, 24_000..26_000),
            ] {
                let records = earned_after(fast, first_tick);
                assert!(
                    records.is_some_and(|records| range.contains(&records)),
                    "{fast} a second: {records:?}"
                );
            }
        }
    }

    /// Whatever series a thread records to in turn, each has its share of those that count.
    #[test]
    fn one_of_so_many_counts_and_none_is_left_out() {
        const RECORDS: u32 = 2_000_000;
        for series in [1, 2, 64, 127, 128, 254] {
            let mut counted = vec![0u32; series as usize];
            for record in 0..RECORDS {
                counted[(record % series) as usize] += u32::from(counts());
            }
            let all: u32 = counted.iter().sum();
            let expected = RECORDS / SAMPLED;
            assert!(
                all.abs_diff(expected) < expected / 50,
                "{all} of {expected}"
            );
            let share = expected / series;
            assert!(
                counted.iter().all(|of| of.abs_diff(share) < share.max(64)),
                "{counted:?}"
            );
        }
    }

    /// Even if it comes again and again, with a pause.
    #[test]
    fn a_short_burst_earns_none() {
        const A_MINUTE: u32 = 1_000_000_000 / (1 << TICK) * 60;
        let promotion = Promotion::new();
        for minute in 0..1_000u32 {
            let now = minute.wrapping_mul(A_MINUTE);
            assert!(
                (0..20_000 / SAMPLED).all(|_| !promotion.is_earned(now)),
                "minute {minute}"
            );
        }
    }
}
