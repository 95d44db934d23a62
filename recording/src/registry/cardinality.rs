//! About how many different keys there were, in 1 KiB: a `HyperLogLog`.
//!
//! Of each key's hash, ten bits choose a register, which keeps the longest run of zeros that the other bits began with.
//! The standard error is 3 %. Source: Flajolet, Fusy, Gandouet and Meunier, "`HyperLogLog`", 2007.

use super::text_hash::hash_of_labels;
use metrics::Key;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

const BITS: u32 = 10;
const REGISTERS: usize = 1 << BITS;

#[derive(Debug)]
pub(super) struct Cardinality {
    registers: [AtomicU8; REGISTERS],
    has_changed: AtomicBool,
}

impl Cardinality {
    pub(super) fn new() -> Self {
        Self {
            registers: std::array::from_fn(|_| AtomicU8::new(0)),
            has_changed: AtomicBool::new(false),
        }
    }

    pub(super) fn add(&self, key: &Key) {
        let hash = hash_of_labels(key.labels());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "ten bits, and a number of bits"
        )]
        let (register, run) = (
            (hash >> (u64::BITS - BITS)) as usize,
            ((hash << BITS).leading_zeros().min(u64::BITS - BITS) + 1) as u8,
        );
        let register = &self.registers[register];
        // A look first, as a key most often changes nothing.
        if register.load(Ordering::Relaxed) < run {
            register.fetch_max(run, Ordering::Relaxed);
            self.has_changed.store(true, Ordering::Release);
        }
    }

    /// About how many keys were added, if that has changed since the last call.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, above zero"
    )]
    pub(super) fn estimate(&self) -> Option<u64> {
        if !self.has_changed.load(Ordering::Relaxed)
            || !self.has_changed.swap(false, Ordering::Acquire)
        {
            return None;
        }
        let registers = REGISTERS as f64;
        let mut by_run = [0u32; u8::MAX as usize + 1];
        for register in &self.registers {
            by_run[usize::from(register.load(Ordering::Relaxed))] += 1;
        }
        let runs = by_run.iter().zip(0..);
        let sum: f64 = runs
            .map(|(count, run)| f64::from(*count) * 0.5f64.powi(run))
            .sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = f64::from(by_run[0]);
        let estimate = if raw <= 2.5 * registers && empty > 0.0 {
            // Of few keys, how many registers are empty tells more.
            registers * (registers / empty).ln()
        } else {
            raw
        };
        Some(estimate.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Label;

    #[test]
    fn estimates_are_within_a_tenth() {
        const { assert!(size_of::<Cardinality>() == 1_025) };
        let cardinality = Cardinality::new();
        assert_eq!(cardinality.estimate(), None);
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
            let estimate = u32::try_from(cardinality.estimate().unwrap()).unwrap();
            assert_eq!(cardinality.estimate(), None, "nothing is new");
            assert!(estimate.abs_diff(keys) <= keys / 10, "{estimate} of {keys}");
        }
    }
}
