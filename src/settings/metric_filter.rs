//! Which metrics a destination takes.

use crate::settings::matcher::{Matcher, Metric};

/// All metrics, unless something is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetricFilter {
    /// If there are any: only what one of them matches.
    pub(crate) only: Vec<Matcher>,
    /// But nothing that one of these matches.
    pub(crate) without: Vec<Matcher>,
}

impl MetricFilter {
    pub(crate) fn takes(&self, metric: &Metric<'_>) -> bool {
        let is_one_of = |matchers: &[Matcher]| matchers.iter().any(|one| one.matches(metric));
        (self.only.is_empty() || is_one_of(&self.only)) && !is_one_of(&self.without)
    }

    /// Whether it takes all there are.
    pub(crate) fn takes_all(&self) -> bool {
        self.only.is_empty() && self.without.is_empty()
    }
}
