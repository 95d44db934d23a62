//! `stats()`, the reports, what the exporter says about itself, and a reader of the journal's folder agree at every quiet
//! moment of random outages, flushes, shutdowns, aborts and restarts on one folder.
//!
//! Time stands still, but where what paused after a failure is to go on. The disk does not stand still, and is waited for.

mod adding_up;
mod process;

use crate::fixtures::long::short_or_long;
use crate::fixtures::moody::{Mood, Moody};
use crate::fixtures::polls::Polls;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::minute;
use adding_up::{Check, adds_up, equal, sums};
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Destination, FlushReport, Guarantee, ManualClock, Matcher, MemorySink,
    MetricSettings, Stats,
};
use process::Life;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::task::yield_now;

const MINUTE: Duration = Duration::from_mins(1);
/// A flush tries again after so long.
const PAUSE: Duration = Duration::from_millis(500);
/// Only so that it fails, where it would hang.
const HANGS: Duration = Duration::from_secs(20);
/// The watcher is always well.
const NAMES: [&str; 3] = ["first", "second", "watcher"];

#[derive(Clone, Debug)]
enum Act {
    /// So many windows of so many counters.
    Windows(usize, usize),
    /// Of one of the first two, which gets all that waits if it is well now.
    Mood(usize, Mood),
    Flush,
    /// Of one window to the next: what it says about itself.
    Tell,
    /// With or without time for the end.
    Shutdown(bool),
    Abort,
}

#[derive(Clone, Debug)]
struct Case {
    guarantee: Guarantee,
    /// Which of the first two have a journal.
    journals: [bool; 2],
    acts: Vec<Act>,
}

