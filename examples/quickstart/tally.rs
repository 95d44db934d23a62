//! What was recorded, counted a second time without any metrics.

use std::collections::BTreeMap;
use std::fmt;

/// A metric, and its extension if it has that dimension.
pub(crate) type Series = (&'static str, Option<String>);

/// The unit that CloudWatch is to have a metric in.
pub(crate) fn unit(metric: &str) -> &'static str {
    match metric {
        "bytes" => "Bytes",
        "file.duration" => "Milliseconds",
        _ => "Count",
    }
}

/// Count, sum and extremes of what was recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statistics {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) series: BTreeMap<Series, Statistics>,
}

impl Tally {
    #[expect(
        clippy::cast_precision_loss,
        reason = "files have less than 2^53 bytes"
    )]
    pub(crate) fn file(&mut self, extension: &str, bytes: u64, milliseconds: f64) {
        self.add(("files", Some(extension.into())), Statistics::of(1.0));
        self.add(
            ("bytes", Some(extension.into())),
            Statistics::of(bytes as f64),
        );
        self.add(("file.duration", None), Statistics::of(milliseconds));
    }

    pub(crate) fn depth(&mut self, depth: f64) {
        self.add(("queue.depth", None), Statistics::of(depth));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (series, statistics) in other.series {
            self.add(series, statistics);
        }
    }

    fn add(&mut self, series: Series, more: Statistics) {
        let known = self.series.entry(series);
        known
            .and_modify(|known| *known = known.merged(more))
            .or_insert(more);
    }

    fn sum(&self, metric: &str) -> f64 {
        let series = self.series.iter().filter(|((name, _), _)| *name == metric);
        // Not sum(), which is -0 for nothing.
        series.fold(0.0, |sum, (_, statistics)| sum + statistics.sum)
    }
}

impl Statistics {
    pub(crate) fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            sum: value,
            minimum: value,
            maximum: value,
        }
    }

    pub(crate) fn merged(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, bytes) = (self.sum("files"), self.sum("bytes"));
        let milliseconds = self.sum("file.duration");
        write!(
            f,
            "{files} files, {bytes} bytes, {milliseconds:.3} ms in {} series",
            self.series.len()
        )
    }
}
