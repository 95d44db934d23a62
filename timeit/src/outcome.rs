//! What a function came back with.

/// A result that went well or did not: what `outcome`, `if_err` and `on_success` of
/// [`#[timeit]`](crate::attr::timeit) and [`#[count]`](crate::attr::count) ask. For a type of others there is
/// `outcome = |result| ..`.
///
/// ```
/// use metrics_timeit::Outcome;
///
/// struct Response {
///     status: u16,
/// }
///
/// impl Outcome for Response {
///     fn is_ok(&self) -> bool {
///         self.status < 500
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no outcome: it is neither a `Result` nor an `Option`",
    label = "`outcome` and `if_err` need a function that returns a `Result` or an `Option`",
    note = "implement `metrics_timeit::Outcome` for a type of your own; of another's type say it by `outcome = |result| ..`"
)]
pub trait Outcome {
    /// `Ok`, `Some`.
    fn is_ok(&self) -> bool;
}

impl<T, E> Outcome for Result<T, E> {
    #[inline]
    fn is_ok(&self) -> bool {
        Result::is_ok(self)
    }
}

impl<T> Outcome for Option<T> {
    #[inline]
    fn is_ok(&self) -> bool {
        self.is_some()
    }
}
