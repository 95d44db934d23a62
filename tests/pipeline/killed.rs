//! A process with a journal, killed at random moments under load: what arrived, with what is on its disk, is all but
//! the window under way, and nothing arrives twice but what was under way.

use crate::fixtures::alone::this_program;
use crate::fixtures::long::short_or_long;
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::minute;
use cloudwatch_local::{Fault, Local, ReceivedRequest};
use metrics::{counter, gauge, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, Guarantee, ManualClock, Matcher, MetricSettings,
    PutMetricData, SendError, Sent, Sink, Stats,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ENDPOINT: &str = "KILLED_ENDPOINT";
const THREADS: u64 = 3;
/// For each thread a counter and a gauge, and a histogram for all.
const DATA: u64 = 2 * THREADS + 1;
/// Too small for a window, so that requests are split.
const BODY: usize = 700;

pub(crate) fn window(number: u64) -> SystemTime {
    minute() + Duration::from_mins(number)
}

pub(crate) fn number(time: SystemTime) -> u64 {
    time.duration_since(window(0)).unwrap().as_secs() / 60
}

/// Says what is attempted, and what may have arrived for all that it knows.
struct Told(PutMetricData);

pub(crate) fn say(word: &str, number: u64) {
    println!("{word} {number}");
}

impl Sink for Told {
    fn added_len(&self, batch: &Batch, datum: &Datum) -> usize {
        self.0.added_len(batch, datum)
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        let windows = batch.data().iter().map(|datum| number(datum.timestamp()));
        let windows: BTreeSet<u64> = windows.collect();
        say("attempt", number(batch.data()[0].timestamp()));
        let sent = self.0.send(batch, attempt).await;
        if matches!(sent, Err(SendError::Ambiguous(_))) {
            for window in windows {
                say("unsure", window);
            }
        }
        sent
    }
}

pub(crate) fn builder(
    local: &str,
    dir: &Path,
    clock: &ManualClock,
    guarantee: Guarantee,
) -> CloudWatchBuilder {
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(aws_sdk_cloudwatch::config::BehaviorVersion::latest())
        .region(aws_sdk_cloudwatch::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_cloudwatch::config::Credentials::new(
            "local", "local", None, None, "test",
        ))
        .endpoint_url(local);
    let client = aws_sdk_cloudwatch::Client::from_conf(config.build());
    CloudWatchBuilder::new("Killed")
        // Windows of all ages go to a server that stands still.
        .with_clock_skew_correction(false)
        .with_request_timeout(Duration::from_mins(1))
        .with_sink("test", Told(PutMetricData::new(client)))
        .with_clock(clock.clone())
        .with_metric_settings(
            Matcher::any(),
            MetricSettings::new().with_guarantee(guarantee),
        )
        .with_send_jitter(Duration::ZERO)
        .with_journal(dir, 1 << 30)
}

/// Records a window after the other, until this process is killed.
fn child(endpoint: &str, guarantee: Guarantee) {
    std::thread::spawn(|| {
        // Until the parent is gone, should it not have killed us.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let argument = |name| std::env::var(name).unwrap();
    let first: u64 = argument("KILLED_NEXT").parse().unwrap();
    let dir = PathBuf::from(argument("KILLED_DIR"));
    // On one thread with the exporter: what its accounts say then belongs together.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = ManualClock::new(window(first));
        let builder = builder(endpoint, &dir, &clock, guarantee);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        for next in first.. {
            say("window", next);
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let recorder = &recorder;
                    scope.spawn(move || {
                        metrics::with_local_recorder(recorder, || record(next, thread));
                    });
                }
            });
            clock.advance(Duration::from_mins(1));
            let drained = DATA * (next + 1 - first);
            until(|| is_safe(&cloudwatch.stats(), drained)).await;
            say("closed", next);
        }
    });
}

/// Whether so many data are out of the aggregates, and none of them is in memory alone.
fn is_safe(stats: &Stats, drained: u64) -> bool {
    let known = [stats.delivered, stats.ambiguous, stats.pending];
    let known: u64 = known.iter().map(|amount| amount.data).sum();
    known - stats.restored.data == drained && stats.journal_writing_bytes == 0
}

