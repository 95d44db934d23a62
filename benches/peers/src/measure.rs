//! Clocks and counts, and the numbers that a process tells the one that started it.

use crate::recorders::Delivered;
use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Short beside the time that a scheduler gives, so that the median batch was not interrupted.
const BATCH: Duration = Duration::from_micros(20);

/// Numbers by name, a line each.
#[derive(Debug, Default)]
pub(crate) struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    pub(crate) fn insert(&mut self, name: &str, number: f64) {
        self.0.insert(name.to_owned(), number);
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    pub(crate) fn parse(lines: &str) -> Result<Self> {
        let mut numbers = Self::default();
        for line in lines.lines() {
            let (name, number) = line.rsplit_once(' ').context("a name and a number")?;
            numbers.insert(name, number.parse()?);
        }
        Ok(numbers)
    }
}

impl<const N: usize> From<[(&str, f64); N]> for Numbers {
    fn from(pairs: [(&str, f64); N]) -> Self {
        Self(pairs.map(|(name, number)| (name.to_owned(), number)).into())
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, number) in &self.0 {
            writeln!(formatter, "{name} {number}")?;
        }
        Ok(())
    }
}

/// What was recorded, and what of it the recorder gave by itself.
pub(crate) fn numbers_of(recorded: Delivered, delivered: Option<Delivered>) -> Numbers {
    let mut numbers = Numbers::default();
    numbers.insert("recorded counts", float(recorded.counted));
    numbers.insert("recorded samples", float(recorded.samples));
    if let Some(delivered) = delivered {
        numbers.insert("delivered counts", float(delivered.counted));
        numbers.insert("delivered samples", float(delivered.samples));
    }
    numbers
}

#[expect(clippy::cast_precision_loss, reason = "they are millions")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

/// Calls in batches, each of them timed.
pub(crate) struct Batches<F> {
    calls: F,
    size: u32,
}

impl<F: FnMut(usize)> Batches<F> {
    pub(crate) fn of(calls: F) -> Self {
        let mut batches = Self { calls, size: 16 };
        while batches.once() * f64::from(batches.size) < BATCH.as_secs_f64() * 1e9 {
            batches.size *= 2;
        }
        batches
    }

    /// One batch: nanoseconds for a call.
    pub(crate) fn once(&mut self) -> f64 {
        let started = Instant::now();
        (self.calls)(self.size as usize);
        started.elapsed().as_secs_f64() * 1e9 / f64::from(self.size)
    }

    /// Batches for a time: nanoseconds for a call in the median batch.
    pub(crate) fn run(&mut self, time: Duration) -> f64 {
        let started = Instant::now();
        let mut batches = Vec::new();
        while started.elapsed() < time {
            batches.push(self.once());
        }
        median(batches)
    }
}

/// The upper of two in the middle; NaN of nothing.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Keeps the calling thread to one core, so that as many threads as there are cores run at the same time: left
/// alone, a scheduler may let them wait for each other on one core for as long as a measurement takes.
pub(crate) fn pin(thread: usize) -> Result<()> {
    let mut core = CpuSet::new();
    core.set(thread % thread::available_parallelism()?);
    sched_setaffinity(None, &core).context("it takes Linux, and cores without gaps")
}

/// Of all threads of this process, those that ended too.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// The memory of this process that is not swapped out.
pub(crate) fn resident_bytes() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("it takes Linux")?;
    let mut lines = status.lines();
    let resident = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.context("VmRSS")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.parse::<f64>()? * 1024.0)
}
