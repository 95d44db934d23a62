//! Several destinations: what each of them gets, and what one takes from the others, which is nothing.

use crate::fixtures::keeping::{Keeping, sums};
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::{Started, minute};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Destination, ExplicitDatum, FlushError, Matcher, NameRules, Profile,
    PutError, Refusal,
};
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

fn builder() -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test").with_flush_timeout(Duration::from_hours(1))
}

fn of(sums: &[(&str, f64)]) -> BTreeMap<String, f64> {
    let sums = sums.iter();
    sums.map(|(name, sum)| ((*name).to_owned(), *sum)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_gets_all_by_one_snapshot_and_has_a_report_of_its_own() {
    let (one, other) = (Keeping::default(), Keeping::default());
    let builder = builder().with_sink("one", one.clone());
    let test = Started::new(builder.with_sink("other", other.clone()));
    test.record(|| {
        counter!("n").increment(3);
        gauge!("level").set(2.0);
        histogram!("t").record(1.5);
    });
    let report = test.cloudwatch.flush().await.unwrap();
    let expected = of(&[("n", 3.0), ("level", 2.0), ("t", 1.5)]);
    assert_eq!((one.sums(), other.sums()), (expected.clone(), expected));
    assert!(report.is_complete());
    assert_eq!(report.delivered.samples, 10, "each of five, twice");
    let parts = report.destinations.iter();
    let parts = parts.map(|(name, part)| (&**name, part.delivered.samples));
    assert!(parts.eq([("one", 5), ("other", 5)]));
    let lines = "one: sent 5, pending 0; other: sent 5, pending 0";
    assert_eq!(report.to_string(), lines);
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.to_string().as_str(), stats.requests), (lines, 2));
}