fn record(window: u64, thread: u64) {
    let label = thread.to_string();
    counter!("count", "thread" => label.clone()).increment(window + 1);
    gauge!("level", "thread" => label).set((window + 1) as f64);
    histogram!("size").record((window + 1) as f64);
}

/// What processes had said when they were killed, and what was on their disk.
#[derive(Debug, Default)]
struct Said {
    next: u64,
    /// Windows whose data are safe.
    closed: BTreeSet<u64>,
    /// How often a window's attempt, or one under way at the end of a process, may have arrived.
    unsure: BTreeMap<u64, u64>,
    /// Data by window, on disk with an attempt under way, when a process was killed.
    given_up: BTreeMap<u64, u64>,
    most_under_way: usize,
}

impl Said {
    fn hear(&mut self, line: &str) {
        // The test harness begins a line of its own.
        let number = |word| -> Option<u64> { line.rsplit_once(word)?.1.parse().ok() };
        if let Some(window) = number("window ") {
            self.next = window + 1;
        } else if let Some(window) = number("closed ") {
            self.closed.insert(window);
        } else if let Some(window) = number("unsure ") {
            *self.unsure.entry(window).or_default() += 1;
        }
    }
}

/// Starts a process, and kills it when it has said so many times each that a window is closed and that an attempt
/// begins.
fn kill_one(
    test: &str,
    local: &Local,
    dir: &Path,
    said: &mut Said,
    (mut closed, mut attempts): (u32, u32),
) {
    let mut child = this_program(test)
        .env(ENDPOINT, local.endpoint())
        .env("KILLED_NEXT", said.next.to_string())
        .env("KILLED_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    while closed > 0 || attempts > 0 {
        let line = output.next().expect("it does not end by itself").unwrap();
        closed = closed.saturating_sub(u32::from(line.contains("closed ")));
        attempts = attempts.saturating_sub(u32::from(line.contains("attempt ")));
        said.hear(&line);
    }
    child.kill().unwrap();
    // What it had said before.
    for line in output {
        said.hear(&line.unwrap());
    }
    assert!(!child.wait().unwrap().success());
}

/// Data by window, waiting and begun, as they are in the records' files.
#[derive(Debug, Default)]
struct OnDisk {
    waiting: BTreeMap<u64, u64>,
    begun: BTreeMap<u64, u64>,
    records_begun: usize,
}

impl OnDisk {
    fn of(dir: &Path) -> Self {
        let mut files = Vec::new();
        for file in std::fs::read_dir(dir).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some((_, state @ ("record" | "begun"))) = name.split_once('.') {
                files.push((state == "begun", std::fs::read(&path).unwrap()));
            }
        }
        let mut on_disk = Self::default();
        for (is_begun, bytes) in files {
            on_disk.records_begun += usize::from(is_begun);
            let data = if is_begun {
                &mut on_disk.begun
            } else {
                &mut on_disk.waiting
            };
            for time in bytes.windows(7).filter_map(time_stamp) {
                *data.entry(number(time)).or_default() += 1;
            }
        }
        on_disk
    }
}

/// A datum's time in CBOR: an array of two, seconds in four bytes, and no nanoseconds.
fn time_stamp(bytes: &[u8]) -> Option<SystemTime> {
    let &[0x82, 0x1a, a, b, c, d, 0] = bytes else {
        return None;
    };
    let seconds = u64::from(u32::from_be_bytes([a, b, c, d]));
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    (window(0)..window(100_000)).contains(&time).then_some(time)
}

/// How often each datum arrived, by window and series.
fn arrived(local: &Local) -> BTreeMap<u64, BTreeMap<String, u64>> {
    let mut arrived: BTreeMap<u64, BTreeMap<String, u64>> = BTreeMap::new();
    for datum in local.received() {
        let window = number(datum.timestamp);
        let times = if datum.metric_name == "size" {
            THREADS
        } else {
            1
        };
        let sum = ((window + 1) * times) as f64;
        assert_eq!(datum.sum(), sum, "another window's data");
        let dimensions = datum.dimensions.iter().map(|(_, value)| value.as_str());
        let series = datum.metric_name.clone() + &dimensions.collect::<String>();
        let window = arrived.entry(window).or_default();
        *window.entry(series).or_default() += 1;
    }
    arrived
}

