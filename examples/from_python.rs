//! The examples of the Python library cloudwatch-metrics-buffer, one by one, in Rust; and that they arrive.

use cloudwatch_local::{Local, ReceivedDatum};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, ExplicitDatum, StatisticSet, Unit};
use metrics_timeit::attr::{count, timeit};
use std::time::{Duration, SystemTime};

#[count("count_metric1")]
fn func() {}

mod one_function {
    use super::{count, timeit};

    #[timeit("api")]
    #[timeit("api", "HTTP Method" => "GET")]
    #[count("requests", "HTTP Method" => "GET")]
    pub(crate) fn process_api_request() {}
}

mod two_functions {
    use super::{count, timeit};

    #[timeit("api")]
    #[timeit("api", "HTTP Method" => "GET")]
    #[count("requests", "HTTP Method" => "GET")]
    #[count("requests")]
    pub(crate) fn process_api_request() {
        authenticate();
    }

    #[timeit("auth")]
    #[count("auth requests")]
    fn authenticate() {}
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let cw = CloudWatchBuilder::new("Some Namespace")
        .with_client(local.client())
        .with_flush_on_idle(Duration::from_millis(100))
        .install()
        .await?;

    let when = SystemTime::now() - Duration::from_hours(1);
    cw.put(ExplicitDatum::value("total_calls", 5.0))?;
    cw.put(ExplicitDatum::value("latency", 11.25).with_unit(Unit::Milliseconds))?;
    cw.put(
        ExplicitDatum::value("latency", 11.25)
            .with_dimension("HTTP Method", "GET")
            .with_unit(Unit::Milliseconds),
    )?;
    cw.put(ExplicitDatum::value("home-page", 1.0).with_timestamp(when))?;
    cw.put(ExplicitDatum::statistic(
        "metric",
        StatisticSet {
            sample_count: 50.0,
            sum: 10_000.0,
            minimum: 0.0,
            maximum: 500.0,
        },
    ))?;
    anyhow::ensure!(cw.flush().await?.is_complete());
    arrived(
        &local.received(),
        &[
            "home-page: 1 × 1",
            "latency (HTTP Method=GET): 1 × 11.25 Milliseconds",
            "latency: 1 × 11.25 Milliseconds",
            "metric: 50 × 200, 0 to 500",
            "total_calls: 1 × 5",
        ],
    );

    // Each is sent after the outermost function.
    func();
    let one = local.received_beyond(5).await;
    arrived(&one, &["count_metric1: 1 × 1 Count"]);

    one_function::process_api_request();
    let three = local.received_beyond(6).await;
    arrived(
        &three,
        &[
            "api (HTTP Method=GET): 1, Milliseconds",
            "api: 1, Milliseconds",
            "requests (HTTP Method=GET): 1 × 1 Count",
        ],
    );

    two_functions::process_api_request();
    let six = local.received_beyond(9).await;
    arrived(
        &six,
        &[
            "api (HTTP Method=GET): 1, Milliseconds",
            "api: 1, Milliseconds",
            "auth requests: 1 × 1 Count",
            "auth: 1, Milliseconds",
            "requests (HTTP Method=GET): 1 × 1 Count",
            "requests: 1 × 1 Count",
        ],
    );

    anyhow::ensure!(cw.shutdown().await?.is_complete());
    assert_eq!(local.received().len(), 15, "nothing was left");
    let received = local.received();
    let early = received
        .iter()
        .find(|datum| datum.metric_name == "home-page");
    let stamp = early.expect("it is there").timestamp;
    let apart = stamp
        .duration_since(when)
        .unwrap_or_else(|before| before.duration());
    assert!(
        apart < Duration::from_secs(1),
        "its own time stamp, but for the fraction"
    );
    Ok(())
}

/// Prints what arrived, and sees that it is what is expected.
fn arrived(data: &[ReceivedDatum], expected: &[&str]) {
    let mut lines: Vec<_> = data.iter().map(line).collect();
    lines.sort();
    println!("{}\n", lines.join("\n"));
    assert_eq!(lines, expected);
}

/// What is known of a datum: not how long a function takes.
fn line(datum: &ReceivedDatum) -> String {
    let dimensions = datum.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| format!(" ({name}={value})"));
    let series = datum.metric_name.clone() + &dimensions.collect::<String>();
    let (number, sum) = (datum.sample_count(), datum.sum());
    let (minimum, maximum) = (datum.minimum(), datum.maximum());
    let mean = sum / number;
    match datum.unit.as_deref() {
        Some("Milliseconds") if sum != 11.25 => format!("{series}: {number}, Milliseconds"),
        _ if number > 1.0 => format!("{series}: {number} × {mean}, {minimum} to {maximum}"),
        None | Some("None") => format!("{series}: {number} × {mean}"),
        Some(unit) => format!("{series}: {number} × {mean} {unit}"),
    }
}
