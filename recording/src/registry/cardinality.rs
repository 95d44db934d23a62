//! About how many different keys there were, in 1 KiB: a `HyperLogLog`.
//!
//! Of each key's hash, ten bits choose a register, which keeps the longest run of zeros that the other bits began with.
//! The standard error is 3 %. Source: Flajolet, Fusy, Gandouet and Meunier, "`HyperLogLog`", 2007.

use super::name_cache::text_hash;
use metrics::Key;
use std::sync::atomic::{AtomicU8, Ordering};

const BITS: u32 = 10;
const REGISTERS: usize = 1 << BITS;

#[derive(Debug)]
pub(super) struct Cardinality([AtomicU8; REGISTERS]);

impl Cardinality {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU8::new(0)))
    }

    pub(super) fn add(&self, key: &Key) {
        // Not by the facade's hash: a tenth of the numbers up to 1,000, as labels, share theirs with another one.
        let labels = key.labels();
        let hashes =
            labels.map(|label| text_hash(label.key()) ^ text_hash(label.value()).rotate_left(1));
        let hash = hashes.fold(0, u64::wrapping_add);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "ten bits, and a number of bits"
        )]
        let (register, run) = (
            (hash >> (u64::BITS - BITS)) as usize,
            ((hash << BITS).leading_zeros().min(u64::BITS - BITS) + 1) as u8,
        );
        let register = &self.0[register];
        // A look first, as a key most often changes nothing.
        if register.load(Ordering::Relaxed) < run {
            register.fetch_max(run, Ordering::Relaxed);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, above zero"
    )]
    pub(super) fn estimate(&self) -> u64 {
        let registers = REGISTERS as f64;
        let runs = || self.0.iter().map(|run| run.load(Ordering::Relaxed));
        let sum: f64 = runs().map(|run| 0.5f64.powi(i32::from(run))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = runs().filter(|run| *run == 0).count();
        let estimate = if raw <= 2.5 * registers && empty > 0 {
            // Of few keys, how many registers are empty tells more.
            registers * (registers / empty as f64).ln()
        } else {
            raw
        };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Label;

    #[test]
    fn estimates_are_within_a_tenth() {
        const { assert!(size_of::<Cardinality>() == 1_024) };
        let cardinality = Cardinality::new();
        assert_eq!(cardinality.estimate(), 0);
        let mut keys = 0u32;
        for until in [
            1, 10, 100, 1_000, 2_000, 3_000, 5_000, 10_000, 100_000, 1_000_000,
        ] {
            while keys < until {
                keys += 1;
                let label = Label::new("user", keys.to_string());
                let key = Key::from_parts("n", vec![label, Label::new("method", "get")]);
                (0..2).for_each(|_| cardinality.add(&key));
            }
            let estimate = u32::try_from(cardinality.estimate()).unwrap();
            assert!(estimate.abs_diff(keys) <= keys / 10, "{estimate} of {keys}");
        }
    }
}
