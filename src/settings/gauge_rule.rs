//! How gauges of several series become one.

/// How gauges of several series become one, where a destination [does not
/// see](crate::CloudWatchBuilder::without_labels) what tells them apart.
///
/// The last value of the one gauge is that of all last values, of those that nobody set in the window, too. Its minimum
/// and maximum are made of the minima and the maxima in the same way: of a sum they are bounds, which it need not have
/// reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GaugeRule {
    /// All added up, such as connections of several pools.
    Sum,
    /// The least of them.
    Min,
    /// The greatest of them.
    Max,
}

impl GaugeRule {
    pub(crate) fn merge(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Sum => one + other,
            Self::Min => one.min(other),
            Self::Max => one.max(other),
        }
    }
}
