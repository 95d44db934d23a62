//! `GetMetricStatistics`: the datapoints of one metric.

use std::time::SystemTime;

use ciborium::Value;

use super::dimensions::{self, DimensionInput};
use crate::aggregate::{self, Summary, Window};
use crate::rules::limits::{MAX_METRIC_NAME, MAX_NAMESPACE};
use crate::rules::{self, Violations, period, text};
use crate::series::Series;
use crate::statistic::{self, Statistic};
use crate::store::Store;
use crate::wire::error::ServiceError;
use crate::wire::place::Place;
use crate::wire::{decode, encode};

/// API `GetMetricStatistics`: at most 5 `Statistics`, at most 10 `ExtendedStatistics`.
const MAX_STATISTICS: usize = 5;
const MAX_EXTENDED: usize = 10;

/// A request, before any rule.
struct Input {
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<DimensionInput>,
    start: Option<f64>,
    end: Option<f64>,
    period: Option<i64>,
    statistics: Vec<String>,
    extended: Vec<String>,
    unit: Option<String>,
}

/// A request that can be answered.
struct Query {
    series: Series,
    window: Window,
    statistics: Vec<(String, Statistic)>,
    unit: Option<String>,
}

pub(crate) fn answer(raw: &[u8], store: &Store, now: SystemTime) -> Result<Value, ServiceError> {
    let query = check(decode(raw)?)?;
    let data = store.data_of(&query.series);
    let datapoints = aggregate::datapoints(&data, &query.window, query.unit.as_deref(), now);
    let datapoints = datapoints
        .into_iter()
        .filter_map(|((start, unit), summary)| datapoint(start, unit, &summary, &query.statistics));
    Ok(encode::structure([
        ("Label", Some(query.series.metric_name.into())),
        ("Datapoints", Some(Value::Array(datapoints.collect()))),
    ]))
}

fn decode(raw: &[u8]) -> Result<Input, ServiceError> {
    let mut body = decode::body(raw)?;
    let input = Input {
        namespace: body.text("Namespace")?,
        metric_name: body.text("MetricName")?,
        dimensions: dimensions::decode(&mut body)?,
        start: body.timestamp("StartTime")?,
        end: body.timestamp("EndTime")?,
        period: body.integer("Period")?,
        statistics: body.texts("Statistics")?.unwrap_or_default(),
        extended: body.texts("ExtendedStatistics")?.unwrap_or_default(),
        unit: body.text("Unit")?,
    };
    body.finish()?;
    Ok(input)
}

fn check(input: Input) -> Result<Query, ServiceError> {
    let violations = &mut Violations::default();
    let place = |name: &str| Place::default().member(name);
    text::required(
        input.namespace.as_deref(),
        MAX_NAMESPACE,
        &place("Namespace"),
        violations,
    );
    text::required(
        input.metric_name.as_deref(),
        MAX_METRIC_NAME,
        &place("MetricName"),
        violations,
    );
    rules::dimensions::check(&input.dimensions, &place("Dimensions"), violations);
    let range = period::range(input.start, input.end, violations);
    let period = period::check(input.period, &place("Period"), violations);
    text::unit(input.unit.as_deref(), &place("Unit"), violations);
    let statistics = statistics(input.statistics, input.extended, violations);
    let window = range
        .zip(period)
        .map(|((start, end), period)| Window { start, end, period });
    if let Some(window) = &window {
        period::datapoints(window, violations);
    }
    std::mem::take(violations).into_result()?;

    Ok(Query {
        series: Series::checked(input.namespace, input.metric_name, input.dimensions),
        window: window.expect("a window that is missing was reported"),
        statistics,
        unit: input.unit,
    })
}

fn statistics(
    simple: Vec<String>,
    extended: Vec<String>,
    violations: &mut Violations,
) -> Vec<(String, Statistic)> {
    let place = |name: &str| Place::default().member(name);
    let (simple_place, extended_place) = (place("Statistics"), place("ExtendedStatistics"));
    match (simple.is_empty(), extended.is_empty()) {
        (true, true) => {
            violations.combination("Must specify either Statistics or ExtendedStatistics.");
        }
        (false, false) => violations.exclusive(&simple_place, &extended_place),
        _ => {}
    }
    if simple.len() > MAX_STATISTICS {
        violations.too_many(&simple_place, MAX_STATISTICS);
    }
    if extended.len() > MAX_EXTENDED {
        violations.too_many(&extended_place, MAX_EXTENDED);
    }
    let mut found = Vec::new();
    for (index, name) in simple.into_iter().enumerate() {
        match statistic::simple(&name) {
            Some(statistic) => found.push((name, statistic)),
            None => violations.not_in_set(&simple_place.item(index), &statistic::SIMPLE),
        }
    }
    for (index, name) in extended.into_iter().enumerate() {
        match statistic::percentile(&name) {
            Some(statistic) => found.push((name, statistic)),
            None => violations.invalid(
                &extended_place.item(index),
                "must be a percentile from p0.0 to p100; cloudwatch-local has no other extended statistics",
            ),
        }
    }
    found
}

/// A period whose data have no percentiles is no datapoint of a request for percentiles.
fn datapoint(
    start: i64,
    unit: String,
    summary: &Summary,
    statistics: &[(String, Statistic)],
) -> Option<Value> {
    let mut members = vec![
        ("Timestamp".into(), encode::timestamp(start)),
        ("Unit".into(), Value::Text(unit)),
    ];
    let mut extended = Vec::new();
    for (name, statistic) in statistics {
        let pair = (
            Value::Text(name.clone()),
            Value::Float(summary.get(*statistic)?),
        );
        match statistic {
            Statistic::Percentile(_) => extended.push(pair),
            _ => members.push(pair),
        }
    }
    if !extended.is_empty() {
        members.push(("ExtendedStatistics".into(), Value::Map(extended)));
    }
    Some(Value::Map(members))
}
