//! Which metrics a setting is for.

/// Matches metrics by name, with a case-sensitive comparison.
///
/// Where several match, a full match wins over a prefix and a prefix over a suffix; of two prefixes
/// or two suffixes the longer one wins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Matcher {
    /// The whole name.
    Full(String),
    /// The beginning of the name.
    Prefix(String),
    /// The end of the name.
    Suffix(String),
}

impl Matcher {
    /// Whether `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Full(full) => name == full,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => name.ends_with(suffix.as_str()),
        }
    }

    fn precedence(&self) -> (u8, usize) {
        match self {
            Self::Full(full) => (2, full.len()),
            Self::Prefix(prefix) => (1, prefix.len()),
            Self::Suffix(suffix) => (0, suffix.len()),
        }
    }
}

/// A setting with exceptions by metric.
#[derive(Clone, Debug)]
pub(crate) struct ByMetric<T> {
    default: T,
    exceptions: Vec<(Matcher, T)>,
}

impl<T> ByMetric<T> {
    pub(crate) fn new(default: T) -> Self {
        Self {
            default,
            exceptions: Vec::new(),
        }
    }

    pub(crate) fn set_default(&mut self, setting: T) {
        self.default = setting;
    }

    /// A matcher that is there already gets the new setting.
    pub(crate) fn set(&mut self, matcher: Matcher, setting: T) {
        self.exceptions.retain(|(known, _)| *known != matcher);
        self.exceptions.push((matcher, setting));
        self.exceptions
            .sort_by_key(|(matcher, _)| std::cmp::Reverse(matcher.precedence()));
    }

    pub(crate) fn get(&self, name: &str) -> &T {
        self.exceptions
            .iter()
            .find(|(matcher, _)| matcher.matches(name))
            .map_or(&self.default, |(_, setting)| setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_match_wins() {
        let mut settings = ByMetric::new(0);
        settings.set(Matcher::Suffix(".ms".into()), 1);
        settings.set(Matcher::Prefix("http.".into()), 2);
        settings.set(Matcher::Prefix("http.in.".into()), 3);
        settings.set(Matcher::Full("http.in.ms".into()), 4);
        for (name, setting) in [
            ("queue", 0),
            ("queue.ms", 1),
            ("http.out.ms", 2),
            ("http.in.bytes", 3),
            ("http.in.ms", 4),
        ] {
            assert_eq!(*settings.get(name), setting, "{name}");
        }
        settings.set(Matcher::Full("http.in.ms".into()), 5);
        assert_eq!(*settings.get("http.in.ms"), 5);
    }
}
