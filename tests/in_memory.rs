//! With whatever features: what is recorded arrives in memory.

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_cloudwatch::{CloudWatchBuilder, DatumValue, ExplicitDatum, MemorySink, Unit};

#[test]
fn what_is_recorded_arrives_in_memory() {
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let (recorder, exporter) = builder.build().unwrap();
    assert_eq!(format!("{recorder:?}"), "CloudWatchRecorder { .. }");
    let cloudwatch = exporter.handle();
    exporter.run_on_thread().unwrap();
    with_local_recorder(&recorder, || {
        counter!("requests", "method" => "GET").increment(3);
        gauge!("depth").set(2.5);
        (0..1_000).for_each(|n| histogram!("duration").record(n));
    });
    let put = ExplicitDatum::value("size", 3.0).with_unit(Unit::Kibibytes);
    cloudwatch.put(put).unwrap();
    let report = cloudwatch.shutdown().blocking().unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(sink.sum("requests", &[("method", "GET")]), 3.0);
    assert_eq!(sink.sum("depth", &[]), 2.5);
    assert_eq!(sink.sum("size", &[]), 3_072.0);
    let duration = sink.statistics("duration", &[]).unwrap();
    assert_eq!((duration.sample_count, duration.maximum), (1_000.0, 999.0));
    assert_eq!(duration.sum, 499_500.0, "to the last bit");
    let data = sink.data();
    let buckets = data.iter().find_map(|datum| match datum.value() {
        DatumValue::Buckets(buckets) => Some(buckets.recorded().clone()),
        _ => None,
    });
    assert_eq!(buckets, Some((0..1_000).map(f64::from).collect()));
}

/// Without the SDK nothing is looked up.
#[cfg(not(feature = "put-metric-data"))]
#[test]
fn a_sink_is_asked_for() {
    use metrics_exporter_cloudwatch::InstallError;
    let installed = CloudWatchBuilder::new("Test").install_blocking();
    assert!(matches!(installed, Err(InstallError::NoClient)));
}
