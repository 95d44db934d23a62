//! `ListMetrics`: the metrics there are, filtered, in pages.

use std::time::{Duration, SystemTime};

use ciborium::Value;

use super::next_token::Binding;
use crate::rules::limits::{
    MAX_DIMENSION_NAME, MAX_DIMENSION_VALUE, MAX_METRIC_NAME, MAX_NAMESPACE,
};
use crate::rules::{Violations, text};
use crate::series::Series;
use crate::store::{Listed, Store};
use crate::wire::decode::{self, Structure};
use crate::wire::encode;
use crate::wire::error::{self, ServiceError};
use crate::wire::place::Place;

/// API `ListMetrics`: "Up to 500 results are returned for any one call."
const PAGE: usize = 500;
/// API `ListMetrics`: at most 10 `Dimensions`, fewer than a metric can have.
const MAX_FILTERS: usize = 10;
/// API `ListMetrics`: the one value of `RecentlyActive`, and what it means.
const RECENTLY_ACTIVE: &str = "PT3H";
const RECENT: Duration = Duration::from_hours(3);

/// What is asked for, without the token.
#[derive(Hash)]
struct Filter {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<(Option<String>, Option<String>)>,
    recently_active: Option<String>,
}

pub(crate) fn answer(raw: &[u8], store: &Store, now: SystemTime) -> Result<Value, ServiceError> {
    let mut body = decode::body(raw)?;
    let filter = Filter {
        namespace: body.text("Namespace")?,
        metric_name: body.text("MetricName")?,
        dimensions: body
            .structures("Dimensions", dimension)?
            .unwrap_or_default(),
        recently_active: body.text("RecentlyActive")?,
    };
    let token = body.text("NextToken")?;
    let linked = body.boolean("IncludeLinkedAccounts")?;
    let owner = body.text("OwningAccount")?;
    body.finish()?;
    filter.check(linked, owner.as_deref())?;

    let binding = Binding::to(&filter);
    let from = binding.position(token.as_deref()).ok_or_else(|| {
        error::bad_request(error::INVALID_VALUE, "The parameter NextToken is invalid.")
    })?;
    // One more than fits tells whether there is a next page, and where it begins.
    let mut found = store.listed(from, PAGE + 1, |listed| filter.matches(listed, now));
    let next = found.get(PAGE).map(|(place, _)| binding.issue(*place));
    found.truncate(PAGE);
    let metrics = found.iter().map(|(_, series)| metric(series)).collect();
    Ok(encode::structure([
        ("Metrics", Some(Value::Array(metrics))),
        ("NextToken", next.map(Value::Text)),
    ]))
}

fn dimension(mut found: Structure) -> Result<(Option<String>, Option<String>), ServiceError> {
    let filter = (found.text("Name")?, found.text("Value")?);
    found.finish()?;
    Ok(filter)
}

impl Filter {
    fn check(&self, linked: Option<bool>, owner: Option<&str>) -> Result<(), ServiceError> {
        let mut violations = Violations::default();
        let place = |name: &str| Place::default().member(name);
        let names = [
            ("Namespace", &self.namespace, MAX_NAMESPACE),
            ("MetricName", &self.metric_name, MAX_METRIC_NAME),
        ];
        for (name, found, limit) in names {
            if found.is_some() {
                text::required(found.as_deref(), limit, &place(name), &mut violations);
            }
        }
        let dimensions = place("Dimensions");
        if self.dimensions.len() > MAX_FILTERS {
            violations.too_many(&dimensions, MAX_FILTERS);
        }
        for (index, (name, value)) in self.dimensions.iter().enumerate().take(MAX_FILTERS) {
            let place = dimensions.item(index);
            let name_place = place.member("Name");
            text::required(
                name.as_deref(),
                MAX_DIMENSION_NAME,
                &name_place,
                &mut violations,
            );
            if value.is_some() {
                let place = place.member("Value");
                text::required(
                    value.as_deref(),
                    MAX_DIMENSION_VALUE,
                    &place,
                    &mut violations,
                );
            }
        }
        if self
            .recently_active
            .as_deref()
            .is_some_and(|found| found != RECENTLY_ACTIVE)
        {
            violations.not_in_set(&place("RecentlyActive"), &[RECENTLY_ACTIVE]);
        }
        let unsupported = "is not supported by cloudwatch-local";
        if linked == Some(true) {
            violations.invalid(&place("IncludeLinkedAccounts"), unsupported);
        }
        if owner.is_some() {
            violations.invalid(&place("OwningAccount"), unsupported);
        }
        violations.into_result()
    }

    fn matches(&self, listed: &Listed, now: SystemTime) -> bool {
        let Series {
            namespace,
            metric_name,
            dimensions,
        } = &listed.series;
        let named = |wanted: &Option<String>, found: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let has = |(name, value): &(Option<String>, Option<String>)| {
            let found = name.as_ref().and_then(|name| dimensions.get(name));
            found.is_some_and(|found| named(value, found))
        };
        let idle = || {
            now.duration_since(listed.latest)
                .is_ok_and(|age| age > RECENT)
        };
        named(&self.namespace, namespace)
            && named(&self.metric_name, metric_name)
            && self.dimensions.iter().all(has)
            && (self.recently_active.is_none() || !idle())
    }
}

fn metric(series: &Series) -> Value {
    let dimensions = series.dimensions.iter().map(|(name, value)| {
        encode::structure([
            ("Name", Some(name.as_str().into())),
            ("Value", Some(value.as_str().into())),
        ])
    });
    encode::structure([
        ("Namespace", Some(series.namespace.as_str().into())),
        ("MetricName", Some(series.metric_name.as_str().into())),
        ("Dimensions", Some(Value::Array(dimensions.collect()))),
    ])
}
