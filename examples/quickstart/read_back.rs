//! What arrived, by `GetMetricStatistics`.

use crate::tally::{self, Series, Statistics, Tally};
use anyhow::Result;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::get_metric_statistics::builders::GetMetricStatisticsFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use comfy_table::{CellAlignment, Table, presets};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Where a run sent its data, and since when.
pub(crate) struct Run {
    pub(crate) client: Client,
    pub(crate) namespace: &'static str,
    /// The dimension that keeps it apart from other runs.
    pub(crate) id: String,
    pub(crate) start: SystemTime,
    /// How long what was sent may take to show.
    pub(crate) patience: Duration,
}

#[derive(Default)]
pub(crate) struct Arrived {
    run: String,
    series: BTreeMap<Series, Read>,
}

struct Read {
    statistics: Statistics,
    unit: String,
    /// p50 and p99, where CloudWatch has them.
    percentiles: Option<(f64, f64)>,
}

impl Run {
    /// Reads until it has all that was recorded, or its patience is at an end.
    pub(crate) async fn read_all(&self, recorded: &Tally) -> Result<Arrived> {
        let since = tokio::time::Instant::now();
        loop {
            let arrived = self.read(recorded).await?;
            if arrived.differences(recorded).is_empty() || since.elapsed() >= self.patience {
                return Ok(arrived);
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    pub(crate) async fn read(&self, recorded: &Tally) -> Result<Arrived> {
        let mut arrived = Arrived {
            run: self.id.clone(),
            ..Arrived::default()
        };
        for series in recorded.series.keys() {
            if let Some(read) = self.read_series(series).await? {
                arrived.series.insert(series.clone(), read);
            }
        }
        Ok(arrived)
    }

    async fn read_series(&self, series: &Series) -> Result<Option<Read>> {
        let all = Statistic::values()
            .iter()
            .map(|&name| name.into())
            .collect();
        let plain = self
            .request(series)
            .set_statistics(Some(all))
            .send()
            .await?;
        let Some(statistics) = plain
            .datapoints()
            .iter()
            .filter_map(statistics)
            .reduce(Statistics::merged)
        else {
            return Ok(None);
        };
        let percentiles = ["p50", "p99"].map(String::from).to_vec();
        let extended = self
            .request(series)
            .set_extended_statistics(Some(percentiles))
            .send()
            .await?;
        let percentile = |name| {
            extended
                .datapoints()
                .first()?
                .extended_statistics()?
                .get(name)
                .copied()
        };
        Ok(Some(Read {
            statistics,
            unit: plain.datapoints()[0]
                .unit()
                .map_or("", |unit| unit.as_str())
                .into(),
            // Those of several days cannot be put together.
            percentiles: (extended.datapoints().len() == 1)
                .then(|| Some((percentile("p50")?, percentile("p99")?)))
                .flatten(),
        }))
    }

    fn request(&self, (metric, extension): &Series) -> GetMetricStatisticsFluentBuilder {
        let dimension =
            |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let extension = extension
            .as_deref()
            .map(|value| dimension("extension", value));
        self.client
            .get_metric_statistics()
            .namespace(self.namespace)
            .metric_name(*metric)
            .set_dimensions(Some(
                std::iter::once(dimension("run", &self.id))
                    .chain(extension)
                    .collect(),
            ))
            // Data are stamped with the start of their minute.
            .start_time(DateTime::from(self.start - Duration::from_mins(1)))
            .end_time(DateTime::from(SystemTime::now() + Duration::from_mins(1)))
            .period(24 * 60 * 60)
    }
}

fn statistics(datapoint: &Datapoint) -> Option<Statistics> {
    Some(Statistics {
        count: datapoint.sample_count()?,
        sum: datapoint.sum()?,
        minimum: datapoint.minimum()?,
        maximum: datapoint.maximum()?,
    })
}

impl Arrived {
    /// Each way in which something arrived that was not recorded, or the reverse.
    pub(crate) fn differences(&self, recorded: &Tally) -> Vec<String> {
        let mut differences = Vec::new();
        for (series, recorded) in &recorded.series {
            let Some(Read {
                statistics: arrived,
                unit,
                ..
            }) = self.series.get(series)
            else {
                differences.push(format!("{series:?} did not arrive"));
                continue;
            };
            // Of a counter CloudWatch knows the sum, of a gauge the extremes, of a histogram all.
            let (has_sum, has_extremes) = match series.0 {
                "queue.depth" => (false, true),
                "file.duration" => (true, true),
                _ => (true, false),
            };
            let is_same = unit == tally::unit(series.0)
                && (!has_sum || (arrived.sum - recorded.sum).abs() <= recorded.sum.abs() * 1e-9)
                && (!has_extremes || arrived.minimum == recorded.minimum)
                && (!has_extremes || arrived.maximum == recorded.maximum)
                && (!(has_sum && has_extremes) || arrived.count == recorded.count);
            if !is_same {
                differences.push(format!(
                    "{series:?}: recorded {recorded:?}, arrived {arrived:?}"
                ));
            }
        }
        differences
    }

    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header([
            "metric",
            "dimensions",
            "unit",
            "count",
            "sum",
            "min",
            "max",
            "p50",
            "p99",
        ]);
        for ((metric, extension), read) in &self.series {
            let extension = extension
                .as_ref()
                .map(|value| format!(" extension={value}"));
            let Statistics {
                count,
                sum,
                minimum,
                maximum,
            } = read.statistics;
            let number = |value: f64| format!("{}", (value * 1e3).round() / 1e3);
            let percentile = |value: Option<f64>| value.map_or_else(|| "-".into(), number);
            table.add_row([
                (*metric).into(),
                format!("run={}{}", self.run, extension.unwrap_or_default()),
                read.unit.clone(),
                number(count),
                number(sum),
                number(minimum),
                number(maximum),
                percentile(read.percentiles.map(|(p50, _)| p50)),
                percentile(read.percentiles.map(|(_, p99)| p99)),
            ]);
        }
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
