//! `testing::record`: what is part of it, and what is not.

use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::testing;

#[test]
fn sums_last_values_and_samples() {
    let recorded = testing::record(|| {
        counter!("n", "b" => "2", "a" => "1").increment(2);
        counter!("n", "a" => "1", "b" => "2").increment(3);
        counter!("n").increment(1);
        counter!("total").absolute(7);
        gauge!("depth").set(9.0);
        gauge!("depth").decrement(1.5);
        for value in [3.0, 1.0, 2.5] {
            histogram!("duration").record(value);
        }
    });
    let labels = &[("b", "2"), ("a", "1")];
    assert_eq!(recorded.counter("n", labels), 5);
    assert_eq!(recorded.counter("n", &[]), 1);
    assert_eq!(recorded.counter("total", &[]), 7);
    assert_eq!(recorded.gauge("depth", &[]), Some(7.5));
    let samples = [3.0, 1.0, 2.5].into_iter().collect();
    assert_eq!(recorded.histogram("duration", &[]), samples);
    assert_eq!(recorded.refused(), 0);
}

#[test]
fn what_was_not_recorded_is_zero_or_none() {
    let recorded = testing::record(|| {
        counter!("n", "a" => "1").increment(2);
        let _untouched = gauge!("untouched");
        histogram!("duration").record(f64::NAN);
    });
    assert_eq!(recorded.counter("n", &[]), 0);
    assert_eq!(recorded.counter("n", &[("a", "2")]), 0);
    assert_eq!(recorded.gauge("untouched", &[]), None);
    assert_eq!(recorded.gauge("n", &[("a", "1")]), None);
    assert_eq!(recorded.histogram("duration", &[]).count(), 0);
    assert_eq!(recorded.refused(), 1);
}

#[test]
fn handles_cross_threads_and_macros_do_not() {
    let recorded = testing::record(|| {
        let held = counter!("held");
        let other = std::thread::spawn(move || {
            held.increment(2);
            counter!("by macro").increment(1);
        });
        other.join().unwrap();
    });
    assert_eq!(recorded.counter("held", &[]), 2);
    assert_eq!(recorded.counter("by macro", &[]), 0);
}

#[test]
fn tasks_of_a_current_thread_runtime_are_part_of_it() {
    let record_in = |mut builder: tokio::runtime::Builder| {
        let runtime = builder.build().unwrap();
        testing::record(|| {
            runtime.block_on(async {
                counter!("here").increment(1);
                let task = tokio::spawn(async { counter!("task").increment(2) });
                task.await.unwrap();
            });
        })
    };
    let counts =
        |recorded: &testing::Recorded| ["here", "task"].map(|name| recorded.counter(name, &[]));
    let one = record_in(tokio::runtime::Builder::new_current_thread());
    assert_eq!(counts(&one), [1, 2]);
    let many = record_in(tokio::runtime::Builder::new_multi_thread());
    assert_eq!(counts(&many), [1, 0]);
}

#[test]
fn neither_what_was_before_nor_after_nor_within_another() {
    let mut after = None;
    let mut inner = None;
    let outer = testing::record(|| {
        counter!("n").increment(1);
        inner = Some(testing::record(|| counter!("n").increment(2)));
        let held = counter!("n");
        after = Some(held);
    });
    after.unwrap().increment(4);
    assert_eq!(outer.counter("n", &[]), 1);
    assert_eq!(inner.unwrap().counter("n", &[]), 2);
}

#[test]
fn it_is_shown_series_by_series() {
    let recorded = testing::record(|| {
        counter!("n", "a" => "1").increment(2);
        histogram!("duration").record(1.5);
    });
    let shown = format!("{recorded:?}");
    let expected = "{counter Key(n, [a = 1]): 2, histogram Key(duration): 1 samples, sum 1.5}";
    assert_eq!(shown, expected);
}
