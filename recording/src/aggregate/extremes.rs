//! The least and the greatest of some values.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extremes {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Extremes {
    /// Of no values.
    pub(crate) const NONE: Self = Self {
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    #[inline]
    pub(crate) fn include(&mut self, value: f64) {
        // Not `f64::min`, which also handles NaN.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl Default for Extremes {
    fn default() -> Self {
        Self::NONE
    }
}
