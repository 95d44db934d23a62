//! What an answer can cost in memory, whoever gives it.

use crate::fixtures::batch::batch;
use cloudwatch_local::{Fault, Faults, Local, Service};
use metrics_exporter_cloudwatch::{Attempt, Batch, PutMetricData, Sink};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The peak of all allocations on this thread, beside an attempt that goes well.
const MOST: u64 = 2 * 1024 * 1024;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn peak(runtime: &Runtime, sink: &PutMetricData, batch: &Batch, timeout: Duration) -> u64 {
    let measured = allocation_counter::measure(|| {
        let _ = runtime.block_on(async { sink.send(batch, &Attempt::new(timeout)).await });
    });
    measured.bytes_max
}

fn costs_little(
    runtime: &Runtime,
    sink: &PutMetricData,
    batch: &Batch,
    faults: &Faults,
    fault: &Fault,
    timeout: Duration,
) {
    faults.clear();
    // With all that is set up only once.
    peak(runtime, sink, batch, timeout);
    let usual = peak(runtime, sink, batch, timeout);
    faults.always(fault.clone());
    let peak = peak(runtime, sink, batch, timeout);
    let name: String = format!("{fault:?}").chars().take(60).collect();
    assert!(peak < usual + MOST, "{name}: {peak} beside {usual}");
}

fn faults() -> Vec<Fault> {
    let answer = |status, headers, body| Fault::Answer {
        status,
        headers,
        body,
    };
    vec![
        Fault::HugeHeaders,
        Fault::EndlessBody,
        Fault::SlowLoris(Duration::from_millis(1)),
        answer(200, Vec::new(), vec![b'x'; 10_000_000]),
        answer(400, Vec::new(), vec![b'x'; 10_000_000]),
        Fault::garbage(vec![0x9b; 10_000_000]),
        Fault::garbage(vec![0x9f; 250_000]),
        Fault::Error {
            status: 400,
            code: "InvalidParameterValue".into(),
            message: "MetricData.member.1 ".repeat(12_000),
        },
    ]
}

#[test]
fn in_memory() {
    let batch = runtime().block_on(batch(1));
    for fault in [
        Fault::EndlessBody,
        // All that fits, in the smallest pieces.
        Fault::SlowLoris(Duration::from_millis(1)),
    ] {
        let runtime = runtime();
        runtime.block_on(async { tokio::time::pause() });
        let service = Service::new();
        let sink = PutMetricData::new(service.client());
        let hour = Duration::from_hours(1);
        costs_little(&runtime, &sink, &batch, service.faults(), &fault, hour);
    }
}

#[test]
fn over_a_socket() {
    let batch = runtime().block_on(batch(1));
    // On another thread, so that what it allocates is not counted.
    let server = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let local = server.block_on(Local::start()).unwrap();
    for fault in faults() {
        let runtime = runtime();
        let timeout = match fault {
            Fault::SlowLoris(_) => Duration::from_millis(300),
            _ => Duration::from_hours(1),
        };
        let sink = PutMetricData::new(local.client());
        costs_little(&runtime, &sink, &batch, local.faults(), &fault, timeout);
    }
    server.shutdown_background();
}
