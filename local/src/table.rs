//! A table that is printed while its rows arrive.

use std::fmt::Write;

use aws_sdk_cloudwatch::primitives::{DateTime, DateTimeFormat};
use cloudwatch_local::ReceivedDatum;

const HEADINGS: [&str; 8] = [
    "time",
    "metric",
    "dimensions",
    "unit",
    "count",
    "sum",
    "min",
    "max",
];
/// From here on the columns are numbers, which are aligned at their right.
const FIRST_NUMBER: usize = 4;

/// The widths of the columns so far. They only grow, and the headings are repeated when they do, so
/// that every row stands under headings of its own widths.
#[derive(Debug, Default)]
pub(crate) struct Table {
    widths: [usize; 8],
}

impl Table {
    /// The lines for some data, each with its line feed.
    pub(crate) fn rows(&mut self, data: &[ReceivedDatum]) -> String {
        let rows: Vec<_> = data.iter().map(cells).collect();
        let before = self.widths;
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut lines = String::new();
        if self.widths != before {
            for (width, heading) in self.widths.iter_mut().zip(HEADINGS) {
                *width = (*width).max(heading.len());
            }
            self.line(&HEADINGS, &mut lines);
        }
        for row in &rows {
            self.line(row, &mut lines);
        }
        lines
    }

    fn line(&self, cells: &[impl AsRef<str>; 8], lines: &mut String) {
        let start = lines.len();
        for (index, (cell, width)) in cells.iter().zip(self.widths).enumerate() {
            let (cell, gap) = (cell.as_ref(), if index == 0 { "" } else { "  " });
            // Writing to a string does not fail.
            let _ = if index < FIRST_NUMBER {
                write!(lines, "{gap}{cell:<width$}")
            } else {
                write!(lines, "{gap}{cell:>width$}")
            };
        }
        lines.truncate(start + lines[start..].trim_end().len());
        lines.push('\n');
    }
}

fn cells(datum: &ReceivedDatum) -> [String; 8] {
    // Whole seconds, so that every time is as wide as the others.
    let time = DateTime::from_secs(DateTime::from(datum.timestamp).secs());
    let time = time.fmt(DateTimeFormat::DateTime);
    let dimensions: Vec<_> = datum
        .dimensions
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    [
        time.unwrap_or_else(|_| "?".to_owned()),
        format!("{} {}", datum.namespace, datum.metric_name),
        dimensions.join(" "),
        datum.unit.clone().unwrap_or_else(|| "-".to_owned()),
        number(datum.sample_count()),
        number(datum.sum()),
        number(datum.minimum()),
        number(datum.maximum()),
    ]
}

/// A number in at most a dozen characters.
fn number(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-4..1e9).contains(&magnitude) {
        format!("{number:.3e}")
    } else {
        let shown = format!("{number:.4}");
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
    use cloudwatch_local::{ReceivedDatum, Service};

    use super::{Table, number};

    /// What a service receives of metrics with these names and values.
    async fn received(metrics: &[(&str, f64)]) -> Vec<ReceivedDatum> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        let service = Service::with_clock(move || now);
        let data = metrics.iter().map(|(name, value)| {
            let route = Dimension::builder().name("route").value("/").build();
            let datum = MetricDatum::builder().metric_name(*name).value(*value);
            datum.dimensions(route).build()
        });
        let put = service.client().put_metric_data().namespace("shop");
        let put = put.set_metric_data(Some(data.collect()));
        put.send().await.unwrap();
        service.received()
    }

    #[tokio::test]
    async fn columns_are_aligned_and_widen_under_new_headings() {
        let mut table = Table::default();
        let first = table.rows(&received(&[("a", 1.5), ("b", 12.0)]).await);
        assert_eq!(
            first,
            "time                  metric  dimensions  unit  count  sum  min  max\n\
             2023-11-14T22:13:20Z  shop a  route=/     -         1  1.5  1.5  1.5\n\
             2023-11-14T22:13:20Z  shop b  route=/     -         1   12   12   12\n"
        );
        let short = table.rows(&received(&[("c", 3.0)]).await);
        assert_eq!(short.lines().count(), 1);
        let long = table.rows(&received(&[("much longer", 3.0)]).await);
        assert_eq!(long.lines().count(), 2);
    }

    #[test]
    fn numbers_are_short() {
        let shown: Vec<_> = [0.0, -2.5, 1e-109, 123_456_789.0, 2e108, 0.1 + 0.2]
            .map(number)
            .into();
        assert_eq!(
            shown,
            ["0", "-2.5", "1.000e-109", "123456789", "2.000e108", "0.3"]
        );
    }
}
