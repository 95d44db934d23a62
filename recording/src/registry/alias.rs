//! A series stands in the map by its own key, and by its aliases: other keys that are normalised to that key.

use super::recorded::Recorded;
use metrics::Key;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Beyond this, keys of one series are likely to be without number.
pub(super) const MAX_ALIASES: usize = 16;

/// A series by its own key, or by an alias.
#[derive(Debug)]
pub(super) struct Named<A> {
    pub(super) alias: Option<Box<Key>>,
    pub(super) recorded: Arc<Recorded<A>>,
}

impl<A> Borrow<Key> for Named<A> {
    fn borrow(&self) -> &Key {
        self.alias
            .as_deref()
            .unwrap_or_else(|| self.recorded.series().key())
    }
}

impl<A> Hash for Named<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<Key>::borrow(self).hash(state);
    }
}

impl<A> PartialEq for Named<A> {
    fn eq(&self, other: &Self) -> bool {
        Borrow::<Key>::borrow(self) == other.borrow()
    }
}

impl<A> Eq for Named<A> {}
