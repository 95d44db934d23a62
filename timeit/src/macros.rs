//! `timeit!`, and the statics that it shares with the attributes.

/// Times until the end of the block: gives a [`Timer`](crate::Timer) that records milliseconds, with their fraction,
/// into a histogram when it is dropped.
///
/// It takes what [`metrics::histogram!`](https://docs.rs/metrics/latest/metrics/macro.histogram.html) takes: a name;
/// labels as
/// `key => value` or as one collection; before them `target:`, `level:`, `unit:` and `description:`, in any order.
/// `unit:` must be one of time. Unlike there it needs no description beside it.
///
/// If the name, the labels and the description are literals, nothing is allocated. The recorder of the moment is asked
/// for the histogram at the end, and told its unit and description, as by `histogram!(unit: .., description: .., ..)`.
/// For hot code hold the histogram, and use [`Timer::start`](crate::Timer::start).
///
/// ```
/// use metrics_timeit::timeit;
///
/// let _timer = timeit!("api", "HTTP Method" => "GET");
///
/// let route = String::from("/orders");
/// let _timer = timeit!(format!("{}.duration", "api"), "route" => route);
///
/// let labels = [("service", "checkout")];
/// let _timer = timeit!("api", &labels);
///
/// let _timer = timeit!(unit: metrics::Unit::Seconds, description: "Time of a call", "api.seconds");
/// ```
///
/// Names are bound, so that the timer lives: `let _ = timeit!("api")` times nothing.
#[macro_export]
macro_rules! timeit {
    ($($input:tt)+) => {
        $crate::__timer!(
            target = ::core::module_path!(),
            level = $crate::__private::Level::INFO,
            unit = $crate::__private::Unit::Milliseconds,
            description = "Elapsed time";
            $($input)+
        )
    };
    () => {
        ::core::compile_error!("the metric has no name: write `timeit!(\"api\")`")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __timer {
    (target = $_old:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; target: $target:expr, $($rest:tt)*) => {
        $crate::__timer!(target = $target, level = $level, unit = $unit, description = $description; $($rest)*)
    };
    (target = $target:expr, level = $_old:expr, unit = $unit:expr, description = $description:expr; level: $level:expr, $($rest:tt)*) => {
        $crate::__timer!(target = $target, level = $level, unit = $unit, description = $description; $($rest)*)
    };
    (target = $target:expr, level = $level:expr, unit = $_old:expr, description = $description:expr; unit: $unit:expr, $($rest:tt)*) => {
        $crate::__timer!(target = $target, level = $level, unit = $unit, description = $description; $($rest)*)
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $_old:expr; description: $description:expr, $($rest:tt)*) => {
        $crate::__timer!(target = $target, level = $level, unit = $unit, description = $description; $($rest)*)
    };
    // All is constant.
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:literal; $name:literal $(, $key:literal => $value:literal)* $(,)?) => {
        $crate::__private::timer($crate::__histogram_site!(
            target = $target, level = $level, unit = $unit, description = $description; $name $(, $key => $value)*
        ))
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $name:expr $(, $key:expr => $value:expr)* $(,)?) => {
        $crate::__timer!(@dynamic $target, $level, $unit, $description, $crate::__private::Key::from_parts(
            $name,
            ::std::vec![$($crate::__private::Label::new($key, $value)),*] as ::std::vec::Vec<$crate::__private::Label>,
        ))
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $key:expr => $($rest:tt)*) => {
        ::core::compile_error!("the name comes first: write `timeit!(\"api\", \"method\" => \"GET\")`")
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $name:expr, $label:literal $(,)?) => {
        ::core::compile_error!("the label has no value: write `\"key\" => value`")
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $name:expr, $labels:expr $(,)?) => {
        $crate::__timer!(@dynamic $target, $level, $unit, $description, $crate::__private::Key::from_parts($name, $labels))
    };
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $($rest:tt)*) => {
        ::core::compile_error!("expected a name, then labels: write `timeit!(\"api\", \"method\" => \"GET\")`")
    };
    (@dynamic $target:expr, $level:expr, $unit:expr, $description:expr, $key:expr) => {
        $crate::__private::dynamic_timer($crate::__private::DynamicHistogram::new(
            $key,
            $crate::__metadata!($target, $level),
            const { $crate::TimeUnit::from_metrics($unit) },
            $description,
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __histogram_site {
    (target = $target:expr, level = $level:expr, unit = $unit:expr, description = $description:expr; $name:expr $(, $key:expr => $value:expr)*) => {{
        static __METRICS_TIMEIT_SITE: $crate::__private::HistogramSite = $crate::__private::HistogramSite::new(
            $crate::__key!($name $(, $key => $value)*),
            $crate::__metadata!($target, $level),
            $crate::TimeUnit::from_metrics($unit),
            $description,
        );
        &__METRICS_TIMEIT_SITE
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __counter_site {
    ($name:expr $(, $key:expr => $value:expr)*) => {{
        static __METRICS_TIMEIT_SITE: $crate::__private::CounterSite = $crate::__private::CounterSite::new(
            $crate::__key!($name $(, $key => $value)*),
            $crate::__metadata!(::core::module_path!(), $crate::__private::Level::INFO),
        );
        &__METRICS_TIMEIT_SITE
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($name:expr $(, $key:expr => $value:expr)*) => {{
        static __METRICS_TIMEIT_LABELS: &[$crate::__private::Label] =
            &[$($crate::__private::Label::from_static_parts($key, $value)),*];
        static __METRICS_TIMEIT_KEY: $crate::__private::Key = $crate::__private::Key::from_static_parts($name, __METRICS_TIMEIT_LABELS);
        &__METRICS_TIMEIT_KEY
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metadata {
    ($target:expr, $level:expr) => {{
        static __METRICS_TIMEIT_METADATA: $crate::__private::Metadata<'static> =
            $crate::__private::Metadata::new(
                $target,
                $level,
                ::core::option::Option::Some(::core::module_path!()),
            );
        &__METRICS_TIMEIT_METADATA
    }};
}
