//! The table, in Markdown.

use crate::driver::{Measured, Plan};
use crate::processor;
use crate::recorders::Recorder;
use crate::rows::{Row, rows};
use crate::workloads::{Cost, Kind, Series, Workload};
use comfy_table::{Table, presets};
use std::fs;

pub(crate) fn render(plan: &Plan, measured: &Measured) -> String {
    let recorders = plan.recorders();
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let titles = recorders.iter().map(|recorder| recorder.title().to_owned());
    table.set_header([String::new()].into_iter().chain(titles));
    for workload in plan.workloads() {
        for row in rows(workload) {
            let mut cells = vec![row.title.clone()];
            for &recorder in &recorders {
                let cell = cell(measured, workload, &row, recorder);
                cells.push(cell.unwrap_or_else(|| "–".to_owned()));
            }
            table.add_row(cells);
        }
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!(
        "On {}.\n\n{table}\n\nThe first rows are nanoseconds that a call takes its thread, and in brackets \
         how many times one shared atomic with one thread. † Most is dropped, which takes little: see what is \
         delivered. Medians of {} runs, with a load of {load} at the end.",
        processor::describe(),
        plan.runs
    )
}

fn cell(measured: &Measured, workload: Workload, row: &Row, recorder: Recorder) -> Option<String> {
    let median = measured.median(workload, recorder, row.number)?;
    let ratio = ratio(measured, workload, median);
    Some((row.show)(median) + &ratio + mark(measured, workload, recorder))
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

/// Where little is taken because most comes to nothing.
pub(crate) fn mark(measured: &Measured, workload: Workload, recorder: Recorder) -> &'static str {
    let share = match workload {
        // Of a gauge's values nobody can say how many were delivered; they go where counts go.
        Workload::Cost(Cost {
            kind: Kind::Counter | Kind::Gauge,
            ..
        }) => "share of counts",
        Workload::Cost(Cost {
            kind: Kind::Histogram,
            ..
        })
        | Workload::SampleMemory => "share of samples",
        _ => return "",
    };
    match measured.median(Workload::Delivery, recorder, share) {
        Some(share) if share < 0.5 => " †",
        _ => "",
    }
}
