//! The table, in Markdown.

use crate::driver::{Measured, Plan};
use crate::recorders::Recorder;
use crate::workloads::{Call, Cost, Kind, Series, Workload};
use comfy_table::{Table, presets};
use std::fs;
use std::thread;

pub(crate) fn render(plan: &Plan, measured: &Measured) -> String {
    let recorders = plan.recorders();
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let titles = recorders.iter().map(|recorder| recorder.title().to_owned());
    table.set_header([String::new()].into_iter().chain(titles));
    for workload in plan.workloads() {
        for (title, number, show) in rows(workload) {
            let mut row = vec![title];
            for &recorder in &recorders {
                let median = measured.median(workload, recorder, number);
                row.push(median.map_or_else(
                    || "–".to_owned(),
                    |median| show(median) + &ratio(measured, workload, median),
                ));
            }
            table.add_row(row);
        }
    }
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!(
        "{table}\n\nThe first rows are nanoseconds that a call takes its thread, and in brackets how many \
         times one shared atomic with one thread; where samples are dropped, that is what is fast. \
         Medians of {} runs on {cores} cores, with a load of {load} at the end.",
        plan.runs
    )
}

/// How many times the floor for the same call.
fn ratio(measured: &Measured, workload: Workload, nanoseconds: f64) -> String {
    let Workload::Cost(cost) = workload else {
        return String::new();
    };
    let alone = Workload::Cost(Cost {
        threads: 1,
        series: Series::Same,
        ..cost
    });
    let floor = measured.median(alone, Recorder::Floor, "ns");
    floor.map_or_else(String::new, |floor| {
        format!(" ({:.2})", nanoseconds / floor)
    })
}

type Show = fn(f64) -> String;

/// A workload's rows: a title, the name of its number, and how that is shown.
fn rows(workload: Workload) -> Vec<(String, &'static str, Show)> {
    let one = |title: &str, number, show: Show| vec![(title.to_owned(), number, show)];
    match workload {
        Workload::Cost(cost) => vec![(title(cost), "ns", tenths)],
        Workload::CounterMemory => one("a counter, bytes", "bytes", whole),
        Workload::HistogramMemory => one(
            "a histogram of 64 samples over 4 octaves, bytes",
            "bytes",
            whole,
        ),
        Workload::SampleMemory => one("a histogram of 10,000,000 samples, KiB", "bytes", |bytes| {
            whole(bytes / 1024.0)
        }),
        Workload::Delivery => vec![
            (
                "delivered of 1,000,000 counts, 2 threads".to_owned(),
                "share of counts",
                percent,
            ),
            (
                "delivered of 1,000,000 samples, 2 threads".to_owned(),
                "share of samples",
                percent,
            ),
        ],
        Workload::Publication => {
            let row = |title: &str, number, show| {
                let title = format!("1,000 histograms of 1,000 samples: {title}");
                (title, number, show)
            };
            vec![
                row("requests", "requests", whole as Show),
                row("bytes on the wire", "wire bytes", whole),
                row("CPU seconds", "cpu", |seconds| format!("{seconds:.3}")),
                row("delivered, at a slow pace", "share of samples", percent),
            ]
        }
    }
}

fn title(cost: Cost) -> String {
    let kind = match cost.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let call = match cost.call {
        Call::Static => format!("`{kind}!`"),
        Call::Labels => format!("`{kind}!`, two static labels"),
        Call::Dynamic => format!("`{kind}!`, a dynamic label"),
        Call::Handle => format!("{kind}, cached handle"),
    };
    match (cost.threads, cost.series) {
        (1, _) => call,
        (threads, Series::Same) => format!("{call}; {threads} threads, the same series"),
        (threads, Series::Own) => format!("{call}; {threads} threads, own series"),
    }
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// Never 100 % of what is not all.
fn percent(share: f64) -> String {
    if share == 1.0 {
        return "100 %".to_owned();
    }
    format!("{:.2} %", (share * 1e4).floor() / 1e2)
}
