//! Which names a sink takes: their lengths, their characters, and how many dimensions.

use crate::limits::{
    self, MAX_DIMENSION_NAME_CHARS, MAX_DIMENSION_VALUE_CHARS, MAX_DIMENSIONS,
    MAX_METRIC_NAME_CHARS, TextFault,
};
use crate::model::cut::{MAX_KEPT, cut};
use crate::model::refusal::Refusal;

/// The names that a [`Sink`](crate::Sink) takes. By default those that `PutMetricData` takes: names of 255 characters,
/// values of 1,024, 30 dimensions, and [its characters](Characters::CloudWatch).
///
/// A series that breaks a rule is refused by its name, and so is what an application puts. An empty name is none, to
/// whatever sink.
///
/// ```
/// use metrics_exporter_cloudwatch::{Characters, NameRules, Profile};
///
/// let names = NameRules::default()
///     .with_max_dimensions(usize::MAX)
///     .with_name_characters(Characters::AlphanumericAnd("_:"))
///     .with_value_characters(Characters::All);
/// let profile = Profile::default().with_name_rules(names);
/// # let _ = profile;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    max_metric_name: usize,
    max_dimension_name: usize,
    max_dimension_value: usize,
    max_dimensions: usize,
    name_characters: Characters,
    value_characters: Characters,
}

/// The characters that a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Characters {
    /// As CloudWatch's reference says: a dimension's name and value are ASCII without control characters, at least one of
    /// them no space, and the name does not start with a colon. Of a metric's name it says the length alone, so that any
    /// characters are sent, and the service decides: what it refuses is [refused](Refusal::Rejected) by name.
    CloudWatch,
    /// All but control characters.
    Printable,
    /// All.
    All,
    /// ASCII letters and digits, and these.
    AlphanumericAnd(&'static str),
}

impl NameRules {
    /// How many characters a metric's name may have, 255 by default.
    #[must_use]
    pub const fn with_max_metric_name(mut self, chars: usize) -> Self {
        self.max_metric_name = chars;
        self
    }

    /// How many characters a dimension's name may have, 255 by default.
    #[must_use]
    pub const fn with_max_dimension_name(mut self, chars: usize) -> Self {
        self.max_dimension_name = chars;
        self
    }

    /// How many characters a dimension's value may have, 1,024 by default.
    #[must_use]
    pub const fn with_max_dimension_value(mut self, chars: usize) -> Self {
        self.max_dimension_value = chars;
        self
    }

    /// How many dimensions a metric may have, default ones included: 30 by default.
    #[must_use]
    pub const fn with_max_dimensions(mut self, dimensions: usize) -> Self {
        self.max_dimensions = dimensions;
        self
    }

    /// The characters of the names of metrics and dimensions.
    #[must_use]
    pub const fn with_name_characters(mut self, characters: Characters) -> Self {
        self.name_characters = characters;
        self
    }

    /// The characters of the values of dimensions.
    #[must_use]
    pub const fn with_value_characters(mut self, characters: Characters) -> Self {
        self.value_characters = characters;
        self
    }

    /// How many characters a metric's name may have.
    pub const fn max_metric_name(&self) -> usize {
        self.max_metric_name
    }

    /// How many characters a dimension's name may have.
    pub const fn max_dimension_name(&self) -> usize {
        self.max_dimension_name
    }

    /// How many characters a dimension's value may have.
    pub const fn max_dimension_value(&self) -> usize {
        self.max_dimension_value
    }

    /// How many dimensions a metric may have.
    pub const fn max_dimensions(&self) -> usize {
        self.max_dimensions
    }

    /// The characters of the names of metrics and dimensions.
    pub const fn name_characters(&self) -> Characters {
        self.name_characters
    }

    /// The characters of the values of dimensions.
    pub const fn value_characters(&self) -> Characters {
        self.value_characters
    }

    pub(crate) fn check_metric_name(&self, name: &str) -> Result<(), TextFault> {
        let characters = match self.name_characters {
            // A rule of ours would be a guess, and lose what the service takes.
            Characters::CloudWatch => Characters::All,
            others => others,
        };
        characters.check(name, self.max_metric_name)
    }

    fn check_dimension_name(&self, name: &str) -> Result<(), TextFault> {
        self.name_characters.check(name, self.max_dimension_name)?;
        if self.name_characters == Characters::CloudWatch && name.starts_with(':') {
            return Err(TextFault::LeadingColon);
        }
        Ok(())
    }

    fn check_dimension_value(&self, value: &str) -> Result<(), TextFault> {
        self.value_characters.check(value, self.max_dimension_value)
    }

    /// Checks all dimensions of a metric.
    pub(crate) fn check_dimensions<'a>(
        &self,
        all: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<(), Refusal> {
        let (dimensions, limit) = (all.clone().count(), self.max_dimensions);
        if dimensions > limit {
            return Err(Refusal::TooManyDimensions { dimensions, limit });
        }
        for (name, value) in all {
            self.check_dimension_name(name)
                .map_err(|fault| Refusal::DimensionName {
                    name: cut(name, MAX_KEPT).into_owned().into(),
                    fault,
                })?;
            self.check_dimension_value(value)
                .map_err(|fault| Refusal::DimensionValue {
                    name: cut(name, MAX_KEPT).into_owned().into(),
                    fault,
                })?;
        }
        Ok(())
    }
}

