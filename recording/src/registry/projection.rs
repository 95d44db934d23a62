//! Labels that a policy leaves out: a key with them is as the key without them, and found without making that key.

use super::text_hash::{hash_of, hash_of_labels};
use metrics::{Key, Label, SharedString};
use std::sync::Arc;

/// The names of labels that are left out of a metric's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Projection(Arc<[SharedString]>);

/// What is looked for: a key, or what is left of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'k> {
    key: &'k Key,
    hash: u64,
    projection: Option<&'k Projection>,
}

impl Projection {
    /// None if all labels are kept.
    pub(crate) fn new(dropped: Arc<[SharedString]>) -> Option<Self> {
        (!dropped.is_empty()).then_some(Self(dropped))
    }

    fn keeps(&self, label: &Label) -> bool {
        !self.0.iter().any(|dropped| **dropped == *label.key())
    }

    fn applies_to(&self, key: &Key) -> bool {
        key.labels().any(|label| !self.keeps(label))
    }

    /// What is left of a key; none if that is all of it.
    pub(super) fn of(&self, key: &Key) -> Option<Key> {
        let kept = || key.labels().filter(|label| self.keeps(label)).cloned();
        self.applies_to(key)
            .then(|| Key::from_parts(key.name_shared(), kept().collect::<Vec<_>>()))
    }
}

impl<'k> Sought<'k> {
    /// The key as it is.
    #[inline]
    pub(super) fn whole(key: &'k Key) -> Self {
        Self {
            key,
            hash: key.get_hash(),
            projection: None,
        }
    }

    pub(super) fn projected(key: &'k Key, projection: &'k Projection) -> Self {
        if !projection.applies_to(key) {
            return Self::whole(key);
        }
        let kept = key.labels().filter(|label| projection.keeps(label));
        Self {
            key,
            hash: hash_of_labels(kept).wrapping_add(hash_of(key.name())),
            projection: Some(projection),
        }
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// The key itself, if nothing of it is left out.
    pub(super) fn as_whole(&self) -> Option<&'k Key> {
        self.projection.is_none().then_some(self.key)
    }

    /// Whether `key` is what is looked for.
    pub(super) fn is(&self, key: &Key) -> bool {
        let Some(projection) = self.projection else {
            return self.key == key;
        };
        let kept = || self.key.labels().filter(|label| projection.keeps(label));
        // What has a name twice may be another key to the facade in another order.
        let is_its_only = |label: &Label| {
            let mut namesakes = key.labels().filter(|other| other.key() == label.key());
            namesakes.next() == Some(label) && namesakes.next().is_none()
        };
        self.key.name() == key.name()
            && (kept().eq(key.labels())
                || kept().count() == key.labels().len() && kept().all(is_its_only))
    }

    /// A key to keep.
    pub(super) fn to_key(self) -> Key {
        let left = self
            .projection
            .and_then(|projection| projection.of(self.key));
        left.unwrap_or_else(|| self.key.to_retained())
    }
}
