//! Two processes on one folder, of which one has the journal and the other goes without, and each is killed at random
//! moments and started again: what the one that has it says is safe arrives, and nothing that is sent at most once arrives
//! twice.

use crate::fixtures::alone::this_program;
use crate::fixtures::long::short_or_long;
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::killed::{builder, number, say, window};
use cloudwatch_local::{Fault, Local};
use metrics::{counter, gauge};
use metrics_exporter_cloudwatch::{Guarantee, HeldJournal, ManualClock};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const ENDPOINT: &str = "PAIRS_ENDPOINT";
/// Of each process, which has windows of its own.
const WINDOWS: u64 = 60;
const LAST: u64 = 8_000;

/// Records a window after the other, until this process is killed.
fn child(endpoint: &str, guarantee: Guarantee) {
    std::thread::spawn(|| {
        // Until the parent is gone, should it not have killed us.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let argument = |name| std::env::var(name).unwrap();
    let first: u64 = argument("PAIRS_FIRST").parse().unwrap();
    let dir = PathBuf::from(argument("PAIRS_DIR"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = ManualClock::new(window(first));
        let builder = builder(endpoint, &dir, &clock, guarantee);
        let builder = builder.with_held_journal(HeldJournal::GoWithout);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        let is_held = cloudwatch.stats().is_journal_held;
        say(if is_held { "without" } else { "holds" }, first);
        for next in first..first + WINDOWS {
            metrics::with_local_recorder(&recorder, || {
                counter!("count").increment(next + 1);
                gauge!("level").set((next + 1) as f64);
            });
            clock.advance(Duration::from_mins(1));
            let drained = 2 * (next + 1 - first);
            until(|| {
                let stats = cloudwatch.stats();
                let all = [stats.delivered, stats.ambiguous, stats.pending];
                let all: u64 = all.iter().map(|amount| amount.data).sum();
                all - stats.restored.data == drained && stats.journal_writing_bytes == 0
            })
            .await;
            say(if is_held { "recorded" } else { "closed" }, next);
        }
        std::future::pending::<()>().await;
    });
}

/// A process, and what it says.
struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
}

#[derive(Debug, Default)]
struct Said {
    /// Windows whose data are safe.
    closed: BTreeSet<u64>,
    held: u64,
    without: u64,
}

impl Said {
    fn hear(&mut self, line: &str) {
        // The test harness begins a line of its own.
        let number = |word| -> Option<u64> { line.rsplit_once(word)?.1.parse().ok() };
        if let Some(window) = number("closed ") {
            self.closed.insert(window);
        }
        self.held += u64::from(number("holds ").is_some());
        self.without += u64::from(number("without ").is_some());
    }
}

impl Process {
    fn start(test: &str, local: &Local, dir: &Path, first: u64) -> Self {
        let mut child = this_program(test)
            .env(ENDPOINT, local.endpoint())
            .env("PAIRS_FIRST", first.to_string())
            .env("PAIRS_DIR", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (to_us, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if to_us.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Kills it when it has recorded so many more windows.
    fn kill(mut self, said: &mut Said, mut windows: u32) {
        while windows > 0 {
            let line = self.lines.recv().expect("it does not end by itself");
            windows -= u32::from(line.contains("closed ") || line.contains("recorded "));
            said.hear(&line);
        }
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success());
        // What it had said before.
        self.lines.iter().for_each(|line| said.hear(&line));
    }
}

/// How often each datum arrived, by window and name.
fn arrived(local: &Local) -> BTreeMap<(u64, String), u64> {
    let mut arrived = BTreeMap::new();
    for datum in local.received() {
        let window = number(datum.timestamp);
        assert_eq!(datum.sum(), (window + 1) as f64, "another window's data");
        *arrived.entry((window, datum.metric_name)).or_default() += 1;
    }
    arrived
}

async fn killed(test: &str, guarantee: Guarantee, seed: u64) {
    let scratch = Scratch::new();
    let dir = scratch.path();
    let local = Local::builder().with_clock(|| window(LAST)).start();
    let local = local.await.unwrap();
    let faults = [
        (0.5, Fault::Latency(Duration::from_millis(5))),
        (0.05, Fault::ResetBefore),
        (0.05, Fault::ResetAfter),
    ];
    local.faults().random(seed, faults);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut said = Said::default();
    let mut first = 0;
    tokio::task::block_in_place(|| {
        let mut start = || {
            first += WINDOWS + 1;
            Process::start(test, &local, dir, first - WINDOWS - 1)
        };
        let mut pair = [start(), start()];
        for _ in 0..short_or_long(6, 50) {
            let place = random.usize(..2);
            let next = start();
            let killed = std::mem::replace(&mut pair[place], next);
            killed.kill(&mut said, random.u32(1..8));
        }
        for one in pair {
            one.kill(&mut said, 1);
        }
    });
    // The last process finds what is left.
    local.faults().clear();
    let clock = ManualClock::new(window(LAST));
    let builder = builder(&local.endpoint(), dir, &clock, guarantee);
    let (_recorder, exporter) = builder.build().unwrap();
    let cloudwatch = exporter.handle();
    tokio::spawn(exporter.run());
    let is_empty = until(|| scratch.records() == 0);
    let is_empty = tokio::time::timeout(Duration::from_mins(1), is_empty).await;
    is_empty.expect("everything is sent within a minute");
    let _ = cloudwatch.shutdown().await.unwrap();
    let arrived = arrived(&local);
    match guarantee {
        Guarantee::AtLeastOnce => {
            for window in &said.closed {
                for name in ["count", "level"] {
                    let is_there = arrived.contains_key(&(*window, name.to_owned()));
                    assert!(is_there, "{name} of window {window} is lost: {said:?}");
                }
            }
        }
        _ => assert!(arrived.values().all(|times| *times == 1), "{arrived:?}"),
    }
    assert!(
        said.held > 0 && said.without > 0 && !said.closed.is_empty(),
        "{said:?}"
    );
}

/// The test itself, or a process that it kills.
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
    test("killed_pairs::at_least_once", Guarantee::AtLeastOnce, 1);
}

#[test]
fn at_most_once() {
    test("killed_pairs::at_most_once", Guarantee::AtMostOnce, 2);
}