fn check(local: &Local, on_disk: &OnDisk, said: &Said, guarantee: Guarantee) {
    let arrived = arrived(local);
    let of = |data: &BTreeMap<u64, u64>, window| data.get(window).copied().unwrap_or_default();
    for window in &said.closed {
        let there = arrived.get(window).map_or(0, |series| series.len() as u64);
        let waiting = of(&on_disk.waiting, window) + of(&on_disk.begun, window);
        let mut known = there + waiting;
        if guarantee == Guarantee::AtMostOnce {
            known += of(&said.given_up, window) + DATA * of(&said.unsure, window);
        }
        assert!(
            known >= DATA,
            "window {window}: {there} arrived, {waiting} on disk; {said:?}"
        );
    }
    for (window, series) in &arrived {
        let most = match guarantee {
            Guarantee::AtMostOnce => 1,
            _ => 1 + of(&said.unsure, window),
        };
        let times = series.values().copied().max().unwrap_or_default();
        assert!(
            times <= most,
            "window {window} arrived {times} times: {said:?}"
        );
    }
}

async fn killed(test: &str, guarantee: Guarantee, seed: u64) {
    let scratch = Scratch::new();
    let dir = scratch.path();
    let local = Local::builder().with_clock(|| window(5_000)).start();
    let local = local.await.unwrap();
    let faults = [
        (0.5, Fault::Latency(Duration::from_millis(5))),
        (0.05, Fault::ResetBefore),
        (0.05, Fault::ResetAfter),
    ];
    local.faults().random(seed, faults);
    local.faults().limit_body(BODY);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut said = Said::default();
    let kills = short_or_long(10, 25);
    for _ in 0..kills {
        let moment = (random.u32(1..10), random.u32(0..10));
        tokio::task::block_in_place(|| kill_one(test, &local, dir, &mut said, moment));
        let on_disk = OnDisk::of(dir);
        said.most_under_way = said.most_under_way.max(on_disk.records_begun);
        for (&window, &data) in &on_disk.begun {
            // It may have arrived, and by its mode is sent again, or given up.
            *said.unsure.entry(window).or_default() +=
                u64::from(guarantee == Guarantee::AtLeastOnce);
            *said.given_up.entry(window).or_default() += data;
        }
        check(&local, &on_disk, &said, guarantee);
    }
    // The last process finds what is left.
    local.faults().clear();
    let clock = ManualClock::new(window(5_000));
    let builder = builder(&local.endpoint(), dir, &clock, guarantee);
    let (_recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let is_empty = until(|| scratch.records() == 0);
    let is_empty = tokio::time::timeout(Duration::from_mins(1), is_empty).await;
    is_empty.expect("everything is sent within a minute");
    let _ = cloudwatch.shutdown().await.unwrap();
    check(&local, &OnDisk::default(), &said, guarantee);

    // It was worth it: there was a backlog, and requests were split.
    assert!(said.closed.len() * 25 > kills * 80, "{said:?}");
    assert!(said.most_under_way > 1, "{said:?}");
    let is_part = |request: &ReceivedRequest| (1..DATA).contains(&(request.data as u64));
    assert!(
        local
            .requests()
            .iter()
            .any(|one| one.is_applied && is_part(one))
    );
}

/// The test itself, or the process that it kills.
fn test(test: &str, guarantee: Guarantee, seed: u64) {
    if let Ok(endpoint) = std::env::var(ENDPOINT) {
        child(&endpoint, guarantee);
    } else {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(killed(test, guarantee, seed));
    }
}

#[test]
fn at_least_once() {
    test("killed::at_least_once", Guarantee::AtLeastOnce, 1);
}

#[test]
fn at_most_once() {
    test("killed::at_most_once", Guarantee::AtMostOnce, 2);
}
