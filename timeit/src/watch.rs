//! The guard of a function with an attribute.

use crate::metric::Metric;
use crate::outcome::Outcome;
use crate::scope::Scope;

/// Reports once: to one metric if the function came back well, to another, or none, in every other case.
#[derive(Debug)]
#[must_use]
pub struct Watch<M: Metric> {
    ok: Option<M>,
    otherwise: Option<M>,
    start: M::Start,
    /// Dropped after the report, as a field is.
    _scope: Scope,
}

/// A watch that has not begun. It is not `Copy`, so that a future takes it with it, `move` or not.
#[derive(Debug)]
#[must_use]
pub struct Prepared<M, S> {
    ok: Option<M>,
    otherwise: Option<M>,
    start: S,
}

impl<M: Metric, S: FnOnce() -> M::Start> Prepared<M, S> {
    /// What to report to, and what the measure begins with.
    #[inline]
    pub fn new(ok: Option<M>, otherwise: Option<M>, start: S) -> Self {
        Self {
            ok,
            otherwise,
            start,
        }
    }

    /// Begins.
    #[inline]
    pub fn start(self) -> Watch<M> {
        Watch {
            ok: self.ok,
            otherwise: self.otherwise,
            _scope: Scope::open(),
            // Last, so that nothing of our own is timed.
            start: (self.start)(),
        }
    }
}

impl<M: Metric> Watch<M> {
    /// The function has returned.
    #[inline]
    pub fn returned(mut self, is_ok: bool) {
        if is_ok {
            self.otherwise = self.ok.take();
        }
    }

    /// The function has returned, and its result has a say in the metric. If that panics, it did not go well.
    #[inline]
    pub fn returned_as(mut self, named: impl FnOnce(M) -> M) {
        self.otherwise = self.ok.take().map(named);
    }
}

impl<M: Metric> Drop for Watch<M> {
    #[inline]
    fn drop(&mut self) {
        if let Some(metric) = &self.otherwise {
            metric.report(&self.start);
        }
    }
}

/// Calls it; as an argument, a closure may give back what it captured, which it may not where its kind is inferred.
#[inline]
pub fn call<R>(function: impl FnOnce() -> R) -> R {
    function()
}

/// For `outcome = |result| ..`: what the closure says may borrow from the result.
#[inline]
pub fn outcome<'a, T, S>(result: &'a T, closure: impl FnOnce(&'a T) -> S) -> S {
    closure(result)
}

/// What such a closure says.
#[derive(Debug)]
pub struct Said<S>(pub S);

impl Said<bool> {
    /// As with `outcome` alone.
    #[inline]
    pub fn text(&self) -> &'static str {
        if self.0 { "ok" } else { "error" }
    }
}

/// An inherent method goes before a trait's, but only for its type.
pub trait Any {
    /// What is to be displayed.
    type Text;

    /// As it is.
    fn text(&self) -> &Self::Text;
}

impl<S> Any for Said<S> {
    type Text = S;

    #[inline]
    fn text(&self) -> &S {
        &self.0
    }
}

/// For `outcome` and `if_err`.
#[inline]
pub fn is_ok<T: Outcome>(result: &T) -> bool {
    result.is_ok()
}

/// For `on_success`: what has no [`Outcome`] is well if it is there.
#[derive(Debug)]
pub struct Returned<'a, T>(pub &'a T);

impl<T: Outcome> Returned<'_, T> {
    /// It went well.
    #[inline]
    pub fn is_ok(&self) -> bool {
        self.0.is_ok()
    }
}

/// An inherent method goes before a trait's, but only where its bounds hold.
pub trait Anything {
    /// It is there.
    fn is_ok(&self) -> bool;
}

impl<T> Anything for Returned<'_, T> {
    #[inline]
    fn is_ok(&self) -> bool {
        true
    }
}
