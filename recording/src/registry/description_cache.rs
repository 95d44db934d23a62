//! What a thread has described before. The facade's macros describe at every call that names a unit: so that is to take
//! no lock.

use crate::series::Description;
use metrics::KeyName;
use metrics_util::MetricKind;
use std::cell::RefCell;
use std::sync::Arc;

/// Names that a thread remembers. A name that is described now and then only is looked up in the registry.
const LINES: usize = 64;

#[derive(Debug)]
struct Line {
    registry: u64,
    kind: MetricKind,
    name: KeyName,
    description: Arc<Description>,
}

thread_local! {
    static CACHE: RefCell<Vec<Option<Line>>> = const { RefCell::new(Vec::new()) };
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
        let line = cache.get(line_of(kind, name))?.as_ref()?;
        let is_its = line.registry == registry && line.kind == kind && line.name == *name;
        is_its.then(|| found(&line.description))
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
    // Without locals or room, the next call looks it up again.
    let _ = CACHE.try_with(|cache| {
        let mut cache = cache.try_borrow_mut().ok()?;
        if cache.is_empty() {
            cache.resize_with(LINES, || None);
        }
        cache[line_of(kind, name)] = Some(Line {
            registry,
            kind,
            name: name.to_retained(),
            description: Arc::clone(description),
        });
        Some(())
    });
}

/// By where the text is, as most names are static: only its address is at hand without a look at all of it.
#[inline]
fn line_of(kind: MetricKind, name: &KeyName) -> usize {
    let address = name.as_str().as_ptr().addr();
    // A name of several kinds has a line for each.
    (address ^ address >> 6 ^ name.as_str().len()).wrapping_add(kind as usize) % LINES
}
