//! The attributes. They are apart from the macro [`timeit!`](crate::timeit!), which has the name of one.

/// Times a function: milliseconds, with their fraction, into a histogram.
///
/// ```
/// use metrics_timeit::attr::timeit;
///
/// #[timeit]
/// fn plain() {}
///
/// #[timeit("api", "HTTP Method" => "GET", "route" => route)]
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
/// More than one may stand on a function, and other attributes with them.
///
/// | option | meaning |
/// |---|---|
/// | `outcome` | a label `outcome`, `"ok"` or `"error"`, for an [`Outcome`](crate::Outcome): a `Result`, an `Option`, or a type of your own; a panic is an error |
/// | `outcome = \|result\| ..` | a label `outcome` with what the closure says of a reference to the result, for types of others |
/// | `on_success` | only if the function returns, and its outcome, if it has one, is well |
/// | `if_err` | only if the outcome is an error, or it panics |
/// | `crate = path` | where `metrics_timeit` is, if nothing in scope has that name |
///
/// # The name
///
/// Without one the time's metric is `module::function`, and the count's is `module::function.calls`: a metric has one
/// unit. A `#[timeit]` and a `#[count]` of one function that are given one name are an error of the compiler, whatever
/// their labels. Only what is written alike is seen.
///
/// An attribute does not see in whose `impl` it stands, and what the compiler would tell at run time may change with
/// its version, as a metric's name must not: `A::new` and `B::new` of one module share a metric. Give methods names.
/// Give a name, too, to a count with `by` or `if_err`, which does not count calls.
///
/// # Labels
///
/// A value is anything that is [`Display`](std::fmt::Display). Literals cost nothing. Any other expression, of the
/// arguments for instance, is evaluated before the function begins, in an async function at its first poll, and
/// its text is copied: no argument is moved, and `"route" => route` needs no `to_owned()`.
///
/// # The outcome of a type of others
///
/// ```
/// use metrics_timeit::attr::{count, timeit};
///
/// struct StatusCode(u16);
///
/// #[timeit("api", outcome = |(status, _)| status.0 < 500)]
/// #[count("requests", outcome = |(status, _)| status.0)]
/// fn handle(text: String) -> (StatusCode, String) {
///     (StatusCode(200), text)
/// }
/// # handle(String::new());
/// ```
///
/// `true` is `"ok"` and `false` is `"error"`. Of anything else that is [`Display`](std::fmt::Display) the label is the
/// text, which is copied. A function's path will do in the place of a closure. Where the function does not return, by a
/// panic or as a future that is dropped, the label is `"error"`.
///
/// # Futures
///
/// An async function is timed from its first poll until it is complete or dropped. So is a function that ends with
/// a future: with `async { .. }`, `Box::pin(async { .. })` or `async { .. }.boxed()`, with or without `move`. Its
/// labels are evaluated when it is called. Of a function that makes its future otherwise, as by `fetch(route)`, or
/// returns it early, the making is timed: write `async move { fetch(route).await }`.
///
/// # What an option cannot do
///
/// To see the result, `outcome`, `on_success` and `if_err` run the body in a closure, which a `return` or `?` leaves.
///
/// - Behind that closure the compiler does not infer what an `impl Fn(..)` takes, and `#[track_caller]` does not reach:
///   both are errors. Without an option both are well.
/// - Where the body takes an argument by value, the closure of `outcome` cannot use that argument: it runs after the body.
/// - In `fn run<T>(..) -> T` nothing is known of `T`: to `on_success` it is well whatever it is, an `Err` too.
pub use metrics_timeit_macros::timeit;

/// Counts the calls of a function, when they end. Without a name the metric is `module::function.calls`.
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
/// It takes what [`timeit`] takes, and `by = amount`, a `u64` instead of one, evaluated when labels are.
pub use metrics_timeit_macros::count;
