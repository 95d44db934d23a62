//! The processes that follow each other on the same folders, and what the test knows of them.

use super::process::Life;
use super::{Act, Case, HANGS, NAMES};
use crate::fixtures::moody::{Mood, Moody};
use crate::fixtures::polls::Polls;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::minute;
use metrics_exporter_cloudwatch::{
    CloudWatchBuilder, Destination, ManualClock, Matcher, MemorySink, MetricSettings, Stats,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::task::yield_now;

const MINUTE: Duration = Duration::from_mins(1);
/// A flush tries again after so long.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct World {
    pub(super) case: Case,
    pub(super) clock: ManualClock,
    pub(super) folders: [Scratch; 2],
    pub(super) sinks: [Moody; 2],
    /// What all processes recorded.
    pub(super) recorded: u64,
    /// What the folders had for this process as it started.
    pub(super) left: [u64; 2],
    /// What all earlier ones delivered, and what they settled otherwise.
    pub(super) delivered: [u64; 2],
    pub(super) lost: [u64; 2],
}

impl World {
    pub(super) fn new(case: Case) -> Self {
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

    pub(super) fn start(&self) -> Life {
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

    /// Waits until all that is going on is over, and everything agrees.
    pub(super) async fn at_rest(&self, life: &mut Life) -> Stats {
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

    pub(super) async fn act(&mut self, life: Life, act: &Act) -> Option<Life> {
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
                let start = Instant::now();
                loop {
                    self.clock.advance(MINUTE);
                    let before = self.at_rest(&mut life).await;
                    self.clock.advance(MINUTE);
                    self.at_rest(&mut life).await;
                    match life.check_told(&before, self.case.journals) {
                        Ok(()) => break,
                        Err(error) => assert!(start.elapsed() < HANGS, "{error}"),
                    }
                }
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
                life = self.next(life)?;
            }
            Act::Abort => {
                life.task.abort();
                life.over().await;
                life = self.next(life)?;
            }
        }
        self.at_rest(&mut life).await;
        Some(life)
    }

    /// What an end leaves, and the next process. None if the disk was too slow for the half second that an abort waits: what
    /// it does after that is in no account.
    fn next(&mut self, life: Life) -> Option<Life> {
        let folders = self.folders.iter().zip(self.case.journals);
        let mut journals = folders.filter(|(_, has_journal)| *has_journal);
        if !journals.all(|(folder, _)| folder.is_free()) {
            return None;
        }
        self.end(&life);
        drop(life);
        Some(self.start())
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
