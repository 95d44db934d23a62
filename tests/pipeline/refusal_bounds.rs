//! What was refused is bounded wherever it is said: in lines, in their length, and in what reports keep.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::started::{InMemory, Started};
use metrics::{Label, Unit, counter, describe_counter};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Refusal, Refused, SendError, Sent, Sink,
};
use std::time::Duration;

const MEGABYTE: usize = 1 << 20;

/// Bytes of all texts of a refusal.
fn texts_len(refused: &Refused) -> usize {
    let labels = refused.key.labels();
    let labels = labels.map(|label| label.key().len() + label.value().len());
    let reason = refused.reason.to_string().len();
    refused.key.name().len() + labels.sum::<usize>() + reason
}

#[tokio::test]
async fn a_text_of_a_megabyte_is_cut_in_the_log_and_in_reports() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| builder);
    let huge = |text: &str| text.repeat(MEGABYTE / text.len());
    test.started.record(|| {
        counter!("value", "path" => huge("ä")).increment(2);
        counter!("label", huge("a\n") => "v").increment(3);
        counter!(huge("name")).increment(4);
        let many: Vec<Label> = (0..5_000)
            .map(|n| Label::new(format!("d{n}"), "v"))
            .collect();
        counter!("many", many.iter()).increment(5);
    });
    let report = test.started.cloudwatch.flush().await.unwrap();
    let listed = test.started.cloudwatch.refusals();
    for refusals in [&report.refusals, &listed] {
        assert_eq!(refusals.len(), 4);
        let samples = refusals.iter().map(|refused| refused.samples);
        assert_eq!(samples.sum::<u64>(), 2 + 3 + 4 + 5);
        let texts = refusals.iter().map(texts_len);
        assert!(texts.max() < Some(5_000), "{refusals:?}");
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 1_000), "{lines:?}");
    let cut = "… (1048576 bytes)\"";
    assert_eq!(lines.iter().filter(|line| line.contains(cut)).count(), 3);
    let label = lines.iter().find(|line| line.contains("Counter \"label\""));
    assert!(label.unwrap().contains(r"a\na\n"), "{lines:?}");
    let many = lines.iter().find(|line| line.contains("Counter \"many\""));
    let ends = r#", "…"="4937 more labels"}: 5 refused: 5000 dimensions, more than 30"#;
    assert!(many.unwrap().ends_with(ends), "{lines:?}");
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_cut_in_whatever_else_is_said_of_it() {
    alone!();
    let (log, _guard) = Log::start();
    let test = InMemory::new(|builder| builder.with_max_names(Some(1)));
    let name = "n".repeat(MEGABYTE);
    test.started.record(|| {
        describe_counter!(name.clone(), Unit::Bytes, "");
        describe_counter!(name.clone(), Unit::Seconds, "");
        counter!("n").increment(1);
        counter!(name.clone()).increment(1);
    });
    let _ = test.started.cloudwatch.flush().await.unwrap();
    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 1_000), "{lines:?}");
    // The refusal is of all such names.
    let named = lines.iter().filter(|line| line.contains("(1048576 bytes)"));
    assert_eq!(named.count(), 2, "{lines:?}");
}

/// Takes the batch, but none of its data.
struct Refusing;

impl Sink for Refusing {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let reason = Refusal::Rejected {
            code: "Full".into(),
            message: "no room ".repeat(MEGABYTE / 8),
        };
        let indexes = 0..batch.data().len();
        Ok(indexes.fold(Sent::default(), |sent, index| {
            sent.with_refused(index, reason.clone())
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn ten_refusals_a_minute_are_said_and_the_others_counted() {
    alone!();
    let (log, _guard) = Log::start();
    let test = Started::new(CloudWatchBuilder::new("Test").with_sink("test", Refusing));
    let refuse = async |prefix: char, bad: usize, refused: usize| {
        test.record(|| {
            for n in 0..refused {
                counter!(format!("{prefix}{n}")).increment(2);
            }
            // Our own refusals have no lines beside those.
            for n in 0..bad {
                counter!("bad", "path" => "ü", "n" => format!("{prefix}{n}")).increment(3);
            }
        });
        let report = test.cloudwatch.flush().await.unwrap();
        assert_eq!(report.refusals.len(), bad + refused);
    };
    refuse('a', 6, 300).await;
    // Neither a series nor a reason that is new.
    refuse('a', 6, 300).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 10, "{lines:?}");
    let errors = lines.iter().filter(|line| line.contains("ERROR"));
    assert_eq!(errors.count(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line.len() < 3_000), "{lines:?}");
    let last = |lines: usize| {
        let all = log.lines();
        assert_eq!(all.len(), lines, "{all:?}");
        all.last().unwrap().clone()
    };
    // No request, no call and no window ends in between.
    tokio::time::sleep(Duration::from_secs(59)).await;
    last(10);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let line = last(11);
    assert!(line.contains("refusals=296 samples=592"), "{line}");
    tokio::time::sleep(Duration::from_hours(1)).await;
    last(11);
    refuse('b', 0, 13).await;
    last(21);
    let _ = test.cloudwatch.shutdown().await.unwrap();
    let line = last(22);
    assert!(line.contains("refusals=3 samples=6"), "{line}");
    let stats = test.cloudwatch.stats();
    let by_reason: Vec<_> = stats.refused_by.into_iter().collect();
    assert_eq!(by_reason, [("DimensionValue", 36), ("Rejected", 1_226)]);
}
