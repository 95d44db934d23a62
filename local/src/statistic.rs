//! The names of statistics.

/// What a reader asks of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// From 0 to 100.
    Percentile(f64),
}

/// API `GetMetricStatistics`: the members of `Statistics`.
pub(crate) const SIMPLE: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

pub(crate) fn simple(name: &str) -> Option<Statistic> {
    Some(match name {
        "SampleCount" => Statistic::SampleCount,
        "Average" => Statistic::Average,
        "Sum" => Statistic::Sum,
        "Minimum" => Statistic::Minimum,
        "Maximum" => Statistic::Maximum,
        _ => return None,
    })
}

/// `p0` to `p100`, with up to ten decimals (API `PutMetricAlarm`, pattern of `ExtendedStatistic`).
/// The service's other extended statistics (trimmed means and the like) are not here.
pub(crate) fn percentile(name: &str) -> Option<Statistic> {
    let number = name.strip_prefix('p')?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 3) || !digits(decimals, 10) {
        return None;
    }
    let rank: f64 = number.parse().ok()?;
    (rank <= 100.0).then_some(Statistic::Percentile(rank))
}
