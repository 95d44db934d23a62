//! What an hour of each fault costs that does not end by itself, and how soon afterwards all of it has arrived. And what
//! bad series among good ones cost.
//!
//! The tables: `LONG_TESTS=1 cargo test --release --test pipeline fault_hours -- --nocapture`.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::long::short_or_long;
use crate::fixtures::started::{Started, minute};
use crate::isolating::{Run, bad};
use crate::sending::{error, service_at};
use cloudwatch_local::Fault;
use comfy_table::Table;
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, ManualClock, Matcher, MetricSettings};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
const WINDOWS: u64 = 60;
/// Within the hour.
const MAX_REQUESTS: usize = 1_000;
const MAX_LINES: usize = 40;
/// Where the service names series that it does not take: ten a minute, and how many more.
const MAX_REFUSAL_LINES: usize = 11 * 60;

struct Scenario {
    name: &'static str,
    fault: Fault,
    /// What arrives all the same, though nobody hears of it.
    applies: bool,
    /// All of it arrives in the end, once or more often.
    loses: bool,
}

fn scenarios() -> [Scenario; 8] {
    let of = |name, fault| Scenario {
        name,
        fault,
        applies: false,
        loses: false,
    };
    let bare = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let unnamed = error(400, "InvalidParameterValue", "A parameter is not valid.");
    [
        of("413 always", Fault::Status(413)),
        of("refused without a name", unnamed),
        Scenario {
            loses: true,
            ..of("member 1 refused", Fault::InvalidMember(1))
        },
        of("denied", Fault::access_denied()),
        of("throttled", Fault::Throttle),
        of("hanging", Fault::Hang),
        Scenario {
            applies: true,
            ..of("ambiguous always", Fault::ResetAfter)
        },
        Scenario {
            loses: true,
            ..of("200 without headers", bare)
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_each_fault_has_its_bounds() {
    alone!();
    let mut table = Table::new();
    table.set_header([
        "an hour of",
        "requests",
        "MB sent",
        "lines",
        "KB of log",
        "CPU s",
        "MB queued",
        "all arrived after",
    ]);
    for scenario in scenarios() {
        table.add_row(hour(&scenario).await);
    }
    println!("{table}");
}

#[tokio::test(start_paused = true)]
async fn bad_series_of_a_thousand_have_their_bounds() {
    alone!();
    let mut table = Table::new();
    table.set_header([
        "bad of 1,000",
        "requests",
        "in a minute",
        "lines",
        "KB queued",
        "latest healthy",
        "on time from window",
    ]);
    for number in [1, 10, 50, 100, 1_000] {
        for names in [0, 20] {
            table.add_row(bad_series(number, names).await);
        }
    }
    println!("{table}");
}

async fn bad_series(number: usize, names: usize) -> Vec<String> {
    let (log, _guard) = Log::start();
    let mut run = Run::new(1_000);
    {
        let mut state = run.sink.state();
        state.bad = bad(number, 1_000).collect();
        state.names = names;
    }
    let mut most_queued = 0;
    for _ in 0..30 {
        run.windows(1).await;
        most_queued = most_queued.max(run.test.cloudwatch.stats().queue_bytes);
    }
    let what = format!("{number}{}", if names > 0 { ", named" } else { "" });
    let lateness = run.lateness();
    let latest = lateness.iter().max().unwrap().as_secs();
    let late = lateness.iter().rposition(|late| *late >= MINUTE);
    let lines = log.lines().len();
    let requests = run.sink.state().requests.len();
    let in_a_minute = run.sink.most_in_a_minute();
    assert!(in_a_minute <= 64 + 8, "{what}: {in_a_minute}");
    assert!(latest <= 20 * 60, "{what}: {latest} s");
    assert!(lines <= MAX_REFUSAL_LINES / 2, "{what}: {lines}");
    assert!(most_queued < 64 << 20, "{what}: {most_queued}");
    run.refused();
    vec![
        what,
        requests.to_string(),
        in_a_minute.to_string(),
        lines.to_string(),
        (most_queued / 1_000).to_string(),
        format!("{latest} s"),
        (late.map_or(1, |late| late + 2)).to_string(),
    ]
}

async fn hour(scenario: &Scenario) -> Vec<String> {
    let series = short_or_long(300, 3_000);
    let what = scenario.name;
    let (log, _guard) = Log::start();
    let clock = ManualClock::new(minute());
    let service = service_at(&clock);
    service.faults().always(scenario.fault.clone());
    let no_limit = MetricSettings::new().with_max_series(None);
    let builder = CloudWatchBuilder::new("Test")
        .with_client(service.client())
        .with_jitter_seed(7)
        .with_metric_settings(Matcher::any(), no_limit);
    let test = Started::by_clock(builder, clock);
    let before = cpu_seconds();
    for _ in 0..WINDOWS {
        test.record(|| {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        });
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(MINUTE).await;
    }
    let cpu = cpu_seconds() - before;
    let requests = service.requests();
    let bytes: usize = requests.iter().map(|request| request.wire_bytes).sum();
    let lines = log.lines();
    let log_bytes: usize = lines.iter().map(String::len).sum();
    let stats = test.cloudwatch.stats();
    let queued = stats.queue_bytes;
    assert!(requests.len() <= MAX_REQUESTS, "{what}: {}", requests.len());
    let most = if what.starts_with("member") {
        MAX_REFUSAL_LINES
    } else {
        MAX_LINES
    };
    assert!(lines.len() <= most, "{what}: {lines:#?}");
    assert!(log_bytes <= most * 1_000, "{what}");
    assert!(
        stats.dropped.is_zero() && stats.ambiguous.is_zero(),
        "{what}: {stats}"
    );

    service.faults().clear();
    let healed = Instant::now();
    while test.cloudwatch.stats().pending.data > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(
            healed.elapsed() < 10 * MINUTE,
            "{what}: {}",
            test.cloudwatch.stats()
        );
    }
    let stats = test.cloudwatch.stats();
    let all = series * WINDOWS;
    assert_eq!(
        stats.delivered.data + stats.refused.data,
        all,
        "{what}: {stats}"
    );
    assert_eq!(
        stats.refused.data > 0,
        scenario.loses && what.starts_with("member"),
        "{what}: {stats}"
    );
    if !scenario.loses {
        let received = service.received();
        let different: BTreeSet<_> = received
            .iter()
            .map(|one| (one.timestamp, one.dimensions.clone()))
            .collect();
        assert_eq!(different.len() as u64, all, "{what}");
        assert_eq!(received.len() as u64 > all, scenario.applies, "{what}");
    }
    vec![
        what.to_owned(),
        requests.len().to_string(),
        format!("{:.1}", bytes as f64 / 1e6),
        lines.len().to_string(),
        format!("{:.1}", log_bytes as f64 / 1e3),
        format!("{cpu:.2}"),
        format!("{:.1}", queued as f64 / 1e6),
        format!("{} s", healed.elapsed().as_secs()),
    ]
}

/// Of this process, where the system tells.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
    let ticks = after.split(' ').skip(11).take(2);
    let ticks: u32 = ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}
