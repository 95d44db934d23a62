//! Dimensions: of labels and defaults.

use metrics::{Label, SharedString};
use std::collections::BTreeMap;
use std::iter;

/// Dimensions by name, such as the default ones.
pub(crate) type Dimensions = BTreeMap<SharedString, SharedString>;

/// Labels, and the default dimensions that none of them is for; by name. An empty value takes a dimension away.
pub(crate) fn merged<'a>(
    labels: &'a [Label],
    defaults: &'a Dimensions,
) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
    let labels = by_name(labels).map(|label| (label.key(), label.value()));
    let defaults = defaults.iter().map(|(name, value)| (&**name, &**value));
    let (mut labels, mut defaults) = (labels.peekable(), defaults.peekable());
    let all = iter::from_fn(move || {
        let Some((name, _)) = labels.peek() else {
            return defaults.next();
        };
        let default = defaults.next_if(|(default, _)| default <= name);
        default
            .filter(|(default, _)| default != name)
            .or_else(|| labels.next())
    });
    all.filter(|(_, value)| !value.is_empty())
}

pub(crate) fn by_name(labels: &[Label]) -> impl Iterator<Item = &Label> + Clone {
    let (sorted, mut others) = if labels.is_sorted() {
        (labels, Vec::new())
    } else {
        (&[][..], labels.iter().collect())
    };
    others.sort_unstable();
    sorted.iter().chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs() -> impl Strategy<Value = BTreeMap<u8, u8>> {
        prop::collection::btree_map(0..6_u8, 0..3_u8, 0..6)
    }

    proptest! {
        /// Against maps, one of which is put into the other.
        #[test]
        fn labels_override_defaults(labels in pairs(), defaults in pairs(), reverse: bool) {
            let text = |value: u8| if value == 0 { String::new() } else { value.to_string() };
            let pair = |(&name, &value): (&u8, &u8)| (name.to_string(), text(value));
            let mut own: Vec<Label> = labels.iter().map(pair).map(|pair| Label::from(&pair)).collect();
            let shared: Dimensions = defaults
                .iter()
                .map(pair)
                .map(|(name, value)| (name.into(), value.into()))
                .collect();
            let mut all = defaults.clone();
            all.extend(labels);
            all.retain(|_, value| *value != 0);
            let all: Vec<_> = all.iter().map(pair).collect();
            if reverse {
                own.reverse();
            }
            let merged = merged(&own, &shared);
            let merged: Vec<_> = merged.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            prop_assert_eq!(merged, all);
        }
    }
}
