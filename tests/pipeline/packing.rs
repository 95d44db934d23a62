//! Requests as full as the limits allow, and as long on the wire as was predicted.

use crate::fixtures::started::{Started, local, minute, to};
use metrics::{Key, Metadata, Recorder, counter, histogram};
use metrics_exporter_cloudwatch::ManualClock;
use metrics_exporter_cloudwatch::limits::{MAX_DATA_PER_REQUEST, MAX_REQUEST_BYTES};

const METADATA: Metadata<'static> = Metadata::new("test", metrics::Level::INFO, None);

/// 1,000 series of 10,000 distinct samples each come to 2.8 MB, so that three requests are the
/// least there can be; and they are what there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_full_histograms_leave_in_three_requests() {
    let local = local(&ManualClock::new(minute())).await;
    let test = Started::new(to(&local));
    for series in 0..1_000 {
        let key = Key::from_parts(
            "latency",
            vec![metrics::Label::new("n", series.to_string())],
        );
        let histogram = test.recorder.register_histogram(&key, &METADATA);
        for sample in 1..=10_000 {
            histogram.record(0.01 * f64::from(sample) + 1e-6 * f64::from(series));
        }
    }
    test.flush().await;
    let requests = local.requests();
    let total: usize = requests.iter().map(|request| request.raw_bytes).sum();
    assert_eq!(
        requests.iter().map(|request| request.data).sum::<usize>(),
        1_000
    );
    assert_eq!(
        total.div_ceil(MAX_REQUEST_BYTES),
        3,
        "the bound, for {total} bytes"
    );
    assert_eq!(requests.len(), 3);
    let received = local.received();
    assert!(
        received
            .iter()
            .all(|datum| datum.sample_count() == 10_000.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_at_most_1000_data() {
    let local = local(&ManualClock::new(minute())).await;
    let test = Started::new(to(&local));
    test.record(|| {
        for series in 0..2_500 {
            counter!("n", "series" => series.to_string()).increment(1);
        }
    });
    test.flush().await;
    let requests = local.requests();
    let mut data: Vec<_> = requests.iter().map(|request| request.data).collect();
    // Several are under way at the same time.
    data.sort_unstable();
    assert_eq!(data, [500, MAX_DATA_PER_REQUEST, MAX_DATA_PER_REQUEST]);
}

/// Series of the largest names and dimensions there are, so that bytes are what fills a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_at_most_a_million_bytes() {
    let local = local(&ManualClock::new(minute())).await;
    let test = Started::new(to(&local));
    test.record(|| {
        for series in 0..100 {
            let labels: Vec<(String, String)> = (0..30)
                .map(|n| (format!("{n:>255}"), format!("{series:>1024}")))
                .collect();
            let histogram = histogram!("x".repeat(255), &labels);
            (1..=150).for_each(|value| histogram.record(value));
        }
    });
    test.flush().await;
    let requests = local.requests();
    let lengths: Vec<usize> = requests.iter().map(|request| request.raw_bytes).collect();
    let total: usize = lengths.iter().sum();
    assert!(
        lengths.iter().all(|&length| length <= MAX_REQUEST_BYTES),
        "{lengths:?}"
    );
    // One datum has about 42 KB, so a request may miss the million by as much.
    assert_eq!(
        lengths.len(),
        total.div_ceil(MAX_REQUEST_BYTES - 42_000),
        "{lengths:?}"
    );
    assert_eq!(local.received().len(), 100);
}
