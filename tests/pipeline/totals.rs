//! Totals: where they begin, when they are told, and what moves none of them.

use crate::fixtures::started::Started;
use crate::fixtures::totalling::{Fault, MINUTE, Totalling, after, builder, start};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{Clock, Destination, Guarantee, Matcher, MetricSettings};
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_total_begins_with_zero_and_is_told_in_every_window() {
    let sink = Totalling::default();
    let test = start(&sink);
    test.record(|| {
        counter!("n").increment(3);
        histogram!("t").record(1.0);
        gauge!("level").set(7.0);
    });
    test.advance(MINUTE).await;
    test.record(|| {
        counter!("n").increment(4);
        histogram!("t").record(2.0);
    });
    test.advance(MINUTE / 2).await;
    test.flush().await;
    test.advance(MINUTE / 2).await;
    test.advance(MINUTE).await;
    let reader = sink.reader();
    for (name, totals) in [("n", [0, 3, 7, 7]), ("t", [0, 1, 2, 2])] {
        let points = reader.points(name);
        assert!(
            points.iter().map(|point| point.total).eq(totals),
            "{points:?}"
        );
        assert!(points.iter().all(|point| point.start == points[0].start));
        let times = points[1..].iter().map(|point| point.time);
        // The end of the window, or the time of the flush.
        let half = after(1) + MINUTE / 2;
        assert!(times.eq([after(1), half, after(3)]), "{points:?}");
    }
    // A gauge is what it was, at the same times.
    let gauges = sink.state().gauges.clone();
    let half = after(1) + MINUTE / 2;
    assert_eq!(gauges, [(after(1), 7.0), (half, 7.0), (after(3), 7.0)]);
    let stats = test.cloudwatch.stats();
    // Two counters' seven increments and two samples, and the gauge's one and two windows.
    assert_eq!(stats.delivered.samples, 7 + 2 + 1 + 2, "{stats}");
    assert!(stats.pending.is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_total_that_was_evicted_begins_anew() {
    let sink = Totalling::default();
    let test = start(&sink);
    let mut recorded = 0;
    for round in 0..3 {
        test.record(|| counter!("n").increment(round + 5));
        recorded += round + 5;
        for _ in 0..6 {
            test.advance(MINUTE).await;
        }
        assert_eq!(sink.increase("n"), recorded);
    }
    let reader = sink.reader();
    let zeros = reader.points("n").iter().filter(|point| point.total == 0);
    assert_eq!(zeros.count(), 3);
}

/// However late somebody looks at the clock.
#[tokio::test(start_paused = true)]
async fn a_total_is_of_the_time_at_which_its_window_ended() {
    let sink = Totalling::default();
    let test = start(&sink);
    test.record(|| counter!("n").increment(3));
    test.advance(MINUTE + Duration::from_secs(31)).await;
    test.record(|| counter!("n").increment(4));
    test.advance(MINUTE).await;
    let expected = BTreeMap::from([(after(1), 3), (after(2), 4)]);
    assert_eq!(sink.reader().increases("n"), expected);
}

/// One of two series is evicted: nothing falls where the label is not seen. Both destinations agree on the sum.
#[tokio::test(start_paused = true)]
async fn destinations_with_different_labels_agree_on_every_total() {
    let (all, few) = (Totalling::default(), Totalling::default());
    let own = Destination::new("few", few.clone()).without_labels(["host"]);
    let test = Started::new(builder(&all).with_destination(own));
    let mut recorded = 0;
    for window in 0..12 {
        test.record(|| {
            counter!("n", "host" => "a").increment(1);
            recorded += 1;
            // Idle from the third to the ninth window.
            if !(2..9).contains(&window) {
                counter!("n", "host" => "b").increment(10);
                recorded += 10;
            }
        });
        test.advance(MINUTE).await;
        let seen = all.increase("n host=a") + all.increase("n host=b");
        assert_eq!((few.increase("n"), seen), (recorded, recorded), "{window}");
    }
    let few = few.reader();
    assert!(
        few.points("n")
            .iter()
            .all(|point| point.start == few.points("n")[0].start)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_30_minutes_arrives_as_30_points() {
    let sink = Totalling::default();
    let test = start(&sink);
    test.record(|| counter!("n").increment(1));
    test.advance(MINUTE).await;
    sink.is_out(true);
    for window in 1..=30 {
        test.record(|| counter!("n").increment(window));
        test.advance(MINUTE).await;
    }
    assert_eq!(sink.increase("n"), 1);
    sink.is_out(false);
    test.flush().await;
    let reader = sink.reader();
    let mut expected: BTreeMap<_, _> = (1..=30).map(|n| (after(n + 1), u64::from(n))).collect();
    expected.insert(after(1), 1);
    assert_eq!(reader.increases("n"), expected);
}

/// At-most-once gives up what may have arrived; a total may arrive twice.
#[tokio::test(start_paused = true)]
async fn a_guarantee_means_nothing_to_totals() {
    let sink = Totalling::with([Fault::Unanswered, Fault::Lost, Fault::Unanswered]);
    let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
    let test = Started::new(builder(&sink).with_metric_settings(Matcher::any(), once));
    test.record(|| counter!("n").increment(5));
    test.flush().await;
    assert_eq!(sink.increase("n"), 5);
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.ambiguous.data, stats.repeated.data),
        (0, 0),
        "{stats}"
    );
}

/// Times only rise, whatever the clock does.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_turns_no_order_round() {
    let sink = Totalling::default();
    let test = start(&sink);
    for by in [0, 3_000, 0, 3_000, 0] {
        test.record(|| counter!("n").increment(2));
        test.clock.set(test.clock.now() - Duration::from_secs(by));
        test.advance(MINUTE).await;
    }
    test.flush().await;
    assert_eq!(sink.increase("n"), 10);
}

/// A correction that begins in the middle would move a start.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_moves_no_total() {
    let sink = Totalling::default();
    sink.state().is_ahead = true;
    let test = start(&sink);
    for _ in 0..5 {
        test.record(|| counter!("n").increment(2));
        test.advance(MINUTE).await;
    }
    let expected: BTreeMap<_, _> = (1..=5).map(|n| (after(n), 2)).collect();
    assert_eq!(sink.reader().increases("n"), expected);
}
