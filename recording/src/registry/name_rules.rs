//! What a thread knows of metrics whose keys are not simply looked up: labels are left out, or nothing is recorded.

use super::dropped::Dropped;
use super::name_cache::{NameCache, Place};
use super::projection::Projection;
use metrics::Key;
use metrics_util::MetricKind;
use std::cell::RefCell;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) enum NameRule {
    /// Labels are left out.
    Projected(Projection),
    /// The policy disabled it.
    Disabled,
    /// There are too many names.
    Nameless(Arc<Dropped>),
}

thread_local! {
    static RULES: RefCell<NameCache<NameRule>> = const { RefCell::new(NameCache::new()) };
}

/// Gives `found` the rule for a key's name, or none if the calling thread knows none.
pub(super) fn with<R>(
    registry: u64,
    kind: MetricKind,
    key: &Key,
    found: impl Fn(Option<&NameRule>) -> R,
) -> R {
    let with_rule = RULES.try_with(|rules| {
        // Borrowed already: an allocator that records what it does.
        let rules = rules.try_borrow().ok()?;
        Some(found(rules.find(registry, kind, key.name())))
    });
    match with_rule {
        Ok(Some(result)) => result,
        // Without locals, as the thread ends.
        _ => found(None),
    }
}

pub(super) fn insert(registry: u64, kind: MetricKind, key: &Key, rule: NameRule) {
    let place = match rule {
        // Such names are without number.
        NameRule::Nameless(_) => Place::Free,
        NameRule::Projected(_) | NameRule::Disabled => Place::Any,
    };
    let _ = RULES.try_with(|rules| {
        let mut rules = rules.try_borrow_mut().ok()?;
        rules.insert(registry, kind, &key.name_shared(), rule, place);
        Some(())
    });
}
