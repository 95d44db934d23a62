//! `crate = path`: for those who have it by another name.

use crate::recorded::recorded;
use renamed::measure;
use renamed::measure::attr::{count, timeit};

mod renamed {
    pub(crate) use metrics_timeit as measure;
}

/// An application that has it only through another crate imports it by its name.
mod imported {
    use super::facade::metrics_timeit::{self, attr::timeit};

    #[timeit("by.import", outcome)]
    pub(super) fn well() -> Option<u8> {
        Some(7)
    }
}

/// Another crate's, which can be told from the dependency: to it nothing goes well.
mod facade {
    pub(super) mod metrics_timeit {
        pub(crate) use ::metrics_timeit::*;

        pub(crate) mod __private {
            pub(crate) use ::metrics_timeit::__private::*;

            pub(crate) fn is_ok<T>(_: &T) -> bool {
                false
            }
        }
    }
}

/// What the attributes would use without the option.
#[allow(dead_code)]
mod metrics_timeit {}

#[timeit("by.relative.path", crate = measure, outcome)]
fn relative() -> Option<u8> {
    None
}

#[count("by.absolute.path.calls", crate = crate::krate::renamed::measure, "key" => 1)]
#[timeit("by.absolute.path", "key" => "value", crate = crate::krate::renamed::measure, on_success)]
fn absolute() {}

#[test]
fn another_path() {
    let recorded = recorded(|| {
        assert_eq!(relative(), None);
        absolute();
        assert_eq!(imported::well(), Some(7));
    });
    assert_eq!(
        recorded.samples(),
        [
            ("by.absolute.path{key=value}", 1),
            ("by.import{outcome=error}", 1),
            ("by.relative.path{outcome=error}", 1)
        ]
    );
    assert_eq!(recorded.counts(), [("by.absolute.path.calls{key=1}", 1)]);
}
