//! Labels that a destination does not see.

use metrics::{Key, SharedString};

#[derive(Clone, Debug)]
pub(crate) struct Projection {
    hidden: Vec<SharedString>,
}

impl Projection {
    pub(crate) fn without(hidden: &[SharedString]) -> Self {
        let hidden = hidden.to_vec();
        Self { hidden }
    }

    /// The key as the destination sees it.
    pub(crate) fn of(&self, key: &Key) -> Key {
        let seen = key
            .labels()
            .filter(|label| self.hidden.iter().all(|hidden| **hidden != *label.key()));
        Key::from_parts(key.name_shared(), seen.cloned().collect::<Vec<_>>())
    }
}
