//! A destination whose state changes all the time costs the log ten lines a minute at most, and what they say last is true.

use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::settable::Settable;
use crate::fixtures::started::{Started, minute};
use metrics::counter;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, Clock, CloudWatchBuilder, Datum, Guarantee, ManualClock, Matcher,
    MetricSettings, Profile, Refusal, SendError, Sent, Sink,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: usize = 3_600;

type Answer = fn(usize) -> Result<Sent, SendError>;

/// Answers by the number of the attempt, until it is well.
#[derive(Clone)]
struct Flapping {
    answer: Answer,
    attempts: Arc<AtomicUsize>,
    is_well: Arc<AtomicBool>,
}

impl Sink for Flapping {
    fn profile(&self) -> Profile {
        Profile::default().with_max_data(1)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        if self.is_well.load(Ordering::Relaxed) {
            return Ok(Sent::default());
        }
        (self.answer)(number)
    }
}

fn throttled() -> SendError {
    SendError::Throttled {
        source: "too fast".into(),
        retry_after: None,
    }
}

fn every_second(number: usize, error: impl FnOnce() -> SendError) -> Result<Sent, SendError> {
    if number.is_multiple_of(2) {
        Err(error())
    } else {
        Ok(Sent::default())
    }
}

/// All that can go wrong, in turn.
fn in_turn(number: usize) -> Result<Sent, SendError> {
    match number % 7 {
        0 => Err(throttled()),
        1 => Err(SendError::Denied("no permission".into())),
        2 => Err(SendError::Transient("no route".into())),
        3 => Err(SendError::Ambiguous("no answer".into())),
        4 => Err(SendError::Invalid {
            code: "InvalidParameterValue".into(),
            message: "no".into(),
            members: vec![0],
        }),
        _ => Ok(Sent::default().with_note(format!("note {number}"))),
    }
}

