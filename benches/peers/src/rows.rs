//! The table's rows: what each is called, which number it shows, and which of two numbers is better.

use crate::workloads::{Call, Cost, Kind, Series, Workload};

pub(crate) struct Row {
    pub(crate) title: String,
    /// What processes call it.
    pub(crate) number: &'static str,
    pub(crate) show: fn(f64) -> String,
    pub(crate) better: Better,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

pub(crate) fn rows(workload: Workload) -> Vec<Row> {
    match workload {
        Workload::Cost(cost) => vec![less(title(cost), "ns", tenths)],
        Workload::CounterMemory => vec![less("a counter, bytes", "bytes", whole)],
        Workload::HistogramMemory => vec![less(
            "a histogram of 64 samples over 4 octaves, bytes",
            "bytes",
            whole,
        )],
        Workload::SampleMemory => vec![less(
            "a histogram of 10,000,000 samples, KiB",
            "bytes",
            |bytes| whole(bytes / 1024.0),
        )],
        Workload::Delivery => vec![
            delivered(
                "delivered of 1,000,000 counts, 2 threads",
                "share of counts",
            ),
            delivered(
                "delivered of 1,000,000 samples, 2 threads",
                "share of samples",
            ),
        ],
        Workload::Publication => {
            let title = |what| format!("1,000 histograms of 1,000 samples: {what}");
            vec![
                less(title("requests"), "requests", whole),
                less(title("bytes on the wire"), "wire bytes", whole),
                less(title("CPU seconds"), "cpu", |seconds| {
                    format!("{seconds:.3}")
                }),
                delivered(title("delivered, at a slow pace"), "share of samples"),
            ]
        }
    }
}

fn less(title: impl Into<String>, number: &'static str, show: fn(f64) -> String) -> Row {
    Row {
        title: title.into(),
        number,
        show,
        better: Better::Less,
    }
}

fn delivered(title: impl Into<String>, number: &'static str) -> Row {
    Row {
        title: title.into(),
        number,
        show: percent,
        better: Better::More,
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
