//! What is done about an attempt whose fate nobody knows.

/// What is to be done if nobody knows whether a request arrived: it timed out, the connection broke
/// off, or the answer made no sense. CloudWatch cannot tell that it has seen a request before.
///
/// | | `AtLeastOnce` | `AtMostOnce` |
/// |---|---|---|
/// | then the data are | sent again | given up |
/// | a counter's Sum | may be too high, never too low | may be too low, never too high |
/// | a gauge | may have its sample twice: Average, Minimum and Maximum are the same | may miss a window |
/// | a histogram | may have its samples twice: percentiles move little, Sum and `SampleCount` double | may miss a window |
/// | the report says it as | [`repeated`](crate::FlushReport::repeated) | [`ambiguous`](crate::FlushReport::ambiguous) |
///
/// Failures that are known to have arrived nowhere, such as a throttled request or a refused
/// connection, are repeated either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guarantee {
    /// Send it again: nothing is lost, something may be counted twice. A datum that nobody answers is given up after ten
    /// attempts in a row while other requests are answered.
    #[default]
    AtLeastOnce,
    /// Give it up: nothing is counted twice, something may be lost.
    AtMostOnce,
}
