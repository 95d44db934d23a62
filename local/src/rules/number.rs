//! The numbers that the service can store.

use std::fmt;

use super::Violations;
use super::limits::{MAX_MAGNITUDE, MIN_MAGNITUDE};
use crate::wire::place::Place;

/// Whether a number can be stored; if not, that is a violation.
pub(crate) fn check(number: f64, place: &Place, violations: &mut Violations) -> bool {
    let storable = number == 0.0 || (MIN_MAGNITUDE..=MAX_MAGNITUDE).contains(&number.abs());
    if !storable {
        violations.out_of_range(place, Shown(number));
    }
    storable
}

/// A number in few characters.
pub(crate) struct Shown(pub(crate) f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if self.0.is_infinite() {
            f.write_str(if self.0 > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            })
        } else if magnitude >= 1e15 || (magnitude > 0.0 && magnitude < 1e-6) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}
