//! The drop guard.

use crate::metric::{DynamicHistogram, HistogramSite};
use crate::scope::Scope;
use crate::unit::TimeUnit;
use metrics::SharedString;
use std::mem;
use std::time::{Duration, Instant};

/// Records the time from its making to its end into a histogram.
///
/// [`timeit!`](crate::timeit!) makes it. It records when it is dropped, whatever the reason: the end of the block, an
/// early return, `?`, a panic, a cancelled future. It goes into the recorder that is installed then.
///
/// Bind it to a name: `let _timer = timeit!("api");`. With `let _ = timeit!("api");` it is dropped at once
/// and times nothing.
///
/// A timer leaked with [`std::mem::forget`] records nothing; what else that does is said at
/// [`on_idle`](crate::on_idle).
#[derive(Debug)]
#[must_use = "it records when it is dropped: bind it to a name; `let _ =` drops at once"]
pub struct Timer {
    target: Target,
    started: Instant,
    /// Dropped after the record, as a field is.
    _scope: Scope,
}

#[derive(Debug)]
enum Target {
    Site(&'static HistogramSite),
    Dynamic(DynamicHistogram),
    /// It has been recorded, or must not be.
    Done,
}

impl Timer {
    #[inline]
    pub(crate) fn at(site: &'static HistogramSite) -> Self {
        Self::start(Target::Site(site))
    }

    pub(crate) fn dynamic(histogram: DynamicHistogram) -> Self {
        Self::start(Target::Dynamic(histogram))
    }

    #[inline]
    fn start(target: Target) -> Self {
        Self {
            target,
            _scope: Scope::open(),
            // Last, so that nothing of our own is timed.
            started: Instant::now(),
        }
    }

    /// Records now, and gives what was recorded.
    ///
    /// ```
    /// let timer = metrics_timeit::timeit!("api");
    /// let took = timer.stop();
    /// # let _ = took;
    /// ```
    #[inline]
    pub fn stop(mut self) -> Duration {
        self.finish()
    }

    /// Ends without recording anything.
    pub fn discard(mut self) {
        self.target = Target::Done;
    }

    /// How long it has been running. It goes on.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Adds a label: something known only at the end.
    ///
    /// The clock goes on. The histogram is then looked up at the end, and the labels are allocated.
    ///
    /// ```
    /// # fn call() -> Result<(), ()> { Ok(()) }
    /// let timer = metrics_timeit::timeit!("api", "method" => "GET");
    /// let result = call();
    /// timer
    ///     .with_label("outcome", if result.is_ok() { "ok" } else { "error" })
    ///     .stop();
    /// ```
    pub fn with_label(
        mut self,
        key: impl Into<SharedString>,
        value: impl Into<SharedString>,
    ) -> Self {
        if let Some(histogram) = self.take_dynamic() {
            self.target = Target::Dynamic(histogram.with(key, value));
        }
        self
    }

    /// Records in another unit, and describes the histogram with it; milliseconds if this is not called.
    ///
    /// A histogram should have one unit everywhere: a recorder knows one for each name. The histogram is then looked
    /// up at the end; `timeit!(unit: Unit::Seconds, ..)` spares that.
    ///
    /// ```
    /// use metrics_timeit::{TimeUnit, timeit};
    ///
    /// let _timer = timeit!("api").record_in(TimeUnit::Seconds);
    /// ```
    pub fn record_in(mut self, unit: TimeUnit) -> Self {
        if let Some(histogram) = self.take_dynamic() {
            self.target = Target::Dynamic(DynamicHistogram { unit, ..histogram });
        }
        self
    }

    fn take_dynamic(&mut self) -> Option<DynamicHistogram> {
        match mem::replace(&mut self.target, Target::Done) {
            Target::Site(site) => Some(site.to_dynamic()),
            Target::Dynamic(histogram) => Some(histogram),
            Target::Done => None,
        }
    }

    #[inline]
    fn finish(&mut self) -> Duration {
        let elapsed = self.started.elapsed();
        // Done before it is: if the recorder panics, the drop that follows must not ask it again.
        if let Target::Site(site) = self.target {
            self.target = Target::Done;
            site.record(elapsed);
        } else if let Some(histogram) = self.take_dynamic() {
            histogram.record(elapsed);
        }
        elapsed
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.target, Target::Done) {
            self.finish();
        }
    }
}
