//! Labels that say nothing, so that they do not split a series.

use crate::model::dimension::{self, Dimensions};
use metrics::{Key, Label};

/// The one key that stands for all keys of the same identity, or nothing if `key` is that key.
///
/// A label that is there twice, that repeats a default dimension, or that has an empty value but no
/// default dimension to take away, says nothing.
pub(crate) fn normalize(key: &Key, defaults: &Dimensions) -> Option<Key> {
    let mut labels: Vec<&Label> = dimension::by_name(key.labels().as_slice()).collect();
    let all = labels.len();
    labels.dedup();
    let is_alone = |position: usize| {
        let name = labels[position].key();
        (position == 0 || labels[position - 1].key() != name)
            && labels
                .get(position + 1)
                .is_none_or(|next| next.key() != name)
    };
    let says_something = |position: usize| {
        let label = labels[position];
        let silent = match defaults.get(label.key()) {
            Some(default) => **default == *label.value(),
            None => label.value().is_empty(),
        };
        // Of labels that contradict each other all are kept, to be refused.
        !silent || !is_alone(position)
    };
    let kept: Vec<Label> = (0..labels.len())
        .filter(|&position| says_something(position))
        .map(|position| labels[position].clone())
        .collect();
    (kept.len() < all).then(|| Key::from_parts(key.name_shared(), kept))
}
