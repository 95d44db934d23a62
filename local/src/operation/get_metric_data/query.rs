//! The queries of a request: decoding, and the rules for them.

use std::collections::BTreeSet;

use crate::aggregate::Window;
use crate::operation::dimensions::{self, DimensionInput};
use crate::rules::limits::{MAX_METRIC_NAME, MAX_NAMESPACE};
use crate::rules::{self, Violations, period, text};
use crate::series::Series;
use crate::statistic::{self, Statistic};
use crate::wire::decode::Structure;
use crate::wire::error::{self, ServiceError};
use crate::wire::place::Place;

/// API `GetMetricData`: "as many as 500 `MetricDataQuery` structures".
const MAX_QUERIES: usize = 500;
/// API `MetricDataQuery`: an `Id` is 1 to 255 characters.
const MAX_ID: usize = 255;

/// A query, before any rule.
#[derive(Debug)]
pub(super) struct QueryInput {
    place: Place,
    id: Option<String>,
    metric: Option<MetricInput>,
    /// Members that are known, but not to this crate.
    unsupported: Vec<&'static str>,
    label: Option<String>,
    return_data: bool,
    has_period: bool,
}

/// A `MetricStat` with the `Metric` in it, before any rule.
#[derive(Debug)]
struct MetricInput {
    has_metric: bool,
    namespace: Option<String>,
    metric_name: Option<String>,
    dimensions: Vec<DimensionInput>,
    period: Option<i64>,
    stat: Option<String>,
    unit: Option<String>,
}

/// A query that can be answered.
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) series: Series,
    pub(super) window: Window,
    pub(super) statistic: Statistic,
    pub(super) unit: Option<String>,
}

/// One of `MetricDataQueries`.
pub(super) fn decode(mut found: Structure) -> Result<QueryInput, ServiceError> {
    let query = QueryInput {
        place: found.place().clone(),
        id: found.text("Id")?,
        metric: found
            .structure("MetricStat")?
            .map(metric_stat)
            .transpose()?,
        label: found.text("Label")?,
        return_data: found.boolean("ReturnData")?.unwrap_or(true),
        has_period: found.integer("Period")?.is_some(),
        unsupported: unsupported(&mut found)?,
    };
    found.finish()?;
    Ok(query)
}

fn unsupported(found: &mut Structure) -> Result<Vec<&'static str>, ServiceError> {
    let mut unsupported = Vec::new();
    for name in ["Expression", "AccountId"] {
        if found.text(name)?.is_some() {
            unsupported.push(name);
        }
    }
    Ok(unsupported)
}

fn metric_stat(mut found: Structure) -> Result<MetricInput, ServiceError> {
    let mut metric = found.structure("Metric")?;
    let mut input = MetricInput {
        has_metric: metric.is_some(),
        namespace: None,
        metric_name: None,
        dimensions: Vec::new(),
        period: found.integer("Period")?,
        stat: found.text("Stat")?,
        unit: found.text("Unit")?,
    };
    if let Some(mut metric) = metric.take() {
        input.namespace = metric.text("Namespace")?;
        input.metric_name = metric.text("MetricName")?;
        input.dimensions = dimensions::decode(&mut metric)?;
        metric.finish()?;
    }
    found.finish()?;
    Ok(input)
}

/// The queries whose data are to be returned.
pub(super) fn check(
    queries: Vec<QueryInput>,
    range: Option<(i64, i64)>,
    violations: &mut Violations,
) -> Vec<Query> {
    let place = Place::default().member("MetricDataQueries");
    if queries.is_empty() {
        violations.missing(&place);
    }
    if queries.len() > MAX_QUERIES {
        violations.too_many(&place, MAX_QUERIES);
        return Vec::new();
    }
    let mut ids = BTreeSet::new();
    for query in &queries {
        let place = query.place.member("Id");
        let Some(found) = text::required(query.id.as_deref(), MAX_ID, &place, violations) else {
            continue;
        };
        if found.len() <= MAX_ID && !is_id(found) {
            violations.add(
                error::VALIDATION,
                format!("The value {found} for parameter {place} is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."),
            );
        }
        if !ids.insert(found) {
            violations.invalid(&place, "must not be the Id of another query as well");
        }
    }
    let queries = queries.into_iter();
    queries
        .filter_map(|query| query.check(range, violations))
        .collect()
}

fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl QueryInput {
    fn check(self, range: Option<(i64, i64)>, violations: &mut Violations) -> Option<Query> {
        let place = |name: &str| self.place.member(name);
        for name in &self.unsupported {
            violations.invalid(&place(name), "is not supported by cloudwatch-local");
        }
        if self.has_period && self.metric.is_some() {
            violations.exclusive(&place("Period"), &place("MetricStat"));
        }
        let stat_place = place("MetricStat");
        let Some(stat) = self.metric else {
            if self.unsupported.is_empty() {
                violations.missing(&stat_place);
            }
            return None;
        };
        let (window, statistic) = stat.check(&stat_place, range, violations);
        let label = self.label.or(stat.metric_name.clone());
        let query = Query {
            id: self.id?,
            label: label?,
            series: Series::checked(stat.namespace, stat.metric_name, stat.dimensions),
            window: window?,
            statistic: statistic?,
            unit: stat.unit,
        };
        self.return_data.then_some(query)
    }
}

impl MetricInput {
    fn check(
        &self,
        place: &Place,
        range: Option<(i64, i64)>,
        violations: &mut Violations,
    ) -> (Option<Window>, Option<Statistic>) {
        let metric = place.member("Metric");
        if self.has_metric {
            let namespace = metric.member("Namespace");
            text::required(
                self.namespace.as_deref(),
                MAX_NAMESPACE,
                &namespace,
                violations,
            );
            let name = metric.member("MetricName");
            text::required(
                self.metric_name.as_deref(),
                MAX_METRIC_NAME,
                &name,
                violations,
            );
            rules::dimensions::check(&self.dimensions, &metric.member("Dimensions"), violations);
        } else {
            violations.missing(&metric);
        }
        let period = period::check(self.period, &place.member("Period"), violations);
        text::unit(self.unit.as_deref(), &place.member("Unit"), violations);
        let stat = place.member("Stat");
        let statistic = self
            .stat
            .as_deref()
            .and_then(|name| statistic::simple(name).or_else(|| statistic::percentile(name)));
        match (&self.stat, statistic) {
            (None, _) => violations.missing(&stat),
            (Some(_), None) => violations.add(
                error::VALIDATION,
                format!("The value for parameter {stat} is not a valid statistic."),
            ),
            _ => {}
        }
        let window = range
            .zip(period)
            .map(|((start, end), period)| Window { start, end, period });
        (window, statistic)
    }
}
