//! `Retry-After`: how long a service asks to be left alone.

use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::primitives::{DateTime, DateTimeFormat};
use std::time::{Duration, SystemTime};

/// Seconds, or a date. A date is by the clock of whoever answers, so that it is compared with the answer's own `Date`;
/// without that it says nothing, nor does one that is over.
pub(crate) fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let headers = answer.headers();
    let value = headers.get("retry-after")?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // What cannot be read is beyond any bound.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    date(value)?
        .duration_since(date(headers.get("date")?)?)
        .ok()
}

/// A date as HTTP has it.
pub(crate) fn date(value: &str) -> Option<SystemTime> {
    let date = DateTime::from_str(value, DateTimeFormat::HttpDate).ok()?;
    SystemTime::try_from(date).ok()
}
