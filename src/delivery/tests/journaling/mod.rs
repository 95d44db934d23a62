//! The exporter with a disk that hangs, fails, or is full. Disks do not follow a paused clock: where time is
//! paused, the disk hangs for good, or it does not matter how much time it seems to take.

mod bounds;
mod crashes;
#[cfg(unix)]
mod disk_errors;
mod ends;
mod hanging;
mod healthy_service;
mod late_marks;
mod marks;
mod merged;
mod restored;
mod rests;
mod room_again;
mod split_requests;
mod unreadable;
mod unsafe_to_send;

use crate::clock::{Clock, ManualClock};
use crate::control::exporter::CloudWatchExporter;
use crate::control::handle::CloudWatchHandle;
use crate::control::pipeline::Parts;
use crate::control::recorder::CloudWatchRecorder;
use crate::control::worker::Source;
use crate::journal::tests::scratch::Scratch;
use crate::journal::tests::test_disk::{Step, TestDisk};
use crate::journal::{Journal, Recovered, Writer};
use crate::model::attempt::Attempt;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::guarantee::Guarantee;
use crate::model::send_result::{SendError, Sent};
use crate::model::sink::Sink;
use crate::report::stats::Stats;
use crate::settings::Config;
use crate::settings::matcher::Matcher;
use crate::settings::metric_settings::MetricSettings;
use crate::view::{SeriesPolicy, View};
use metrics::counter;
use metrics_recording::Recorder;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

/// Takes everything, or nothing; remembers what was on disk when it was called.
#[derive(Clone, Default)]
struct Seeing(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    fails: bool,
    /// The first datum of those that come with others.
    refuses: bool,
    /// It never answers.
    hangs: bool,
    dir: PathBuf,
    /// Files there, and the counters' values that were sent.
    calls: Vec<(usize, Vec<u64>)>,
}

impl Seeing {
    fn at(dir: &Path) -> Self {
        let sink = Self::default();
        sink.0.lock().dir = dir.to_owned();
        sink
    }

    fn fails(&self, fails: bool) {
        self.0.lock().fails = fails;
    }

    fn refuses(&self, refuses: bool) {
        self.0.lock().refuses = refuses;
    }

    fn hangs(&self) {
        self.0.lock().hangs = true;
    }

    fn calls(&self) -> usize {
        self.0.lock().calls.len()
    }

    /// Files that were there at each call.
    fn files(&self) -> Vec<usize> {
        self.0.lock().calls.iter().map(|call| call.0).collect()
    }

    /// What arrived.
    fn values(&self) -> Vec<u64> {
        let seen = self.0.lock();
        let values = seen.calls.iter().flat_map(|call| call.1.iter().copied());
        values.collect()
    }
}

impl Seeing {
    fn answer(&self, batch: &Batch) -> Option<Result<Sent, SendError>> {
        let mut seen = self.0.lock();
        // The test may be over, and the folder gone.
        let files = std::fs::read_dir(&seen.dir).into_iter().flatten();
        let files = files.filter(|file| file.as_ref().is_ok_and(|file| file.file_name() != "lock"));
        let answer = if seen.hangs {
            None
        } else if seen.refuses && batch.data().len() > 1 {
            Some(Err(SendError::Invalid {
                code: "InvalidParameterValue".into(),
                message: "the first".into(),
                members: vec![0],
            }))
        } else if seen.fails {
            Some(Err(SendError::Transient("no route".into())))
        } else {
            Some(Ok(Sent::default()))
        };
        let is_taken = matches!(answer, Some(Ok(_)));
        let arrived = batch.data().iter().filter(|_| is_taken);
        let call = (files.count(), arrived.map(|datum| datum.samples).collect());
        seen.calls.push(call);
        answer
    }
}

impl Sink for Seeing {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        match self.answer(batch) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

/// What a call is answered, by its number from 0 on and how many data it has; nothing, if never.
type Answer = dyn Fn(usize, usize) -> Option<Result<Sent, SendError>> + Send + Sync;

/// Answers as it is told; remembers what it took.
#[derive(Clone)]
struct Answering(Arc<Answers>);

struct Answers {
    answer: Box<Answer>,
    calls: AtomicUsize,
    /// The data that were taken: name, dimensions and time stamp.
    taken: Mutex<Vec<String>>,
}

impl Answering {
    fn by(
        answer: impl Fn(usize) -> Option<Result<Sent, SendError>> + Send + Sync + 'static,
    ) -> Self {
        Self::by_len(move |call, _| answer(call))
    }

    fn by_len(
        answer: impl Fn(usize, usize) -> Option<Result<Sent, SendError>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Answers {
            answer: Box::new(answer),
            calls: AtomicUsize::new(0),
            taken: Mutex::default(),
        }))
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    fn taken(&self) -> Vec<String> {
        self.0.taken.lock().clone()
    }
}

