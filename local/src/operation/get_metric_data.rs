//! `GetMetricData`: the datapoints of many metrics, in pages.

mod page;
mod query;

use std::time::SystemTime;

use ciborium::Value;

use self::page::Page;
use self::query::{Query, QueryInput};
use super::next_token::Binding;
use crate::aggregate;
use crate::rules::{Violations, period};
use crate::store::Store;
use crate::wire::error::{self, ServiceError};
use crate::wire::place::Place;
use crate::wire::{decode, encode};

/// API `GetMetricData`: the default of `MaxDatapoints`, and the most that it can be.
const MAX_DATAPOINTS: usize = 100_800;

/// A request, before any rule.
#[derive(Debug)]
struct Input {
    queries: Vec<QueryInput>,
    start: Option<f64>,
    end: Option<f64>,
    scan_by: Option<String>,
}

pub(crate) fn answer(raw: &[u8], store: &Store, now: SystemTime) -> Result<Value, ServiceError> {
    let mut body = decode::body(raw)?;
    let input = Input {
        queries: body
            .structures("MetricDataQueries", query::decode)?
            .unwrap_or_default(),
        start: body.timestamp("StartTime")?,
        end: body.timestamp("EndTime")?,
        scan_by: body.text("ScanBy")?,
    };
    let token = body.text("NextToken")?;
    let limit = body.integer("MaxDatapoints")?;
    if let Some(mut options) = body.structure("LabelOptions")? {
        // A time zone for labels that show times, of which there are none here.
        options.text("Timezone")?;
        options.finish()?;
    }
    body.finish()?;

    let binding = Binding::to(&format!("{input:?}"));
    let from = binding.position(token.as_deref()).ok_or_else(|| {
        error::bad_request(
            error::INVALID_NEXT_TOKEN,
            "The parameter NextToken is invalid.",
        )
    })?;
    let mut violations = Violations::default();
    let limit = page_size(limit, &mut violations);
    let ascending = ascending(input.scan_by.as_deref(), &mut violations);
    let range = period::range(input.start, input.end, &mut violations);
    let queries = query::check(input.queries, range, &mut violations);
    violations.all_as(error::VALIDATION).into_result()?;

    let mut page = Page {
        skip: from,
        room: limit,
        end: from,
        more: false,
    };
    let results = queries.into_iter().map(|query| {
        let data = store.data_of(&query.series);
        let points = aggregate::datapoints(&data, &query.window, query.unit.as_deref(), now);
        let points = points.into_iter();
        let mut points: Vec<_> = points
            .filter_map(|((start, _), summary)| Some((start, summary.get(query.statistic)?)))
            .collect();
        if !ascending {
            points.reverse();
        }
        let (points, complete) = page.take(points);
        result(query, &points, complete)
    });
    let results = Value::Array(results.collect());
    Ok(encode::structure([
        ("MetricDataResults", Some(results)),
        ("Messages", Some(Value::Array(Vec::new()))),
        (
            "NextToken",
            page.more.then(|| binding.issue(page.end).into()),
        ),
    ]))
}

fn result(query: Query, points: &[(i64, f64)], complete: bool) -> Value {
    let timestamps = points.iter().map(|(start, _)| encode::timestamp(*start));
    let values = points.iter().map(|(_, value)| Value::Float(*value));
    let status = if complete { "Complete" } else { "PartialData" };
    encode::structure([
        ("Id", Some(query.id.into())),
        ("Label", Some(query.label.into())),
        ("Timestamps", Some(Value::Array(timestamps.collect()))),
        ("Values", Some(Value::Array(values.collect()))),
        ("StatusCode", Some(status.into())),
    ])
}

fn page_size(found: Option<i64>, violations: &mut Violations) -> usize {
    let Some(found) = found else {
        return MAX_DATAPOINTS;
    };
    let size = usize::try_from(found)
        .ok()
        .filter(|size| (1..=MAX_DATAPOINTS).contains(size));
    if size.is_none() {
        let place = Place::default().member("MaxDatapoints");
        violations.invalid(
            &place,
            format_args!("must be between 1 and {MAX_DATAPOINTS}"),
        );
    }
    size.unwrap_or(MAX_DATAPOINTS)
}

/// API `GetMetricData`: the newest data first, if it is not said otherwise.
fn ascending(scan_by: Option<&str>, violations: &mut Violations) -> bool {
    const ORDERS: [&str; 2] = ["TimestampDescending", "TimestampAscending"];
    if scan_by.is_some_and(|found| !ORDERS.contains(&found)) {
        violations.not_in_set(&Place::default().member("ScanBy"), &ORDERS);
    }
    scan_by == Some(ORDERS[1])
}
