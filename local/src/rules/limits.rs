//! Every limit, with its source.
//!
//! "API" is the Amazon CloudWatch API reference, which is also the text of the SDK's model
//! (`aws-sdk-cloudwatch` 1.140); the name after it is the page. The limit of a body is beside the
//! code that reads it, in `wire/body.rs`.

use std::time::Duration;

/// API `PutMetricData`: "no more than 1000 different metrics".
pub(crate) const MAX_DATA: usize = 1_000;
/// API `MetricDatum`: `Values` "can contain up to 150" unique values.
pub(crate) const MAX_VALUES: usize = 150;
/// API `MetricDatum`: "You can use up to 30 dimensions per metric".
pub(crate) const MAX_DIMENSIONS: usize = 30;

/// API `PutMetricData`: namespace, 1 to 255 characters.
pub(crate) const MAX_NAMESPACE: usize = 255;
/// API `MetricDatum`: metric name, 1 to 255 characters.
pub(crate) const MAX_METRIC_NAME: usize = 255;
/// API `Dimension`: name, 1 to 255 characters.
pub(crate) const MAX_DIMENSION_NAME: usize = 255;
/// API `Dimension`: value, 1 to 1024 characters.
pub(crate) const MAX_DIMENSION_VALUE: usize = 1_024;
/// API `PutMetricData`: "Namespaces that begin with `AWS/` are reserved".
pub(crate) const RESERVED_NAMESPACE: &str = "AWS/";

/// API `MetricDatum`: values "in the range of -2^360 to 2^360". An exponent written as the bits of a
/// double, because a power is no constant.
pub(crate) const MAX_MAGNITUDE: f64 = f64::from_bits((1_023 + 360) << 52);
/// Older texts of API `PutMetricData`: values "in the range of 8.515920e-109 to 1.174271e+108";
/// zero is accepted. Newer texts do not say that small values are.
pub(crate) const MIN_MAGNITUDE: f64 = 8.515_920e-109;
/// How far a statistic set's sum may be outside of its count times its minimum and maximum, as a
/// part of the larger: senders add up in floating point. Not from a text of the service.
pub(crate) const SUM_ROUNDING: f64 = 1e-9;

/// API `PutMetricData`: "as much as two weeks before the current date".
pub(crate) const MAX_AGE: Duration = Duration::from_hours(14 * 24);
/// API `PutMetricData`: "as much as 2 hours after the current day and time".
pub(crate) const MAX_AHEAD: Duration = Duration::from_hours(2);

/// API `MetricDatum`: `StorageResolution`, high and standard.
pub(crate) const RESOLUTIONS: [u8; 2] = [1, 60];
/// API `MetricDatum`: `StandardUnit`, in the order of the service's messages.
pub(crate) const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];
