//! Where in a request something is, written as the service writes it.

use std::fmt;

/// A place such as `MetricData.member.3.Dimensions.member.1.Name`. The whole request is the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(String);

impl Place {
    /// A member of the structure that is here.
    pub(crate) fn member(&self, name: &str) -> Self {
        if self.0.is_empty() {
            Self(name.to_owned())
        } else {
            Self(format!("{}.{name}", self.0))
        }
    }

    /// An item of the list that is here. The index counts from 0, the service from 1.
    pub(crate) fn item(&self, index: usize) -> Self {
        Self(format!("{}.member.{}", self.0, index + 1))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
