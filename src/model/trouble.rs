//! What can be wrong with a destination.

use std::fmt;

/// What is wrong with a destination; the worst first, and ordered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The exporter was not started, or has ended.
    NotRunning,
    /// The destination does not allow the exporter to send: credentials or permissions are wrong.
    Denied,
    /// Whoever answers does not take such requests: the endpoint, region or account is wrong.
    Misdirected,
    /// Every request is refused, whatever is in it: more than 32 in a row.
    RefusingAll,
    /// No request leaves before there are credentials, and they have not come yet.
    AwaitingCredentials,
    /// There is no connection, or the destination does not work.
    Failing,
    /// No answer comes, so that nobody knows whether data arrive.
    Unanswered,
    /// The queue was full within the last five minutes, and data were dropped.
    Dropping,
    /// The destination throttles.
    Throttled,
    /// Samples were refused within the last five minutes, by the destination or by its rules.
    /// [`refusals`](crate::CloudWatchHandle::refusals) names their series. Or requests were, and it is not known yet for
    /// which data: they are [in doubt](crate::Stats::in_doubt).
    Refusing,
}

impl Trouble {
    const fn sentence(self) -> &'static str {
        match self {
            Self::NotRunning => "the exporter does not run",
            Self::Denied => "not allowed to send",
            Self::Misdirected => "wrong endpoint, region or account",
            Self::RefusingAll => "every request is refused",
            Self::AwaitingCredentials => "waiting for credentials",
            Self::Failing => "no connection, or the destination fails",
            Self::Unanswered => "no answers",
            Self::Dropping => "the queue is full and data are dropped",
            Self::Throttled => "requests are throttled",
            Self::Refusing => "samples are refused",
        }
    }
}

/// A few words, such as `requests are throttled`.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
