//! Attempts whose fate nobody knows, again and again: a slow uplink, a black hole, and a batch that is never answered while
//! others are.

use crate::fixtures::keeping::named;
use crate::fixtures::started::Started;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, SendError, Sent, Sink,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

/// Takes a while for each datum, or for ever for some.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    per_datum: Duration,
    /// Series that are never answered.
    silent: Option<&'static str>,
    is_black_hole: bool,
    /// Data, and the time that there was.
    attempts: Vec<(usize, Duration)>,
    arrived: BTreeMap<String, usize>,
    latest: Option<Instant>,
}

impl Sink for Slow {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        let data = u32::try_from(batch.data().len()).unwrap();
        let (takes, answers) = {
            let mut state = self.0.lock().unwrap();
            state.attempts.push((batch.data().len(), attempt.timeout()));
            let is_silent = |datum: &Datum| Some(datum.name()) == state.silent;
            let is_silent = batch.data().iter().any(is_silent);
            (state.per_datum * data, !is_silent && !state.is_black_hole)
        };
        tokio::select! {
            () = tokio::time::sleep(takes), if answers => {}
            () = attempt.out_of_time() => {
                return Err(SendError::Ambiguous("no answer in time".into()));
            }
        }
        let mut state = self.0.lock().unwrap();
        for datum in batch.data() {
            *state.arrived.entry(named(datum)).or_default() += 1;
        }
        state.latest = Some(Instant::now());
        Ok(Sent::default())
    }
}

fn started(sink: &Slow) -> Started {
    let builder = CloudWatchBuilder::new("Test")
        .with_jitter_seed(7)
        .with_request_timeout(Duration::from_secs(4))
        .with_sink("test", sink.clone());
    Started::new(builder)
}

/// 1,000 data take 20 s, where a request has 4.
#[tokio::test(start_paused = true)]
async fn a_slow_uplink_gets_smaller_requests_that_have_more_time() {
    let sink = Slow::default();
    sink.0.lock().unwrap().per_datum = Duration::from_millis(20);
    let test = started(&sink);
    test.record(|| {
        for number in 0..1_000 {
            counter!("n", "number" => number.to_string()).increment(1);
        }
    });
    test.clock.advance(MINUTE);
    test.settle().await;
    tokio::time::sleep(2 * MINUTE).await;
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.delivered.data, stats.pending.data),
        (1_000, 0),
        "{stats}"
    );
    let seen = sink.0.lock().unwrap();
    assert!(seen.arrived.values().all(|times| *times == 1));
    let secs = Duration::from_secs;
    let first = [
        (1_000, secs(4)),
        (1_000, secs(4)),
        (1_000, secs(4)),
        (500, secs(8)),
    ];
    assert_eq!(seen.attempts[..4], first);
    // 250 in 16 s go through.
    assert!(seen.attempts.len() < 20, "{:?}", seen.attempts);
}

/// For two hours nobody answers: nothing is given up, and afterwards all of it arrives within a minute or two.
#[tokio::test(start_paused = true)]
async fn a_black_hole_empties_no_queue() {
    let sink = Slow::default();
    sink.0.lock().unwrap().is_black_hole = true;
    let test = started(&sink);
    for window in 0..120_u64 {
        test.record(|| {
            for number in 0..100 {
                counter!("n", "number" => number.to_string()).increment(window + 1);
            }
        });
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(stats.pending.data, 12_000, "{stats}");
    let healed = Instant::now();
    sink.0.lock().unwrap().is_black_hole = false;
    let before = sink.0.lock().unwrap().attempts.len();
    tokio::time::sleep(10 * MINUTE).await;
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.delivered.data, stats.pending.data),
        (12_000, 0),
        "{stats}"
    );
    let seen = sink.0.lock().unwrap();
    assert!(seen.arrived.values().all(|times| *times == 120));
    let took = seen.latest.unwrap() - healed;
    assert!(took < MINUTE + MINUTE / 2, "{took:?}");
    // What waited is merged: 100 data in each window.
    assert!(
        seen.attempts.len() - before < 100,
        "{}",
        seen.attempts.len() - before
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_never_answered_while_others_are_is_given_up_after_ten_attempts() {
    let sink = Slow::default();
    sink.0.lock().unwrap().silent = Some("silent");
    let test = started(&sink);
    test.record(|| counter!("silent").increment(3));
    for _ in 0..60 {
        test.record(|| counter!("n").increment(1));
        test.clock.advance(MINUTE);
        test.settle().await;
        tokio::time::sleep(MINUTE).await;
    }
    let stats = test.cloudwatch.stats();
    // The first window's other datum was with it, and went by itself after three attempts.
    assert_eq!(stats.ambiguous.samples, 3, "{stats}");
    assert_eq!(
        (stats.delivered.samples, stats.pending.samples),
        (60, 0),
        "{stats}"
    );
}

/// Never answers a request that has the bad datum, as a proxy that breaks by it, or a service that fails (500).
struct Poisoned;

impl Sink for Poisoned {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        if batch.data().iter().any(|datum| datum.name() == "bad") {
            return Err(SendError::Ambiguous("no answer".into()));
        }
        Ok(Sent::default())
    }
}

/// One series of 501 that is never answered keeps no other back.
#[tokio::test(start_paused = true)]
async fn a_series_that_is_never_answered_does_not_keep_all_others_back() {
    let builder = CloudWatchBuilder::new("Test").with_sink("test", Poisoned);
    let test = Started::new(builder);
    for _ in 0..60 {
        test.record(|| counter!("bad").increment(1));
        for number in 0..500 {
            test.record(|| counter!("good", "number" => number.to_string()).increment(1));
        }
        test.advance(Duration::from_mins(1)).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let stats = test.cloudwatch.stats();
    assert!(stats.delivered.samples >= 40 * 500, "{stats}");
}
