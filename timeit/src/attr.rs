//! The attributes. They are apart from the macro [`timeit!`](crate::timeit!), which has the name of one.

/// Times a function: milliseconds, with their fraction, into a histogram.
///
/// ```
/// use metrics_timeit::attr::timeit;
///
/// #[timeit]
/// fn plain() {}
///
/// #[timeit("api", "HTTP Method" => "GET", "route" => route.to_owned())]
/// async fn handle(route: &str) {}
///
/// #[timeit("query", outcome)]
/// fn query(sql: &str) -> Result<usize, std::fmt::Error> {
///     Ok(sql.len())
/// }
/// # plain();
/// # let _ = query("");
/// ```
///
/// Without a name the metric is the function's path. Labels may use the arguments; they are evaluated
/// before the function begins. An async function is timed from its first poll until it is complete or
/// dropped. More than one may stand on a function, and other attributes with them.
///
/// | option | meaning |
/// |---|---|
/// | `outcome` | a label `outcome`, `"ok"` or `"error"`, for an [`Outcome`](crate::Outcome): a `Result`, an `Option`, or a type of your own; a panic is an error |
/// | `on_success` | only if the function returns, and its outcome, if it has one, is well |
/// | `if_err` | only if the outcome is an error, or it panics |
/// | `crate = path` | where `metrics_timeit` is, if it is not a dependency by that name |
pub use metrics_timeit_macros::timeit;

/// Counts the calls of a function, when they end.
///
/// ```
/// use metrics_timeit::attr::count;
///
/// #[count]
/// fn plain() {}
///
/// #[count("items", by = items.len() as u64, "kind" => "order")]
/// #[count("failures", if_err)]
/// fn store(items: &[u8]) -> Result<(), std::fmt::Error> {
///     Ok(())
/// }
/// # plain();
/// # let _ = store(&[]);
/// ```
///
/// It takes what [`timeit`] takes, and `by = amount`, a `u64` instead of one.
pub use metrics_timeit_macros::count;