fn act() -> impl Strategy<Value = Act> {
    let moods = vec![Mood::Well, Mood::Failing, Mood::Ambiguous, Mood::Hanging];
    prop_oneof![
        4 => (1..3usize, 1..4usize).prop_map(|(windows, series)| Act::Windows(windows, series)),
        // What the queue has no room for.
        2 => (10..14usize, Just(1_000)).prop_map(|(windows, series)| Act::Windows(windows, series)),
        4 => (0..2usize, prop::sample::select(moods)).prop_map(|(which, mood)| Act::Mood(which, mood)),
        2 => Just(Act::Flush),
        2 => Just(Act::Tell),
        2 => any::<bool>().prop_map(Act::Shutdown),
        1 => Just(Act::Abort),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let guarantees = vec![Guarantee::AtLeastOnce, Guarantee::AtMostOnce];
    let journals = prop::sample::select(vec![[true, false], [true, true], [false, false]]);
    let acts = prop::collection::vec(act(), 4..14);
    (prop::sample::select(guarantees), journals, acts).prop_map(|(guarantee, journals, acts)| {
        Case {
            guarantee,
            journals,
            acts,
        }
    })
}

struct World {
    case: Case,
    clock: ManualClock,
    folders: [Scratch; 2],
    sinks: [Moody; 2],
    /// What all processes recorded.
    recorded: u64,
    /// What the folders had for this process as it started.
    left: [u64; 2],
    /// What all earlier ones delivered, and what they settled otherwise.
    delivered: [u64; 2],
    lost: [u64; 2],
}

impl World {
    fn new(case: Case) -> Self {
        Self {
            case,
            clock: ManualClock::new(minute()),
            folders: [Scratch::new(), Scratch::new()],
            sinks: [Moody::of(Mood::Well), Moody::of(Mood::Well)],
            recorded: 0,
            left: [0; 2],
            delivered: [0; 2],
            lost: [0; 2],
        }
    }

    fn start(&self) -> Life {
        let watcher = MemorySink::new();
        let mut builder = CloudWatchBuilder::new("Test")
            .with_metric_settings(
                Matcher::any(),
                MetricSettings::new().with_guarantee(self.case.guarantee),
            )
            .with_queue_bytes(1_000_000)
            .with_self_metrics(true)
            .with_clock(self.clock.clone())
            .with_send_jitter(Duration::ZERO);
        for (number, name) in NAMES[..2].iter().enumerate() {
            let mut one = Destination::new(*name, self.sinks[number].clone());
            if self.case.journals[number] {
                one = one.with_journal(self.folders[number].path(), 1 << 30);
            }
            builder = builder.with_destination(one);
        }
        let builder = builder.with_sink(NAMES[2], watcher.clone());
        let (recorder, exporter) = builder.build().unwrap();
        let (cloudwatch, polls) = (exporter.handle(), Polls::default());
        Life {
            task: tokio::spawn(polls.of(exporter.run())),
            recorder,
            cloudwatch,
            polls,
            watcher,
            recorded: 0,
            told: BTreeMap::new(),
            flows: [0, 1].map(|number| self.sinks[number].mood() == Mood::Well),
        }
    }

    fn check(&self, life: &Life) -> Check {
        let stats = life.cloudwatch.stats();
        adds_up(&stats)?;
        let parts = stats.destinations.values();
        equal(
            "sum",
            stats.pending.samples,
            parts.map(|part| part.pending.samples).sum(),
        )?;
        let parts = stats.destinations.values();
        equal(
            "sum",
            stats.journal_bytes,
            parts.map(|part| part.journal_bytes).sum(),
        )?;
        for (name, part) in &stats.destinations {
            adds_up(part).map_err(|error| format!("{name}: {error} in {part:?}"))?;
            let own = part.entered.samples - part.restored.samples;
            equal(name, own, life.recorded)?;
        }
        for (number, name) in NAMES[..2].iter().enumerate() {
            let part = &stats.destinations[*name];
            let arrived = self.sinks[number].arrived();
            equal(
                name,
                (self.delivered[number] + part.delivered.samples) as f64,
                arrived,
            )?;
            equal("not written", part.journal_writing_bytes, 0)?;
            equal("folder", part.journal_bytes, self.folders[number].bytes())?;
            equal("left", part.restored.samples <= self.left[number], true)?;
            let is_at_rest = !life.flows[number] || life.is_sent(number, self);
            equal("all is sent", is_at_rest, true)?;
        }
        let watcher = &stats.destinations[NAMES[2]];
        equal("watcher", watcher.delivered.samples, life.recorded)
    }

    /// Waits until all that is going on is over, and everything agrees.
    async fn at_rest(&self, life: &mut Life) -> Stats {
        let start = Instant::now();
        loop {
            life.polls.settle().await;
            match self.check(life) {
                Ok(()) => break,
                Err(error) => assert!(start.elapsed() < HANGS, "{error}"),
            }
        }
        life.read_told();
        life.cloudwatch.stats()
    }

    async fn act(&mut self, life: Life, act: &Act) -> Life {
        let mut life = life;
        match act {
            Act::Windows(windows, series) => {
                for _ in 0..*windows {
                    life.record(*series);
                    self.recorded += *series as u64;
                    self.clock.advance(MINUTE);
                    self.at_rest(&mut life).await;
                }
            }
            Act::Mood(which, mood) => {
                self.sinks[*which].set(*mood);
                life.flows[*which] = false;
                life.polls.settle().await;
                let start = Instant::now();
                while *mood == Mood::Well && !life.is_sent(*which, self) {
                    assert!(start.elapsed() < HANGS, "{:?}", life.cloudwatch.stats());
                    let name = NAMES[*which];
                    let flush = life
                        .cloudwatch
                        .flush_destination(name)
                        .within(Duration::ZERO);
                    let _ = driven(async { flush.await.unwrap() }).await;
                    life.polls.settle().await;
                    tokio::time::advance(PAUSE).await;
                }
                if *mood == Mood::Well {
                    // What pauses where there was nothing to send.
                    tokio::time::advance(MINUTE).await;
                    life.flows[*which] = true;
                }
            }
            Act::Flush => {
                life.record(2);
                self.recorded += 2;
                let before = life.cloudwatch.stats();
                let flush = life.cloudwatch.flush().within(Duration::ZERO);
                let report = driven(async { flush.await.unwrap() }).await;
                let after = self.at_rest(&mut life).await;
                self.compare(&before, &report, &after, false);
            }
            Act::Tell => {
                self.clock.advance(MINUTE);
                let before = self.at_rest(&mut life).await;
                self.clock.advance(MINUTE);
                self.at_rest(&mut life).await;
                life.check_told(&before, self.case.journals);
            }
            Act::Shutdown(has_time) => {
                life.record(2);
                self.recorded += 2;
                let before = life.cloudwatch.stats();
                let are_well = self.sinks.iter().all(|sink| sink.mood() == Mood::Well);
                let time = if *has_time && are_well {
                    Duration::from_hours(1)
                } else {
                    Duration::ZERO
                };
                let shutdown = life.cloudwatch.shutdown().within(time);
                let report = driven(async { shutdown.await.unwrap() }).await;
                life.over().await;
                let after = life.cloudwatch.stats();
                self.compare(&before, &report, &after, true);
                life = self.next(life);
            }
            Act::Abort => {
                life.task.abort();
                life.over().await;
                life = self.next(life);
            }
        }
        self.at_rest(&mut life).await;
        life
    }

    /// A report is what became of its data between two looks at the account. Beside them others are settled: what an
    /// earlier process left.
    fn compare(&self, before: &Stats, report: &FlushReport, after: &Stats, is_last: bool) {
        for (number, name) in NAMES.iter().enumerate() {
            let (before, after) = (&before.destinations[*name], &after.destinations[*name]);
            let report = &report.destinations[*name];
            let parts = [
                report.delivered,
                report.handed_over,
                report.refused,
                report.ambiguous,
                report.dropped,
                report.pending,
            ];
            assert_eq!(sums(&[report.entered]), sums(&parts), "{name}: {report}");
            assert!(report.journaled.samples <= report.pending.samples);
            let is_alone = number == 2 || self.left[number] == 0;
            let covered = before.pending.samples + 2;
            assert!(report.entered.samples <= covered, "{name}: {report}");
            // What is settled after a flush is no part of its report.
            if is_alone && is_last {
                let lost = |stats: &Stats| sums(&[stats.dropped, stats.ambiguous, stats.refused]).1;
                assert_eq!(report.entered.samples, covered, "{name}: {report}");
                let pairs = [
                    (
                        report.delivered.samples,
                        before.delivered.samples,
                        after.delivered.samples,
                    ),
                    (
                        sums(&[report.dropped, report.ambiguous]).1,
                        lost(before),
                        lost(after),
                    ),
                    (report.pending.samples, 0, after.pending.samples),
                ];
                for (reported, before, after) in pairs {
                    assert_eq!(before + reported, after, "{name}: {report} / {after}");
                }
            }
        }
    }

    /// What an end leaves, and the next process, if it is to be.
    fn next(&mut self, life: Life) -> Life {
        self.end(&life);
        drop(life);
        self.start()
    }

    fn end(&mut self, life: &Life) {
        let stats = life.cloudwatch.stats();
        for (number, name) in NAMES[..2].iter().enumerate() {
            let part = &stats.destinations[*name];
            assert!(adds_up(part).is_ok(), "{part:?}");
            let (pending, journaled) = (part.pending.samples, part.journaled.samples);
            assert_eq!(pending, journaled, "nothing is in memory: {part:?}");
            let disk = (self.folders[number].bytes(), part.queue_bytes);
            assert_eq!((part.journal_bytes, 0), disk, "{part:?}");
            if !self.case.journals[number] {
                assert_eq!(pending, 0, "{part:?}");
            }
            self.left[number] = self.left[number] - part.restored.samples + pending;
            self.delivered[number] += part.delivered.samples;
            self.lost[number] += sums(&[part.dropped, part.ambiguous]).1;
        }
    }
}

/// Awaits something while time stands still, but for one pause after a failure.
async fn driven<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let task = tokio::spawn(future);
    let start = Instant::now();
    for turn in 1.. {
        if task.is_finished() {
            break;
        }
        assert!(start.elapsed() < HANGS, "no answer");
        if turn == 1_000 {
            tokio::time::advance(PAUSE).await;
        }
        yield_now().await;
    }
    task.await.unwrap()
}

async fn run(case: Case) {
    let acts = case.acts.clone();
    let mut world = World::new(case);
    let mut life = world.start();
    for act in &acts {
        life = world.act(life, act).await;
    }
    // The end: another process sends all that is left.
    life = world.act(life, &Act::Shutdown(false)).await;
    for which in 0..2 {
        life = world.act(life, &Act::Mood(which, Mood::Well)).await;
    }
    life = world.act(life, &Act::Shutdown(true)).await;
    for (number, name) in NAMES[..2].iter().enumerate() {
        assert_eq!(world.left[number], 0);
        let settled = world.delivered[number] + world.lost[number];
        assert_eq!(settled, world.recorded, "{name}");
        assert_eq!(
            world.delivered[number] as f64,
            world.sinks[number].arrived()
        );
    }
    life.task.abort();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: short_or_long(16, 600),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_accounts_agree_at_every_quiet_moment(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(case));
    }
}
