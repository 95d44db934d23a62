//! Which metrics a setting is for.

use crate::model::metric_kind::MetricKind;

/// Matches metrics by name, and also by kind and by the module that records them. All comparisons are case-sensitive.
///
/// A text alone is a matcher for exactly that name. Where several matchers match, each field of
/// [`MetricSettings`](crate::MetricSettings) comes from the most specific matcher that sets the field:
///
/// 1. An [exact](Self::exact) name is more specific than a [prefix](Self::prefix), a prefix than a
///    [suffix](Self::suffix), a suffix than [any](Self::any) name. Of two prefixes or two suffixes the longer one is.
/// 2. Of two that say the same of the name, one with a [target](Self::with_target) is more specific than one without,
///    and the longer target than the shorter one.
/// 3. Of two that say the same of both, one with a [kind](Self::with_kind) is more specific than one without.
///
/// So two different matchers that match the same metric never tie.
///
/// ```
/// use metrics_exporter_cloudwatch::{Matcher, MetricKind};
///
/// let exact: Matcher = "http.requests".into();
/// let durations = Matcher::suffix(".duration").with_kind(MetricKind::Histogram);
/// let of_a_crate = Matcher::any().with_target("sqlx");
/// # let _ = (exact, durations, of_a_crate);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Matcher {
    name: NamePattern,
    target: Option<String>,
    kind: Option<MetricKind>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum NamePattern {
    Any,
    Suffix(String),
    Prefix(String),
    Exact(String),
}

/// What a matcher looks at. Data that an application or the exporter itself makes have a name alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Option<MetricKind>,
    pub(crate) target: Option<&'a str>,
}

/// The greater, the more specific: what is said of the name, with its length, of the target, and of the kind.
pub(crate) type Specificity = (u8, usize, Option<usize>, bool);

impl Matcher {
    /// Metrics of exactly this name.
    pub fn exact(name: impl Into<String>) -> Self {
        Self::new(NamePattern::Exact(name.into()))
    }

    /// Metrics whose names begin so. An empty text is [any](Self::any) name.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self::new(match &*prefix {
            "" => NamePattern::Any,
            _ => NamePattern::Prefix(prefix),
        })
    }

    /// Metrics whose names end so. An empty text is [any](Self::any) name.
    pub fn suffix(suffix: impl Into<String>) -> Self {
        let suffix = suffix.into();
        Self::new(match &*suffix {
            "" => NamePattern::Any,
            _ => NamePattern::Suffix(suffix),
        })
    }

    /// Metrics of any name: the defaults for what no other matcher says.
    pub fn any() -> Self {
        Self::new(NamePattern::Any)
    }

    /// Of those, only the metrics that a call in this module registers first, or in a module within it: `sqlx` is for
    /// `sqlx` and `sqlx::pool`, not for `sqlx_more`. All modules by default.
    ///
    /// The target is what `target:` says in the macros of the `metrics` facade; without it they give the path of the
    /// calling module. The call that registers a name and kind first decides for good: another module that records to
    /// the same name later changes nothing. Data that are [put](crate::CloudWatchHandle::put) have no target, and no
    /// matcher with one matches them.
    pub fn with_target(mut self, module: impl Into<String>) -> Self {
        self.target = Some(module.into());
        self
    }

    /// Of those, only counters, only gauges, or only histograms; all kinds by default. Data that are
    /// [put](crate::CloudWatchHandle::put) have no kind, and no matcher with one matches them.
    pub fn with_kind(mut self, kind: MetricKind) -> Self {
        self.kind = Some(kind);
        self
    }

    fn new(name: NamePattern) -> Self {
        Self {
            name,
            target: None,
            kind: None,
        }
    }

    pub(crate) fn matches(&self, metric: &Metric<'_>) -> bool {
        let Self { name, target, kind } = self;
        name.matches(metric.name)
            && kind.is_none_or(|kind| metric.kind == Some(kind))
            && target.as_ref().is_none_or(|module| {
                let target = metric.target;
                target.is_some_and(|target| is_within(target, module))
            })
    }

    /// Which of two matchers that match the same metric decides.
    pub(crate) fn specificity(&self) -> Specificity {
        let (rank, len) = match &self.name {
            NamePattern::Any => (0, 0),
            NamePattern::Suffix(suffix) => (1, suffix.len()),
            NamePattern::Prefix(prefix) => (2, prefix.len()),
            NamePattern::Exact(name) => (3, name.len()),
        };
        let target = self.target.as_ref().map(String::len);
        (rank, len, target, self.kind.is_some())
    }
}

impl NamePattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Suffix(suffix) => name.ends_with(suffix.as_str()),
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
            Self::Exact(exact) => name == exact,
        }
    }
}

/// Whether a path of a module is this module's, or that of one within it.
fn is_within(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Metrics of exactly this name.
impl From<&str> for Matcher {
    fn from(name: &str) -> Self {
        Self::exact(name)
    }
}

/// Metrics of exactly this name.
impl From<String> for Matcher {
    fn from(name: String) -> Self {
        Self::exact(name)
    }
}

impl<'a> Metric<'a> {
    pub(crate) fn of_name(name: &'a str) -> Self {
        Self {
            name,
            kind: None,
            target: None,
        }
    }
}
