//! Buckets → at most 150 values, or what a sink takes, and counts, whose sum is the exact one.
//!
//! CloudWatch computes Sum and Average as Σ value × count, so a bucket's midpoint would bias them.
//! The exact minimum and maximum go as values of their own; every other group of samples goes at
//! `low + θ × (high − low)` between the bounds it is known to lie in, with the one θ that makes the
//! whole add up to the exact sum. As the true samples lie within those bounds too, θ is in [0, 1].

use crate::reduce::as_float;
use metrics_recording::{Bucket, Buckets};

/// Fits histograms, one after the other, in the same memory.
#[derive(Debug, Default)]
pub(crate) struct Fit {
    values: Vec<(f64, u64)>,
    buckets: Vec<Bucket>,
    groups: Vec<Group>,
    minimum: f64,
    maximum: f64,
}

/// Samples that go as one value, and the bounds of their sum.
#[derive(Debug)]
struct Group {
    low: f64,
    high: f64,
    count: u64,
}

impl Fit {
    /// At most so many values with their counts, in rising order, for a histogram that is not empty.
    pub(crate) fn values(&mut self, samples: &Buckets, most: usize) -> &[(f64, u64)] {
        self.minimum = samples.min().unwrap_or_default();
        self.maximum = samples.max().unwrap_or_default();
        self.values.clear();
        if self.minimum == self.maximum {
            self.values.push((self.minimum, samples.count()));
            return &self.values;
        }
        self.set_extremes_apart(samples);
        if self.buckets.len() <= most {
            // It fits if the extremes are values that the outer buckets come out at anyway.
            self.group(most);
            self.place(samples.sum());
        }
        if self.values.is_empty() || self.values.len() > most {
            // The minimum and the maximum take a value each.
            self.group(most - 2);
            self.place(samples.sum());
        }
        &self.values
    }

    /// Puts every group at its value, between the exact extremes.
    fn place(&mut self, sum: f64) {
        let (minimum, maximum) = (self.minimum, self.maximum);
        let theta = theta(&self.groups, sum - minimum - maximum);
        self.values.clear();
        self.values.push((minimum, 1));
        let placed = self.groups.iter().map(|group| {
            let sum = group.low + theta * (group.high - group.low);
            let value = (sum / as_float(group.count)).clamp(minimum, maximum);
            (value, group.count)
        });
        for (value, count) in placed.chain([(maximum, 1)]) {
            match self.values.last_mut() {
                Some((last, last_count)) if *last == value => {
                    *last_count = last_count.saturating_add(count);
                }
                _ => self.values.push((value, count)),
            }
        }
    }

    fn set_extremes_apart(&mut self, samples: &Buckets) {
        self.buckets.clear();
        self.buckets.extend(samples.iter());
        if let Some(lowest) = self.buckets.first_mut() {
            lowest.count -= 1;
        }
        if let Some(highest) = self.buckets.last_mut() {
            highest.count -= 1;
        }
        self.buckets.retain(|bucket| bucket.count > 0);
    }

    /// Merges as many neighbouring places as it takes, the same number everywhere.
    fn group(&mut self, most: usize) {
        let mut width = 1;
        loop {
            let groups = runs(&self.buckets, width).count();
            if groups <= most {
                break;
            }
            width = (width * groups).div_ceil(most).max(width + 1);
        }
        self.groups.clear();
        self.groups.extend(runs(&self.buckets, width).map(|run| {
            let mut group = Group {
                low: 0.0,
                high: 0.0,
                count: 0,
            };
            for bucket in run {
                let (low, high) = bucket.bounds();
                group.low += low.max(self.minimum) * as_float(bucket.count);
                group.high += high.min(self.maximum) * as_float(bucket.count);
                group.count = group.count.saturating_add(bucket.count);
            }
            group
        }));
    }
}

/// Runs of buckets that share a group of `width` places.
fn runs(buckets: &[Bucket], width: usize) -> impl Iterator<Item = &[Bucket]> {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    buckets.chunk_by(move |a, b| a.index.div_euclid(width) == b.index.div_euclid(width))
}

fn theta(groups: &[Group], sum: f64) -> f64 {
    let low: f64 = groups.iter().map(|group| group.low).sum();
    let high: f64 = groups.iter().map(|group| group.high).sum();
    if high > low {
        ((sum - low) / (high - low)).clamp(0.0, 1.0)
    } else {
        0.0
    }
}
