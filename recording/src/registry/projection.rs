//! Labels that a policy leaves out: a key with them is as the key without them, and found without making that key.

use super::name_cache::text_hash;
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
        // Whatever the order of the labels.
        let labels =
            kept.map(|label| text_hash(label.key()) ^ text_hash(label.value()).rotate_left(1));
        Self {
            key,
            hash: labels.fold(text_hash(key.name()), u64::wrapping_add),
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
        let often = |label: &Label| {
            let among = |labels: &mut dyn Iterator<Item = &Label>| {
                labels.filter(|other| *other == label).count()
            };
            among(&mut kept()) == among(&mut key.labels())
        };
        self.key.name() == key.name()
            && (kept().eq(key.labels())
                || kept().count() == key.labels().len() && kept().all(often))
    }

    /// A key to keep.
    pub(super) fn to_key(self) -> Key {
        let left = self
            .projection
            .and_then(|projection| projection.of(self.key));
        left.unwrap_or_else(|| self.key.to_retained())
    }
}
