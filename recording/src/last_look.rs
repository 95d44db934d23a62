//! The last look at a series that is taken out of the map, which finds all that was ever recorded to it.
//!
//! Apart from [eviction](crate::registry::eviction), as loom's models run it with their own types.

use crate::sync::Arc;

/// Whether a series that was unlinked is over: nobody else has it, and `is_idle` found nothing in it.
pub(crate) fn is_over<S>(series: &mut Arc<S>, is_idle: impl FnOnce(&S) -> bool) -> bool {
    Arc::get_mut(series).is_some_and(|series| is_idle(series))
}
