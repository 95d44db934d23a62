//! The end of a series, with which no record may go.

use crate::sync::Arc;

/// Forgets a series: `unlink` takes away all by which it can be found, and if nobody has it either,
/// `is_idle` sees all that was ever recorded to it. Otherwise it is to be linked again.
pub(crate) fn forget<S>(
    series: &mut Arc<S>,
    unlink: impl FnOnce(),
    is_idle: impl FnOnce(&S) -> bool,
) -> bool {
    unlink();
    Arc::get_mut(series).is_some_and(|series| is_idle(series))
}
