//! What a thread has described before. The facade's macros describe at every call that names a unit: so that is to take
//! no lock.

use super::name_cache::{NameCache, Place};
use crate::series::{Description, Metric};
use metrics::KeyName;
use metrics_util::MetricKind;
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static CACHE: RefCell<NameCache<Option<Arc<Description>>>> = const { RefCell::new(NameCache::new()) };
}

/// Gives `found` the description of a metric, if the calling thread remembers one. Returns whether it remembers: one, or
/// that there is no room for one.
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
        let known = cache.find(registry, kind, name.as_str())?;
        if let Some(description) = known {
            found(description);
        }
        Some(())
    });
    matches!(is_found, Ok(Some(())))
}

#[cold]
pub(super) fn insert(
    registry: u64,
    kind: MetricKind,
    name: &KeyName,
    description: Option<&Arc<Description>>,
) {
    // Without locals, the next call looks it up again.
    let _ = CACHE.try_with(|cache| {
        let mut cache = cache.try_borrow_mut().ok()?;
        let place = match description {
            Some(_) => Place::Any,
            // Such names are without number.
            None => Place::Free,
        };
        cache.insert(registry, kind, name, description.cloned(), place);
        Some(())
    });
}

/// A metric is known that may have had no room for its description before.
pub(super) fn make_room(registry: u64, metric: &Metric, name: &KeyName) {
    let had_no_room = CACHE.try_with(|cache| {
        let cache = cache.try_borrow().ok()?;
        let known = cache.find(registry, metric.kind, name.as_str())?;
        known.is_none().then_some(())
    });
    if let Ok(Some(())) = had_no_room {
        insert(registry, metric.kind, name, Some(&metric.description));
    }
}
