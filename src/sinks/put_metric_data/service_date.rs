//! Which `Date` of an answer the SDK gets to see, which signs later requests by it.

use crate::sinks::put_metric_data::retry_after::date;
use aws_runtime::service_clock_skew::DisableClockSkewCorrection;
use aws_sdk_cloudwatch::config::ConfigBag;
use aws_sdk_cloudwatch::config::http::HttpResponse;
use std::time::{Duration, SystemTime};

/// A `Date` that is further from the machine's clock, either way, is taken for nobody's clock.
const MAX_OFF: Duration = Duration::from_hours(366 * 24);

/// Keeps the SDK from an absurd `Date`. The SDK would believe any, from anybody, for all later requests of the client; it
/// panics when it signs for the year 9999.
pub(crate) fn hide_if_absurd(answer: &HttpResponse, config: &mut ConfigBag) {
    let told = answer.headers().get("date").and_then(date);
    if told.is_some_and(|told| is_absurd(told, SystemTime::now())) {
        // It asks for this before each answer.
        config
            .interceptor_state()
            .store_put(DisableClockSkewCorrection::from(true));
    }
}

fn is_absurd(told: SystemTime, now: SystemTime) -> bool {
    let off = told.duration_since(now);
    off.unwrap_or_else(|behind| behind.duration()) > MAX_OFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_either_way_is_believed_and_more_is_not() {
        let now = SystemTime::now();
        let more = MAX_OFF + Duration::from_secs(1);
        for (told, expected) in [
            (now, false),
            (now + MAX_OFF, false),
            (now - MAX_OFF, false),
            (now + more, true),
            (now - more, true),
        ] {
            assert_eq!(is_absurd(told, now), expected, "{told:?}");
        }
    }
}
