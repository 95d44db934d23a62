//! The drop guard.

use crate::clock::Start;
use crate::held::HeldTimer;
use crate::metric::{DynamicHistogram, HistogramSite};
use crate::scope::Scope;
use crate::unit::TimeUnit;
use metrics::{Histogram, SharedString};
use std::mem;
use std::time::Duration;

/// Records the time from its making to its end into a histogram.
///
/// [`timeit!`](crate::timeit!) makes it. For hot code, [`Timer::start`] times into a histogram that the caller holds. It records when it is dropped, whatever the reason: the end of the block, an
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
    started: Start,
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
        Self::to(Target::Site(site))
    }

    pub(crate) fn dynamic(histogram: DynamicHistogram) -> Self {
        Self::to(Target::Dynamic(histogram))
    }

    #[inline]
    fn to(target: Target) -> Self {
        Self {
            target,
            _scope: Scope::open(),
            // Last, so that nothing of our own is timed.
            started: Start::now(),
        }
    }

    /// Times into a histogram that the caller holds, in milliseconds: two clock reads and one record, for hot code.
    ///
    /// A held histogram belongs to the recorder that it was taken from. Take it after the recorder is installed.
    /// Its unit is told to the recorder where it is taken:
    ///
    /// ```
    /// use metrics::{Histogram, Unit, histogram};
    /// use metrics_timeit::Timer;
    ///
    /// struct Parser {
    ///     took: Histogram,
    /// }
    ///
    /// impl Parser {
    ///     fn new() -> Self {
    ///         Self {
    ///             took: histogram!(unit: Unit::Milliseconds, description: "Time of a parse", "parse"),
    ///         }
    ///     }
    ///
    ///     fn parse(&self, line: &str) -> usize {
    ///         let _timer = Timer::start(&self.took);
    ///         line.split(',').count()
    ///     }
    /// }
    /// # assert_eq!(Parser::new().parse("a,b"), 2);
    /// ```
    #[inline]
    pub fn start(histogram: &Histogram) -> HeldTimer<'_> {
        HeldTimer::new(histogram)
    }

    /// Records now, and gives what was recorded; zero on a target without a clock, where nothing is recorded.
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

    /// How long it has been running; zero on a target without a clock. It goes on.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed().unwrap_or_default()
    }

    /// Adds a label: something known only at the end.
    ///
    /// The clock goes on. The labels are then allocated.
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
    /// A histogram should have one unit everywhere: a recorder knows one for each name. `timeit!(unit: Unit::Seconds,
    /// ..)` does the same, and copies no key.
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
        let Some(elapsed) = self.started.elapsed() else {
            return Duration::ZERO;
        };
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