impl Default for NameRules {
    fn default() -> Self {
        Self {
            max_metric_name: MAX_METRIC_NAME_CHARS,
            max_dimension_name: MAX_DIMENSION_NAME_CHARS,
            max_dimension_value: MAX_DIMENSION_VALUE_CHARS,
            max_dimensions: MAX_DIMENSIONS,
            name_characters: Characters::CloudWatch,
            value_characters: Characters::CloudWatch,
        }
    }
}

impl Characters {
    fn check(self, text: &str, limit: usize) -> Result<(), TextFault> {
        limits::check_len(text, limit)?;
        match self {
            Self::CloudWatch => limits::check_characters(text),
            Self::Printable if text.chars().any(char::is_control) => {
                Err(TextFault::ControlCharacter)
            }
            Self::Printable | Self::All => Ok(()),
            Self::AlphanumericAnd(others) => {
                let is_taken = |c: &char| c.is_ascii_alphanumeric() || others.contains(*c);
                let other = text.chars().find(|c| !is_taken(c));
                other.map_or(Ok(()), |other| Err(TextFault::Character(other)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::check_namespace;

    #[test]
    fn texts_are_judged_by_every_rule() {
        let rules = NameRules::default();
        let long = "x".repeat(256);
        let emoji = "🦀".repeat(256);
        for (text, fault) in [
            ("", TextFault::Empty),
            ("   ", TextFault::Blank),
            (
                &*long,
                TextFault::TooLong {
                    chars: 256,
                    limit: 255,
                },
            ),
            (
                &*emoji,
                TextFault::TooLong {
                    chars: 256,
                    limit: 255,
                },
            ),
            (&emoji[..400], TextFault::NotAscii),
            ("naïve", TextFault::NotAscii),
            ("a\tb", TextFault::ControlCharacter),
            ("a\u{7f}", TextFault::ControlCharacter),
        ] {
            let is_of_length = matches!(fault, TextFault::Empty | TextFault::TooLong { .. });
            let of_metric = is_of_length.then_some(fault);
            assert_eq!(rules.check_metric_name(text).err(), of_metric, "{text:?}");
            assert_eq!(rules.check_dimension_name(text), Err(fault), "{text:?}");
            assert_eq!(check_namespace(text), Err(fault), "{text:?}");
        }
        assert_eq!(rules.check_metric_name(&long[..255]), Ok(()));
        assert_eq!(rules.check_metric_name(":colon is fine here"), Ok(()));
        assert_eq!(
            rules.check_dimension_name(":x"),
            Err(TextFault::LeadingColon)
        );
        assert_eq!(check_namespace(":x"), Err(TextFault::LeadingColon));
        assert_eq!(check_namespace("AWS/Lambda"), Err(TextFault::Reserved));
        assert_eq!(check_namespace("AWSome"), Ok(()));
        assert_eq!(rules.check_dimension_value(&"v".repeat(1_024)), Ok(()));
        assert_eq!(
            rules.check_dimension_value(&"v".repeat(1_025)),
            Err(TextFault::TooLong {
                chars: 1_025,
                limit: 1_024
            })
        );
        assert_eq!(rules.check_dimension_value(":value"), Ok(()));
    }

    #[test]
    fn names_and_values_have_characters_of_their_own() {
        let fault = |characters: Characters, text| characters.check(text, 8).err();
        let some = Characters::AlphanumericAnd("_:");
        for (characters, text, expected) in [
            (Characters::All, "a\tï ", None),
            (Characters::All, "   ", None),
            (Characters::All, "", Some(TextFault::Empty)),
            (
                Characters::All,
                "123456789",
                Some(TextFault::TooLong { chars: 9, limit: 8 }),
            ),
            (Characters::Printable, "naïve", None),
            (
                Characters::Printable,
                "a\tb",
                Some(TextFault::ControlCharacter),
            ),
            (some, "a_b:9", None),
            (some, "a.b", Some(TextFault::Character('.'))),
            (some, "naïve", Some(TextFault::Character('ï'))),
        ] {
            assert_eq!(fault(characters, text), expected, "{characters:?} {text:?}");
        }
        let rules = NameRules::default()
            .with_name_characters(some)
            .with_value_characters(Characters::All);
        assert_eq!(rules.check_dimension_name(":x"), Ok(()));
        assert_eq!(
            rules.check_dimension_name("a.b"),
            Err(TextFault::Character('.'))
        );
        assert_eq!(
            rules.check_metric_name("a.b"),
            Err(TextFault::Character('.'))
        );
        assert_eq!(rules.check_dimension_value("a.b"), Ok(()));
    }
}
