//! The client that requests are made with, which forgets an absurd `Date` of an answer.

use crate::model::attempt::MIN_LOAD;
use crate::sinks::put_metric_data::retry_after::date;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::http::HttpResponse;
use aws_sdk_cloudwatch::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_cloudwatch::config::{ConfigBag, IdentityCache, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// A `Date` that is further from the machine's clock, either way, is taken for nobody's clock.
const MAX_OFF: Duration = Duration::from_hours(366 * 24);

/// The SDK believes the `Date` of any answer, from anybody, and signs all later requests of the client by it; for the
/// year 9999 it panics. What it learned stays in the client, out of reach, so that only another client is without it.
#[derive(Clone)]
pub(crate) struct OwnClient {
    client: Arc<Mutex<Client>>,
    absurd: AbsurdDate,
}

impl OwnClient {
    /// As the user's client is. That one learns nothing from answers to the exporter.
    pub(crate) fn like(theirs: &Client) -> Self {
        let absurd = AbsurdDate::default();
        let mut config = theirs.config().to_builder().interceptor(absurd.clone());
        if theirs.config().identity_cache().is_none() {
            // One that outlives the client: credentials are not loaded anew for a `Date`. An attempt ends before a load.
            let cache = IdentityCache::lazy().load_timeout(2 * MIN_LOAD);
            config = config.identity_cache(cache.build());
        }
        Self {
            client: Arc::new(Mutex::new(Client::from_conf(config.build()))),
            absurd,
        }
    }

    /// For one request.
    pub(crate) fn get(&self) -> Client {
        let mut client = self.client.lock();
        if self.absurd.0.swap(false, Ordering::Relaxed) {
            *client = Client::from_conf(client.config().clone());
        }
        client.clone()
    }
}

/// Whether one was seen since the client was made.
#[derive(Clone, Debug, Default)]
struct AbsurdDate(Arc<AtomicBool>);

impl Intercept for AbsurdDate {
    fn name(&self) -> &'static str {
        "metrics-exporter-cloudwatch: absurd dates"
    }

    /// The SDK looks at the answer after this, so that no request gets a client that is about to believe.
    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if has_absurd_date(context.response()) {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn has_absurd_date(answer: &HttpResponse) -> bool {
    let told = answer.headers().get("date").and_then(date);
    told.is_some_and(|told| is_absurd(told, SystemTime::now()))
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
