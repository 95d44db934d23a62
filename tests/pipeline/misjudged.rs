//! What is refused, counted or sent in another order than it should be.

use crate::fixtures::refusing::{Everything, Refusing};
use crate::fixtures::started::Started;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Refusal, SendError, Sent, Sink,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

type Answer = dyn Fn(&[Datum]) -> Result<Sent, SendError> + Send + Sync;

/// Answers as it is told, and keeps what it took.
#[derive(Clone)]
struct Judge {
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<Vec<Datum>>>>,
}

impl Judge {
    fn by(answer: impl Fn(&[Datum]) -> Result<Sent, SendError> + Send + Sync + 'static) -> Self {
        let requests = Arc::default();
        Self {
            answer: Arc::new(answer),
            requests,
        }
    }
}

impl Sink for Judge {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        100
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.requests.lock().unwrap().push(batch.data().to_vec());
        (self.answer)(batch.data())
    }
}

fn invalid(members: Vec<usize>) -> SendError {
    SendError::Invalid {
        code: "InvalidParameterValue".into(),
        message: "no".into(),
        members,
    }
}

fn throttled() -> SendError {
    SendError::Throttled {
        source: "too fast".into(),
        retry_after: None,
    }
}

fn started(sink: impl Sink) -> Started {
    let builder = CloudWatchBuilder::new("Test")
        .with_jitter_seed(7)
        .with_flush_timeout(Duration::from_hours(1));
    Started::new(builder.with_sink("test", sink))
}

async fn window(test: &Started, record: impl FnOnce()) {
    test.record(record);
    test.clock.advance(MINUTE);
    test.settle().await;
    tokio::time::sleep(MINUTE).await;
}

/// A series was refused alone once, and is not recorded any more. An hour later the destination refuses everything for some
/// seconds, as `isolating::a_fault_of_seconds_judges_nothing` has it without that series.
#[tokio::test(start_paused = true)]
async fn a_fault_judges_nothing_though_a_series_was_refused_once() {
    let sink = Refusing::default();
    sink.state().bad = BTreeSet::from(["bad".to_owned()]);
    let test = started(sink.clone());
    window(&test, || {
        counter!("bad").increment(1);
        counter!("n").increment(1);
    })
    .await;
    for _ in 0..60 {
        window(&test, || counter!("n").increment(1)).await;
    }
    let of_bad = test.cloudwatch.stats().refused.samples;
    assert_eq!(of_bad, 1);
    sink.state().refuses_all = Some(Everything::Unnamed);
    let healed = sink.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        healed.state().refuses_all = None;
    });
    for _ in 0..3 {
        window(&test, || counter!("n").increment(1)).await;
    }
    let refusals = test.cloudwatch.refusals();
    let names: Vec<&str> = refusals.iter().map(|one| one.key.name()).collect();
    assert_eq!(names, ["bad"], "{}", test.cloudwatch.stats());
}

/// One datum of a series is not acceptable, by its value: it is named. The other windows of the series, which waited with it,
/// are.
#[tokio::test(start_paused = true)]
async fn a_datum_that_is_named_takes_no_other_window_along() {
    let is_out = Arc::new(Mutex::new(true));
    let out = Arc::clone(&is_out);
    let sink = Judge::by(move |data| {
        if *out.lock().unwrap() {
            return Err(throttled());
        }
        let is_bad = |datum: &Datum| datum.value().statistics().sum >= 1e6;
        let bad = data.iter().enumerate().filter(|(_, datum)| is_bad(datum));
        let bad: Vec<usize> = bad.map(|(place, _)| place).collect();
        if bad.is_empty() {
            Ok(Sent::default())
        } else {
            Err(invalid(bad))
        }
    });
    let test = started(sink.clone());
    for value in [1, 1_000_000, 1, 1, 1, 1] {
        window(&test, || counter!("n").increment(value)).await;
    }
    *is_out.lock().unwrap() = false;
    for _ in 0..5 {
        window(&test, || counter!("n").increment(1)).await;
    }
    let stats = test.cloudwatch.stats();
    assert_eq!(
        (stats.refused.data, stats.delivered.data),
        (1, 10),
        "{stats}: {:?}",
        test.cloudwatch.refusals()
    );
}

/// As where each batch goes by itself.
#[tokio::test(start_paused = true)]
async fn data_refused_by_name_and_by_number_are_counted_where_windows_share_a_request() {
    let is_out = Arc::new(Mutex::new(true));
    let out = Arc::clone(&is_out);
    let sink = Judge::by(move |data| {
        if *out.lock().unwrap() {
            return Err(throttled());
        }
        assert_eq!(data.len(), 4);
        let bad = || Refusal::Rejected {
            code: "Bad".into(),
            message: String::new(),
        };
        Ok(Sent::default()
            .with_refused(0, bad())
            .with_refused_number(1, bad()))
    });
    let test = started(sink);
    for _ in 0..4 {
        window(&test, || counter!("n").increment(1)).await;
    }
    *is_out.lock().unwrap() = false;
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(
        (report.refused.data, report.delivered.data),
        (2, 2),
        "{report}"
    );
}

/// A probe that is refused in an accepted request does not clear its series.
#[tokio::test(start_paused = true)]
async fn what_is_refused_in_an_accepted_request_is_not_cleared_of_doubt() {
    let sink = Judge::by(|data| {
        let bad = data.iter().enumerate();
        let bad: Vec<usize> = bad
            .filter(|(_, datum)| datum.name() == "bad")
            .map(|(place, _)| place)
            .collect();
        match bad[..] {
            [] => Ok(Sent::default()),
            // A probe, alone.
            [place] if data.len() == 1 => Ok(Sent::default().with_refused(
                place,
                Refusal::Rejected {
                    code: "Bad".into(),
                    message: String::new(),
                },
            )),
            _ => Err(invalid(bad)),
        }
    });
    let test = started(sink.clone());
    for _ in 0..60 {
        window(&test, || {
            counter!("bad").increment(1);
            counter!("n").increment(1);
        })
        .await;
    }
    let requests = sink.requests.lock().unwrap();
    let with_bad = requests
        .iter()
        .filter(|data| data.iter().any(|one| one.name() == "bad"));
    let with_bad = with_bad.count();
    assert!(with_bad < 20, "{with_bad}");
}

/// A fault of seconds in the midst of a search judges nothing that is healthy, either.
#[tokio::test(start_paused = true)]
async fn a_fault_in_the_midst_of_a_search_judges_nothing_that_is_healthy() {
    let mut judged = Vec::new();
    for after in 1..20 {
        let sink = Refusing::default();
        sink.state().bad = (0..50)
            .map(|number| format!("n number={}", number * 20))
            .collect();
        let test = started(sink.clone());
        let all = || {
            for number in 0..1_000 {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        };
        window(&test, all).await;
        let told = sink.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(after * 3)).await;
            told.state().refuses_all = Some(Everything::Unnamed);
            tokio::time::sleep(Duration::from_secs(20)).await;
            told.state().refuses_all = None;
        });
        for _ in 0..2 {
            window(&test, all).await;
        }
        let refusals = test.cloudwatch.refusals();
        let state = sink.state();
        let names = refusals
            .iter()
            .map(|one| format!("n number={}", one.key.labels().next().unwrap().value()));
        let healthy: Vec<String> = names.filter(|name| !state.bad.contains(name)).collect();
        judged.extend((!healthy.is_empty()).then_some((after * 3, healthy)));
    }
    assert!(judged.is_empty(), "{judged:?}");
}
