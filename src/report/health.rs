//! Whether all is well, for a readiness probe.

use crate::model::trouble::Trouble;
use crate::report::utc::Utc;
use std::fmt;
use std::time::SystemTime;

/// Whether all is well with the exporter, or with one of its destinations.
///
/// - It is degraded while requests fail, are throttled or denied, go to a wrong endpoint, or wait for credentials; from the
///   attempt that says so until a request is answered again. As long as there is nothing to send, this stays.
/// - It is degraded for five minutes after data were dropped, and after samples were refused, by the destination or before
///   they left; also after a request was refused, as long as it is not known for which data. What was dropped or refused again within five minutes is one trouble, and `since` its beginning.
/// - It is degraded while the exporter [does not run](Trouble::NotRunning).
///
/// Of several troubles, and of several destinations, the worst counts; [`Trouble`] has them in order.
///
/// `Display` writes `ok`, or `requests are throttled since 2026-11-27T04:38:29Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Nothing is known to be wrong.
    #[default]
    Ok,
    /// Something is wrong. Data may be delivered all the same, or wait.
    Degraded {
        /// Since when, by the exporter's [clock](crate::Clock).
        since: SystemTime,
        /// What it is.
        reason: Trouble,
    },
}

impl Health {
    pub(crate) fn of(trouble: Option<(Trouble, SystemTime)>) -> Self {
        trouble.map_or(Self::Ok, |(reason, since)| Self::Degraded { since, reason })
    }

    /// Whether nothing is known to be wrong.
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// The worse one of two; of the same reason, the one that is older.
    pub(crate) fn worse(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Ok) => one,
            (Self::Ok, other) => other,
            (
                Self::Degraded { since, reason },
                Self::Degraded {
                    since: other_since,
                    reason: other_reason,
                },
            ) => Self::of(Some((reason, since).min((other_reason, other_since)))),
        }
    }

    /// Writes what is wrong behind an account, if anything is.
    pub(crate) fn write_behind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => Ok(()),
            Self::Degraded { .. } => write!(f, " ({self})"),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Degraded { since, reason } => write!(f, "{reason} since {}", Utc(*since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_worse_one_counts_and_of_two_alike_the_older() {
        let degraded = |reason, seconds| Health::Degraded {
            since: UNIX_EPOCH + Duration::from_secs(seconds),
            reason,
        };
        let (old, new) = (
            degraded(Trouble::Throttled, 1),
            degraded(Trouble::Throttled, 2),
        );
        let worse = degraded(Trouble::Denied, 3);
        assert_eq!(Health::Ok.worse(Health::Ok), Health::Ok);
        assert_eq!(new.worse(Health::Ok), new);
        assert_eq!(Health::Ok.worse(new), new);
        assert_eq!(new.worse(old), old);
        assert_eq!(old.worse(new), old);
        assert_eq!(old.worse(worse), worse);
        assert_eq!(
            worse.to_string(),
            "not allowed to send since 1970-01-01T00:00:03Z"
        );
    }
}