impl Sink for Answering {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let Some(answer) = (self.0.answer)(call, batch.data().len()) else {
            return std::future::pending().await;
        };
        if answer.is_ok() {
            let names = batch.data().iter().map(|datum| {
                let labels: Vec<_> = datum.dimensions().collect();
                format!("{} {labels:?} {:?}", datum.name(), datum.timestamp())
            });
            self.0.taken.lock().extend(names);
        }
        answer
    }
}

struct Rig {
    recorder: CloudWatchRecorder,
    cloudwatch: CloudWatchHandle,
    clock: ManualClock,
}

fn config() -> Config {
    let mut config = Config::new("Test");
    config.send_jitter = Duration::ZERO;
    config
}

impl Rig {
    fn new(sink: &Seeing, disk: &TestDisk, guarantee: Guarantee) -> Self {
        let mut config = config();
        config.set_metric(
            Matcher::any(),
            MetricSettings::new().with_guarantee(guarantee),
        );
        Self::with(config, sink, disk, 1 << 30)
    }

    fn with(config: Config, sink: &Seeing, disk: &TestDisk, max_bytes: u64) -> Self {
        let dir = sink.0.lock().dir.clone();
        Self::on(config, sink.clone(), &dir, disk, max_bytes)
    }

    fn on(config: Config, sink: impl Sink, dir: &Path, disk: &TestDisk, max_bytes: u64) -> Self {
        let (rig, exporter) = Self::not_spawned(config, sink, dir, disk, max_bytes);
        tokio::spawn(exporter.run());
        rig
    }

    fn not_spawned(
        config: Config,
        sink: impl Sink,
        dir: &Path,
        disk: &TestDisk,
        max_bytes: u64,
    ) -> (Self, CloudWatchExporter) {
        let (journal, recovered) = Journal::open_on(disk.clone(), dir, max_bytes).unwrap();
        Self::by_writer(config, sink, Writer::start(journal).unwrap(), recovered)
    }

    /// The disk is given so many bytes at a time.
    fn writing(config: Config, sink: impl Sink, dir: &Path, disk: &TestDisk, bytes: usize) -> Self {
        let (journal, recovered) = Journal::open_on(disk.clone(), dir, 1 << 30).unwrap();
        let writer = Writer::start(journal).unwrap().with_max_writing(bytes);
        let (rig, exporter) = Self::by_writer(config, sink, writer, recovered);
        tokio::spawn(exporter.run());
        rig
    }

    fn by_writer(
        config: Config,
        sink: impl Sink,
        writer: Writer,
        recovered: Recovered,
    ) -> (Self, CloudWatchExporter) {
        let clock = ManualClock::new(SystemTime::now());
        let policy = Arc::new(SeriesPolicy::new(&config, slice::from_ref(&config)));
        let start = clock.now();
        let (recorder, snapshotter) = Recorder::new(Arc::clone(&policy), start);
        let view = View::new(Arc::clone(&policy), 0, &config, &sink.profile(), start);
        let (alive, recorders) = mpsc::channel(1);
        let recorder = CloudWatchRecorder::new(recorder, alive);
        let destination = Parts {
            config: config.clone(),
            view,
            sink: Arc::new(sink),
            journal: Some((writer, recovered)),
            is_journal_held: false,
        };
        let source = Source {
            snapshotter,
            policy,
        };
        let exporter = CloudWatchExporter::new(
            config,
            source,
            Arc::new(clock.clone()),
            vec![destination],
            Vec::new(),
            recorders,
        );
        let cloudwatch = exporter.handle();
        let rig = Self {
            recorder,
            cloudwatch,
            clock,
        };
        (rig, exporter)
    }

    /// A window with one counter of this value, closed.
    async fn window(&self, value: u64) {
        metrics::with_local_recorder(&self.recorder, || counter!("n").increment(value));
        self.close_window(value).await;
    }

    /// One with so many counters of one each, about 100 bytes in memory for each.
    async fn large_window(&self, series: usize) {
        metrics::with_local_recorder(&self.recorder, || {
            for number in 0..series {
                counter!("n", "number" => number.to_string()).increment(1);
            }
        });
        self.close_window(series as u64).await;
    }

    /// Returns when the exporter has drained these samples, wherever they are then.
    async fn close_window(&self, samples: u64) {
        let drained = || account(&self.stats()) - self.stats().restored.samples;
        let all = drained() + samples;
        self.clock.advance(Duration::from_mins(1));
        until(|| drained() == all).await;
    }

    fn stats(&self) -> Stats {
        self.cloudwatch.stats()
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// As [`until`], where time is paused and has to go on.
async fn as_time_goes_by(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// All of it is somewhere.
fn account(stats: &Stats) -> u64 {
    let all = [
        stats.delivered,
        stats.handed_over,
        stats.refused,
        stats.ambiguous,
        stats.dropped,
        stats.pending,
    ];
    let all = all.iter().map(|amount| amount.samples).sum();
    assert_eq!(stats.entered.samples, all, "{stats:?}");
    all
}