fn refused(number: usize) -> Sent {
    let reason = Refusal::Rejected {
        code: "InvalidParameterValue".into(),
        message: format!("member {number}"),
    };
    Sent::default().with_refused(0, reason)
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_every_second_attempt_costs_ten_lines_a_minute_at_most() {
    alone!();
    let (log, _guard) = Log::start();
    let cases: [(&str, Answer, usize); 7] = [
        ("throttled", |n| every_second(n, throttled), 130),
        (
            "failed",
            |n| every_second(n, || SendError::Transient("no route".into())),
            130,
        ),
        (
            "denied",
            |n| every_second(n, || SendError::Denied("no permission".into())),
            130,
        ),
        (
            "unanswered",
            |n| every_second(n, || SendError::Ambiguous("no answer".into())),
            190,
        ),
        (
            "noted",
            |n| Ok(Sent::default().with_note(n.to_string())),
            70,
        ),
        ("refused", |n| Ok(refused(n)), 2),
        ("all in turn", in_turn, 610),
    ];
    for (name, answer, most) in cases {
        let before = log.lines().len();
        let sink = Flapping {
            answer,
            attempts: Arc::default(),
            is_well: Arc::default(),
        };
        let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
        let builder = CloudWatchBuilder::new("Test")
            .with_sink(name, sink.clone())
            .with_clock(Settable::new(minute()))
            .with_period(SECOND)
            .with_metric_settings(Matcher::exact("once"), once);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        let mut seen = vec![before];
        for _ in 0..HOUR {
            metrics::with_local_recorder(&recorder, || {
                counter!("n").increment(1);
                counter!("once").increment(1);
            });
            tokio::time::sleep(SECOND).await;
            seen.push(log.lines().len());
        }
        let lines = log.lines();
        let attempts = sink.attempts.load(Ordering::Relaxed);
        assert!(attempts > 300, "{name}: {attempts} attempts");
        for minute in seen.windows(60) {
            let cost = minute[59] - minute[0];
            // Refusals have as many of their own, and a count.
            let most = if name == "all in turn" { 21 } else { 11 };
            assert!(cost <= most, "{name}: {cost} lines within a minute");
        }
        let cost = lines.len() - before;
        assert!(cost <= most, "{name}: {cost} lines");
        let least = if name == "refused" { 1 } else { 30 };
        assert!(
            cost >= least,
            "{name}: {cost} lines are too few to follow it"
        );
        // Its last word is true, a minute later.
        sink.is_well.store(true, Ordering::Relaxed);
        let _ = cloudwatch
            .flush()
            .within(Duration::from_mins(5))
            .await
            .unwrap();
        tokio::time::sleep(61 * SECOND).await;
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        let report = cloudwatch.flush().await.unwrap();
        assert!(report.is_complete(), "{name}: {report}");
        let lines = log.lines();
        let states = [
            "throttled;",
            "not allowed",
            "no answer",
            "could not be sent",
            "answered again",
        ];
        let is_state = |line: &&String| states.iter().any(|state| line.contains(state));
        if let Some(last) = lines[before..].iter().rfind(is_state) {
            assert!(last.contains("answered again"), "{name}: {last}");
        }
        let _ = cloudwatch.shutdown().await.unwrap();
    }
}

/// What is not said is counted.
#[tokio::test(start_paused = true)]
async fn changes_that_no_line_told_are_counted_in_the_next() {
    alone!();
    let (log, _guard) = Log::start();
    let sink = Flapping {
        answer: |n| every_second(n, throttled),
        attempts: Arc::default(),
        is_well: Arc::default(),
    };
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
    let builder = builder.with_clock(Settable::new(minute()));
    let (recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let send = async || {
        metrics::with_local_recorder(&recorder, || counter!("n").increment(1));
        let _ = cloudwatch.flush().await.unwrap();
    };
    for _ in 0..3 {
        send().await;
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    send().await;
    let lines = log.lines();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    // Begin and end of the first; begin and end of the fourth. Two changes each for the second and third are between.
    assert!(!lines[1].contains("changes="), "{lines:#?}");
    assert!(
        lines[2].contains("throttled") && lines[2].contains("changes=4"),
        "{lines:#?}"
    );
    assert!(lines[3].contains("answered again"), "{lines:#?}");
}

/// What at-most-once gives up is not said to be kept.
#[tokio::test(start_paused = true)]
async fn the_log_says_what_becomes_of_data_without_an_answer() {
    alone!();
    let (log, _guard) = Log::start();
    for guarantee in [Guarantee::AtMostOnce, Guarantee::AtLeastOnce] {
        let before = log.lines().len();
        let sink = Flapping {
            answer: |n| match n {
                0 => Err(SendError::Ambiguous("no answer".into())),
                _ => Ok(Sent::default()),
            },
            attempts: Arc::default(),
            is_well: Arc::default(),
        };
        let settings = MetricSettings::new().with_guarantee(guarantee);
        let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
        let builder = builder
            .with_clock(Settable::new(minute()))
            .with_metric_settings(Matcher::any(), settings);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        metrics::with_local_recorder(&recorder, || counter!("n").increment(3));
        let _ = cloudwatch.flush().await.unwrap();
        let lines = log.lines();
        let about = lines[before..]
            .iter()
            .filter(|line| line.contains("no answer"));
        let about: Vec<_> = about.collect();
        assert_eq!(about.len(), 1, "{lines:#?}");
        let is_given_up = guarantee == Guarantee::AtMostOnce;
        assert_eq!(
            about[0].contains("data=1 samples=3"),
            is_given_up,
            "{about:?}"
        );
        assert_eq!(
            about[0].contains("they are given up"),
            is_given_up,
            "{about:?}"
        );
        assert_eq!(
            about[0].contains("kept and tried again"),
            !is_given_up,
            "{about:?}"
        );
        let _ = cloudwatch.shutdown().await.unwrap();
    }
}

/// Hosts behind one name, whose clocks differ.
#[derive(Clone)]
struct Clocks {
    ours: ManualClock,
    answers: Arc<AtomicUsize>,
}

impl Sink for Clocks {
    fn profile(&self) -> Profile {
        Profile::default().with_max_data(1)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, _: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        let number = self.answers.fetch_add(1, Ordering::Relaxed);
        let minutes = if number.is_multiple_of(2) { 10 } else { 20 };
        attempt.leaves();
        attempt.service_clock(self.ours.now() + Duration::from_mins(minutes));
        Ok(Sent::default())
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_cost_a_line_a_minute() {
    alone!();
    let (log, _guard) = Log::start();
    let ours = ManualClock::new(minute());
    let sink = Clocks {
        ours: ours.clone(),
        answers: Arc::default(),
    };
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink);
    let test = Started::by_clock(builder, ours);
    for minutes in 1..=10 {
        for number in 0..101 {
            let series = || counter!("n", "number" => number.to_string());
            test.record(|| series().increment(1));
        }
        test.flush().await;
        let lines = log.lines();
        assert!(lines.len() <= minutes, "{lines:#?}");
        tokio::time::advance(Duration::from_mins(1)).await;
    }
    assert!(log.lines().len() >= 5, "{:#?}", log.lines());
}
