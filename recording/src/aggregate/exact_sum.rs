//! A sum that also adds up what rounding takes from it.
//!
//! A plain sum of twenty million ones beside 1e16 is off by 2e-9. This sum is off by less than 1e-15: small values
//! count beside great ones, and a million tenths are a hundred thousand.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ExactSum {
    rounded: f64,
    lost: f64,
}

impl ExactSum {
    pub(crate) const ZERO: Self = Self {
        rounded: 0.0,
        lost: 0.0,
    };

    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let (rounded, lost) = two_sum(self.rounded, value);
        self.rounded = rounded;
        self.lost += lost;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.rounded);
        self.lost += other.lost;
    }

    /// The rounded sum, and what rounding took from it.
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.rounded, self.lost)
    }

    pub(crate) fn of_parts(rounded: f64, lost: f64) -> Self {
        Self { rounded, lost }
    }

    pub(crate) fn total(self) -> f64 {
        self.rounded + self.lost
    }
}

/// A sum, and exactly what it was rounded by (Knuth's 2Sum).
#[inline]
fn two_sum(sum: f64, value: f64) -> (f64, f64) {
    let rounded = sum + value;
    let added = rounded - sum;
    (rounded, (sum - (rounded - added)) + (value - added))
}
