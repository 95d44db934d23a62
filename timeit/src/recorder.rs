//! Which recorder is it? Only for the global one may a handle be kept.
//!
//! A recorder has no name but its address. That is enough for the global recorder: `metrics` boxes
//! it, leaks the box, and sets it once, so that nothing else can ever live there. It says nothing of a local
//! one: when that is gone, the next may lie in its place.
//!
//! What the facade does not say is whether the recorder at hand is the global one. But a thread
//! that has just started has no local recorder, so what it sees is the global one or none. Such a
//! thread is asked, and that is the whole price. Once, if there is a global recorder by then; as long as there is
//! none, again whenever twice as many calls have been made as at the last time.

use metrics::Recorder;
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;

/// Not known.
const UNKNOWN: usize = 0;

/// The address of the global recorder.
static GLOBAL: AtomicUsize = AtomicUsize::new(UNKNOWN);

/// Calls that would have liked to know.
static ASKED: AtomicU32 = AtomicU32::new(0);

/// A thread is on its way to find out.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Whether `recorder` is the one that will be there until the process ends.
///
/// "No" may also mean "not known yet".
//
// One thing escapes this: a global recorder that makes its own first field the local one, and is
// timed there. Records made inside then go to the whole instead of to the part.
#[inline]
pub(crate) fn is_global(recorder: &dyn Recorder) -> bool {
    let global = GLOBAL.load(Ordering::Relaxed);
    // A recorder without a size shares its address with anything.
    if global != UNKNOWN && address(recorder) == global && size_of_val(recorder) > 0 {
        return true;
    }
    if global == UNKNOWN {
        ask_once_in_a_while(recorder);
    }
    false
}

fn address(recorder: &dyn Recorder) -> usize {
    ptr::from_ref(recorder).cast::<()>().addr()
}

/// A recorder that could be the global one has been seen: asks at the first such call, and if there was none, at
/// the second, the fourth, the eighth: twenty threads in a million calls under local recorders.
#[cold]
fn ask_once_in_a_while(recorder: &dyn Recorder) {
    if size_of_val(recorder) == 0 {
        // The facade's own no-op among others: nothing to look for yet.
        return;
    }
    let asked = ASKED.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    if asked.is_power_of_two() && !ASKING.swap(true, Ordering::AcqRel) {
        let thread = thread::Builder::new().name("metrics-timeit".to_owned());
        // Nobody waits for it: who times may hold any lock. Where there are no threads nothing is cached.
        if thread.spawn(learn).is_err() {
            ASKING.store(false, Ordering::Release);
        }
    }
}

/// Runs on a thread of its own, where no local recorder can be.
fn learn() {
    metrics::with_recorder(|recorder| {
        if size_of_val(recorder) > 0 {
            GLOBAL.store(address(recorder), Ordering::Relaxed);
        }
    });
    ASKING.store(false, Ordering::Release);
}

const REMEMBERED: usize = 64;

thread_local! {
    /// Hashes of what this thread has described to the global recorder, each in the one place it may have.
    static DESCRIBED: [Cell<u64>; REMEMBERED] = const { [const { Cell::new(0) }; REMEMBERED] };
}

/// Whether this thread has not described what has this hash to the global recorder, as far as it remembers.
/// From now on it has.
pub(crate) fn is_undescribed(hash: u64) -> bool {
    // A thread that ends describes once more rather than not at all.
    DESCRIBED
        .try_with(|described| {
            let place = usize::try_from(hash % REMEMBERED as u64).unwrap_or(0);
            described[place].replace(hash) != hash
        })
        .unwrap_or(true)
}
