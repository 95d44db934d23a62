//! The rules that a request breaks, gathered into one answer as the service gathers them.

use std::fmt::{Display, Write};

use crate::wire::error::{self, ServiceError};
use crate::wire::place::Place;

/// A thousand data can break rules a hundred thousand times; nobody reads that far.
const MAX_LINES: usize = 20;

/// Violations found so far, in the order of the request.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Vec<(&'static str, String)>,
}

impl Violations {
    /// A parameter that must be there is not, or is the empty string.
    pub(crate) fn missing(&mut self, place: &Place) {
        self.add(
            error::MISSING,
            format!("The parameter {place} is required."),
        );
    }

    /// Parameters that are wrong together.
    pub(crate) fn combination(&mut self, message: impl Into<String>) {
        self.add(error::INVALID_COMBINATION, message);
    }

    /// Parameters of which only one may be there.
    pub(crate) fn exclusive(&mut self, first: &Place, second: &Place) {
        self.combination(format!(
            "The parameters {first} and {second} are mutually exclusive and you have specified both."
        ));
    }

    /// A parameter that is wrong by itself.
    pub(crate) fn invalid(&mut self, place: &Place, fault: impl Display) {
        self.add(
            error::INVALID_VALUE,
            format!("The parameter {place} {fault}."),
        );
    }

    /// A value that is out of range.
    pub(crate) fn out_of_range(&mut self, place: &Place, value: impl Display) {
        self.add(
            error::INVALID_VALUE,
            format!("The value {value} for parameter {place} is invalid."),
        );
    }

    /// A list with too many items.
    pub(crate) fn too_many(&mut self, place: &Place, limit: usize) {
        self.add(
            error::INVALID_VALUE,
            format!("The collection {place} must not have a size greater than {limit}."),
        );
    }

    /// A parameter that is none of those that are allowed.
    pub(crate) fn not_in_set(&mut self, place: &Place, allowed: &[impl ToString]) {
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        self.invalid(
            place,
            format!("must be a value in the set [ {} ]", allowed.join(", ")),
        );
    }

    pub(crate) fn add(&mut self, code: &'static str, message: impl Into<String>) {
        self.found.push((code, message.into()));
    }

    /// The same under one code, for an operation whose errors have no other.
    pub(crate) fn all_as(mut self, code: &'static str) -> Self {
        self.found.iter_mut().for_each(|found| found.0 = code);
        self
    }

    /// An answer has one code, that of the first violation, and a line for each violation with it.
    pub(crate) fn into_result(self) -> Result<(), ServiceError> {
        let Some(&(code, _)) = self.found.first() else {
            return Ok(());
        };
        let of_code = self.found.iter().filter(|(other, _)| *other == code);
        let mut lines: Vec<_> = of_code.map(|(_, message)| message.as_str()).collect();
        let more = lines.len().saturating_sub(MAX_LINES);
        lines.truncate(MAX_LINES);
        let mut message = lines.join("\n");
        if more > 0 {
            let _ = write!(message, "\n… and {more} more.");
        }
        Err(error::bad_request(code, message))
    }
}
