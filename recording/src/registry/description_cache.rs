//! What a thread has described before. The facade's macros describe at every call that names a unit: so that is to take
//! no lock.

use super::name_cache::{NameCache, Place};
use crate::series::Description;
use metrics::KeyName;
use metrics_util::MetricKind;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static CACHE: RefCell<NameCache<Arc<Description>>> = const { RefCell::new(NameCache::new()) };
}

/// Gives `found` the description of a metric, if the calling thread remembers it. Returns whether it did.
#[inline]
pub(super) fn find(
    registry: u64,
    kind: MetricKind,
    name: &KeyName,
    found: impl FnOnce(&Description),
) -> bool {
    // Borrowed already: an allocator that describes what it does. Without locals: the thread ends.
    let is_found = CACHE.try_with(|cache| {
        let cache = cache.try_borrow().ok()?;
        cache
            .find(registry, kind, name.as_str())
            .map(|description| found(description))
    });
    matches!(is_found, Ok(Some(())))
}

#[cold]
pub(super) fn insert(
    registry: u64,
    kind: MetricKind,
    name: &KeyName,
    description: &Arc<Description>,
) {
    // Without locals, the next call looks it up again.
    let _ = CACHE.try_with(|cache| {
        let mut cache = cache.try_borrow_mut().ok()?;
        cache.insert(registry, kind, name, Arc::clone(description), Place::Any);
        Some(())
    });
}
