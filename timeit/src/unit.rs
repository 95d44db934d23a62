//! In what a duration is recorded.

use metrics::Unit;
use std::time::Duration;

/// What a [`Timer`](crate::Timer) records in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TimeUnit {
    /// 1 s.
    Seconds,
    /// 1/1,000 s, the default.
    #[default]
    Milliseconds,
    /// 1/1,000,000 s.
    Microseconds,
    /// 1/1,000,000,000 s.
    Nanoseconds,
}

impl TimeUnit {
    /// How many of this unit a duration is, with its fraction.
    ///
    /// ```
    /// use metrics_timeit::TimeUnit;
    /// use std::time::Duration;
    ///
    /// assert_eq!(TimeUnit::Milliseconds.of(Duration::from_micros(1_500)), 1.5);
    /// ```
    #[inline]
    // Whole seconds stay exact for 285 million years.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(self, duration: Duration) -> f64 {
        let seconds = duration.as_secs() as f64;
        let nanoseconds = f64::from(duration.subsec_nanos());
        match self {
            Self::Seconds => seconds + nanoseconds / 1e9,
            Self::Milliseconds => seconds * 1e3 + nanoseconds / 1e6,
            Self::Microseconds => seconds * 1e6 + nanoseconds / 1e3,
            Self::Nanoseconds => seconds * 1e9 + nanoseconds,
        }
    }

    /// The unit by its name in the facade.
    ///
    /// # Panics
    ///
    /// If it is not a unit of time. In a constant, as in [`timeit!`](crate::timeit!), this is an
    /// error of the compiler.
    pub const fn from_metrics(unit: Unit) -> Self {
        match unit {
            Unit::Seconds => Self::Seconds,
            Unit::Milliseconds => Self::Milliseconds,
            Unit::Microseconds => Self::Microseconds,
            Unit::Nanoseconds => Self::Nanoseconds,
            _ => panic!(
                "a timer records time: the unit is Seconds, Milliseconds, Microseconds or Nanoseconds"
            ),
        }
    }
}

impl From<TimeUnit> for Unit {
    fn from(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Seconds => Self::Seconds,
            TimeUnit::Milliseconds => Self::Milliseconds,
            TimeUnit::Microseconds => Self::Microseconds,
            TimeUnit::Nanoseconds => Self::Nanoseconds,
        }
    }
}