/// One never answers, one refuses everything, and the third has each window when it ends.
#[tokio::test(start_paused = true)]
async fn one_that_hangs_or_refuses_takes_nothing_from_another() {
    let (hanging, refusing) = (Scripted::hanging(), Scripted::refusing());
    let well = Keeping::default();
    let builder = builder()
        .with_request_timeout(Duration::from_secs(4))
        .with_sink("hanging", hanging.clone())
        .with_sink("refusing", refusing.clone())
        .with_sink("well", well.clone());
    let test = Started::new(builder);
    for window in 0..20_u32 {
        test.record(|| {
            counter!("n").increment(1);
            gauge!("level").set(f64::from(window));
        });
        test.advance(MINUTE).await;
        let level = f64::from(window);
        assert_eq!(well.sums(), of(&[("n", 1.0), ("level", level)]), "{window}");
    }
    let stats = test.cloudwatch.stats();
    let part = |name| &stats.destinations[name];
    let of_parts = (stats.pending.data, stats.oldest_pending, stats.last_success);
    assert_eq!(of_parts, (40, Some(minute()), None), "the worst of all");
    assert_eq!(part("hanging").pending.data, 40);
    assert_eq!(part("refusing").refused.data, 40);
    assert_eq!(part("well").delivered.data, 40);
    for part in stats.destinations.values() {
        assert_eq!(part.entered.samples, 40, "{part}");
    }
    let refused = |name| test.cloudwatch.refusals_of(name).map(|list| list.len());
    assert_eq!(refused("well"), Some(0));
    // Each of two by the destination, and later from memory.
    assert_eq!(refused("refusing"), Some(4));
    assert_eq!(refused("nobody"), None);
    // A flush waits for those that it is of.
    let report = test.cloudwatch.flush_destination("well").await.unwrap();
    assert!(report.is_complete(), "{report}");
    let all = test.cloudwatch.flush().within(Duration::from_secs(2)).await;
    let all = all.unwrap();
    assert_eq!(all.destinations["hanging"].pending.data, 41);
    assert!(all.destinations["well"].is_complete(), "{all}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_of_all_and_within_its_time() {
    let (hanging, well) = (Scripted::hanging(), Keeping::default());
    let builder = builder().with_sink("hanging", hanging);
    let test = Started::new(builder.with_sink("well", well.clone()));
    test.record(|| counter!("n").increment(1));
    let start = tokio::time::Instant::now();
    let within = Duration::from_secs(3);
    let report = test.cloudwatch.shutdown().within(within).await.unwrap();
    assert_eq!(start.elapsed(), within);
    assert_eq!(well.sums(), of(&[("n", 1.0)]));
    let ambiguous = |name| report.destinations[name].ambiguous.samples;
    assert_eq!((ambiguous("hanging"), ambiguous("well")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_set_for_one_acts_on_that_one() {
    let (all, few) = (Keeping::default(), Keeping::default());
    let own = Destination::new("few", few.clone())
        .with_namespace("Few")
        .with_metrics([Matcher::prefix("db."), Matcher::exact("n")])
        .without_metrics(["db.secret"])
        .without_labels(["host"]);
    let builder = builder()
        .with_dimension("service", "shop")
        .without_labels(["pod"])
        .with_sink("all", all.clone());
    let test = Started::new(builder.with_destination(own));
    test.record(|| {
        for host in ["a", "b"] {
            counter!("n", "host" => host, "pod" => "p").increment(1);
        }
        counter!("db.reads").increment(2);
        counter!("db.secret").increment(3);
        counter!("other").increment(4);
    });
    test.flush().await;
    assert!(
        all.batches()
            .iter()
            .all(|batch| batch.namespace() == "Test")
    );
    assert!(few.batches().iter().all(|batch| batch.namespace() == "Few"));
    let expected = [
        ("n host=a service=shop", 1.0),
        ("n host=b service=shop", 1.0),
        ("db.reads service=shop", 2.0),
        ("db.secret service=shop", 3.0),
        ("other service=shop", 4.0),
    ];
    assert_eq!(all.sums(), of(&expected));
    let expected = [
        ("n pod=p service=shop", 2.0),
        ("db.reads service=shop", 2.0),
    ];
    assert_eq!(few.sums(), of(&expected));
}

#[tokio::test(start_paused = true)]
async fn what_is_put_goes_to_all_that_take_it_and_is_accounted_for_where_not() {
    let short = Profile::default().with_name_rules(NameRules::default().with_max_metric_name(5));
    let (wide, narrow) = (Keeping::default(), Keeping::with(short));
    let narrow_one = Destination::new("narrow", narrow.clone()).without_metrics(["no"]);
    let wide_one = Destination::new("wide", wide.clone()).without_metrics(["no"]);
    let test = Started::new(
        builder()
            .with_destination(wide_one)
            .with_destination(narrow_one),
    );
    let put = |name: &'static str| test.cloudwatch.put(ExplicitDatum::value(name, 2.0));
    put("short").unwrap();
    put("longer").unwrap();
    let nobody = put("no").unwrap_err();
    assert!(matches!(nobody, PutError::NotTaken), "{nobody}");
    let empty = put("").unwrap_err();
    assert!(matches!(empty, PutError::Series(Refusal::MetricName(_))));
    let _ = test.cloudwatch.flush().await.unwrap();
    assert_eq!(wide.sums(), of(&[("short", 2.0), ("longer", 2.0)]));
    assert_eq!(narrow.sums(), of(&[("short", 2.0)]));
    let refused = test.cloudwatch.refusals_of("narrow").unwrap();
    let [refused] = &refused[..] else {
        panic!("{refused:?}");
    };
    assert_eq!((refused.key.name(), refused.samples), ("longer", 1));
    assert_eq!(test.cloudwatch.refusals_of("wide").unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_the_exporter_says_of_itself_names_the_destination() {
    let (one, hanging) = (Keeping::default(), Scripted::hanging());
    let few = Keeping::default();
    let builder = builder()
        .with_self_metrics(true)
        .with_sink("one", one.clone())
        .with_sink("hanging", hanging)
        .with_destination(Destination::new("few", few.clone()).with_metrics(["n"]));
    let test = Started::new(builder);
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    test.advance(MINUTE).await;
    let told = one.sums();
    let of = |what: &str, destination: &str| {
        let name = format!("metrics_exporter_cloudwatch.{what} destination={destination}");
        told.get(&name).copied()
    };
    assert_eq!(of("data.delivered", "one"), Some(1.0));
    assert_eq!(few.sums().len(), 1, "nothing that it does not take");
    assert_eq!(of("data.delivered", "hanging"), None);
    assert!(of("queue.bytes", "hanging") > Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_flush_of_nobody_is_an_error() {
    let test = Started::new(builder().with_sink("one", Keeping::default()));
    let flush = test.cloudwatch.flush_destination("two");
    assert_eq!(flush.await.unwrap_err(), FlushError::NoDestination);
    let flush = test.cloudwatch.flush_destination("one").await.unwrap();
    assert!(flush.is_complete() && flush.destinations.is_empty());
}

#[test]
fn destinations_that_cannot_be_are_an_error() {
    let journal = Scratch::new();
    let one = || Destination::new("one", Keeping::default());
    let error = |builder: CloudWatchBuilder| builder.build().unwrap_err().to_string();
    let twice = builder().with_destination(one()).with_destination(one());
    assert_eq!(error(twice), "two destinations named \"one\"");
    let long = "n".repeat(256);
    for name in ["", " ", " a", "a\n", "ä", &*long] {
        let text = error(builder().with_sink(name, Keeping::default()));
        assert!(
            text.starts_with(&format!("a destination named {name:?}")),
            "{text}"
        );
    }
    let shared = builder()
        .with_journal(journal.path(), 1 << 30)
        .with_sink("one", Keeping::default())
        .with_sink("two", Keeping::default());
    assert!(error(shared).starts_with("several destinations cannot share a journal"));
    for (seconds, nanos) in [(0, 0), (7, 0), (7_200, 0), (1, 1), (0, 500_000_000)] {
        let period = Duration::new(seconds, nanos);
        let text = error(builder().with_destination(one().with_period(period)));
        assert!(text.starts_with("a period of"), "{text}");
    }
    for seconds in [1, 10, 60, 300, 3_600] {
        let one = one().with_period(Duration::from_secs(seconds));
        drop(builder().with_destination(one).build().unwrap());
    }
}

/// Each journal has what its destination did not take, and gives it to that one.
#[tokio::test(start_paused = true)]
async fn each_has_a_journal_of_its_own() {
    let folders = [Scratch::new(), Scratch::new()];
    let start = |sinks: &[Scripted; 2]| {
        let mut builder = builder();
        for (number, (sink, folder)) in sinks.iter().zip(&folders).enumerate() {
            let one = Destination::new(format!("d{number}"), sink.clone());
            builder = builder.with_destination(one.with_journal(folder.path(), 1 << 30));
        }
        Started::new(builder)
    };
    let sinks = [Scripted::failing(), Scripted::default()];
    let test = start(&sinks);
    test.record(|| counter!("n").increment(7));
    test.clock.advance(MINUTE);
    // Paused time does not wait for the disks.
    until(|| test.cloudwatch.stats().destinations["d1"].delivered.samples == 7).await;
    let within = Duration::from_secs(1);
    let report = test.cloudwatch.shutdown().within(within).await.unwrap();
    assert_eq!(report.destinations["d0"].pending.samples, 7);
    until(|| folders.iter().all(Scratch::is_free)).await;
    assert_eq!(folders.each_ref().map(Scratch::records), [1, 0]);
    assert_eq!(sums(&sinks[1].memory.take()), of(&[("n", 7.0)]));

    let sinks = [Scripted::default(), Scripted::default()];
    let test = start(&sinks);
    until(|| folders[0].records() == 0).await;
    let restored = test.cloudwatch.stats().destinations["d0"].restored.samples;
    assert_eq!(restored, 7);
    let arrived = sinks[0].memory.take();
    let [datum] = &arrived[..] else {
        panic!("{arrived:?}");
    };
    assert_eq!((datum.timestamp(), datum.name()), (minute(), "n"));
    assert_eq!(sums(&sinks[1].memory.take()), of(&[]));
}

/// A destination that fails is tried again in its own time.
#[tokio::test(start_paused = true)]
async fn a_flush_of_one_cuts_no_pauses_of_others_short() {
    let (one, other) = (Scripted::failing(), Scripted::failing());
    let builder = builder().with_jitter_seed(1).with_sink("one", one.clone());
    let test = Started::new(builder.with_sink("other", other.clone()));
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    // Until pauses are far longer than the time in which a flush tries again.
    tokio::time::sleep(10 * MINUTE).await;
    let before = [one.calls(), other.calls()];
    let flush = test.cloudwatch.flush_destination("one");
    let _ = flush.within(Duration::from_secs(1)).await.unwrap();
    assert!(one.calls() > before[0]);
    assert_eq!(other.calls(), before[1]);
}
