//! A million label values or a million names at full speed: the memory they take, and how fast other series stay.
//!
//! `cargo bench -p metrics-recording --bench floods` runs five floods of 300 seconds. Pass a number of seconds, the
//! name of a flood, or both: `-- gauge 20`. Each flood runs in a process of its own, and its memory is what that
//! process grows by. The program fails if a sum is not exact.
//!
//! Three threads work, on two processors or more:
//!
//! - One floods. Each call builds a key, as the facade's macros do, and looks the key up.
//! - One records to a counter and a histogram with static keys. These are the other series.
//! - One takes a snapshot every 100 ms, and adds up what is told.
//!
//! Before and after the flood, the first thread floods a recorder that does nothing. So the other series always share
//! the processors with a thread that builds keys and allocates.
//!
//! The columns:
//!
//! - `tenth`, `half`, `end`: KiB of resident memory more than before, at these times of the flood.
//! - `peak KiB`: of the whole process.
//! - `before`, `during`, `after`: nanoseconds of a look-up and a record to the other series; `ratio` is the second by
//!   the first.
//! - `wanted`: about how many series the metric would have, as a snapshot last told.

#![forbid(unsafe_code)]
#![allow(clippy::cast_precision_loss, reason = "figures to print")]

mod flood;
mod subject;

use flood::{ExporterDefaults, Flood, Told};
use metrics::{Key, NoopRecorder, Recorder as _};
use metrics_recording::Recorder;
use std::fmt::Display;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};
use subject::{METADATA, median};

const SECONDS: u64 = 300;
const SNAPSHOT_EVERY: Duration = Duration::from_millis(100);

const FLOODS: [(&str, Flood); 5] = [
    ("dropped-label", Flood::DroppedLabel),
    ("counter", Flood::Counter),
    ("histogram", Flood::Histogram),
    ("gauge", Flood::Gauge),
    ("names", Flood::Names),
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let given = |wanted: &str| args.iter().any(|arg| arg == wanted);
    let seconds = args.iter().find_map(|arg| arg.parse().ok());
    let seconds = seconds.unwrap_or(SECONDS).max(1);
    let is_any = !FLOODS.iter().any(|(name, _)| given(name));
    let chosen = FLOODS.iter().filter(|(name, _)| is_any || given(name));
    if given("--row") {
        chosen.for_each(|(name, flood)| row(name, *flood, Duration::from_secs(seconds)));
        return ExitCode::SUCCESS;
    }
    head();
    let this = env::current_exe().expect("the path of this program");
    let has_failed = |name: &str| {
        let mut process = Command::new(&this);
        process.args(["--row", name, &seconds.to_string()]);
        !process.status().expect("it starts").success()
    };
    let failed = chosen.filter(|(name, _)| has_failed(name)).count();
    if failed > 0 {
        eprintln!("{failed} failed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn head() {
    println!(
        "{:13} {:>12} {:>9} {:>7} {:>7} {:>7} {:>8} {:>7} {:>7} {:>7} {:>6} {:>8}",
        "flood",
        "records",
        "a second",
        "tenth",
        "half",
        "end",
        "peak KiB",
        "before",
        "during",
        "after",
        "ratio",
        "wanted"
    );
}

/// Floods, and prints a row once all sums are found exact.
fn row(name: &str, flood: Flood, lasting: Duration) {
    let (recorder, mut snapshotter) = Recorder::new(ExporterDefaults, SystemTime::now());
    let mut told = Told::new(flood);
    let phase = Phase(AtomicUsize::new(Phase::BEFORE));
    let quiet = (lasting / 10).clamp(Duration::from_secs(1), Duration::from_secs(10));
    // First, so that they are admitted before the flood.
    let mut others = Others::new();
    others.slice(&recorder);
    let (records, took, memory) = thread::scope(|scope| {
        let floods = scope.spawn(|| {
            flood.run(&NoopRecorder, || phase.is(Phase::BEFORE));
            let start = Instant::now();
            let records = flood.run(&recorder, || phase.is(Phase::DURING));
            let took = start.elapsed();
            flood.run(&NoopRecorder, || phase.is(Phase::AFTER));
            (records, took)
        });
        scope.spawn(|| others.run(&recorder, &phase));
        scope.spawn(|| {
            while !phase.is(Phase::END) {
                told.take(&mut snapshotter);
                thread::sleep(SNAPSHOT_EVERY);
            }
        });
        thread::sleep(quiet);
        let before = resident_kib();
        phase.set(Phase::DURING);
        let memory = [1, 4, 5].map(|tenths| {
            thread::sleep(lasting / 10 * tenths);
            Some(resident_kib()?.saturating_sub(before?))
        });
        phase.set(Phase::AFTER);
        thread::sleep(quiet);
        phase.set(Phase::END);
        let (records, took) = floods.join().expect("it does not panic");
        (records, took, memory)
    });
    told.take(&mut snapshotter);
    told.assert_exact(records, others.pairs, others.sum);
    let speed = records as f64 / took.as_secs_f64();
    let [tenth, half, end] = memory.map(or_unknown);
    let (peak, wanted) = (or_unknown(peak_kib()), or_unknown(told.wanted()));
    let [before, during, after] = others.times.map(median);
    let ratio = during / before;
    println!(
        "{name:13} {records:12} {speed:9.0} {tenth:>7} {half:>7} {end:>7} {peak:>8} {before:7.2} {during:7.2} \
         {after:7.2} {ratio:6.3} {wanted:>8}"
    );
}

struct Phase(AtomicUsize);

impl Phase {
    const BEFORE: usize = 0;
    const DURING: usize = 1;
    const AFTER: usize = 2;
    const END: usize = 3;

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn is(&self, phase: usize) -> bool {
        self.get() == phase
    }

    fn set(&self, phase: usize) {
        self.0.store(phase, Ordering::Relaxed);
    }
}

/// What a thread records to series that the flood does not concern.
struct Others {
    /// Nanoseconds of a look-up and a record, by phase.
    times: [Vec<f64>; 3],
    /// A record to the counter and one to the histogram.
    pairs: u64,
    /// Of the histogram.
    sum: u64,
}

impl Others {
    /// A few dozen microseconds, which a thread most often finishes before it is preempted.
    const SLICE: u32 = 1_000;
    /// Of so many slices only the median is kept, as the times take memory themselves.
    const SLICES: usize = 1_000;
    /// As many medians as five minutes have.
    const MEDIANS: usize = 16_384;

    /// The memory of the medians is resident from the start, so that the flood does not seem to take it.
    fn new() -> Self {
        let resident = || {
            let mut times = black_box(vec![f64::NAN; Self::MEDIANS]);
            times.clear();
            times
        };
        Self {
            times: [resident(), resident(), resident()],
            pairs: 0,
            sum: 0,
        }
    }

    fn run(&mut self, recorder: &Recorder, phase: &Phase) {
        loop {
            let before = phase.get();
            if before == Phase::END {
                return;
            }
            let nanos = median((0..Self::SLICES).map(|_| self.slice(recorder)).collect());
            if phase.is(before) {
                self.times[before].push(nanos);
            }
        }
    }

    fn slice(&mut self, recorder: &Recorder) -> f64 {
        static COUNTER: Key = Key::from_static_name(Told::OTHERS);
        static HISTOGRAM: Key = Key::from_static_name(Told::OTHERS);
        let start = Instant::now();
        for value in 1..=Self::SLICE {
            let counter = recorder.register_counter(&COUNTER, &METADATA);
            counter.increment(1);
            let histogram = recorder.register_histogram(&HISTOGRAM, &METADATA);
            histogram.record(f64::from(value));
        }
        let took = start.elapsed();
        self.pairs += u64::from(Self::SLICE);
        self.sum += u64::from(Self::SLICE * (Self::SLICE + 1) / 2);
        took.as_nanos() as f64 / f64::from(2 * Self::SLICE)
    }
}

/// Exact, unlike `VmRSS` of `status`, to which each processor adds in batches.
fn resident_kib() -> Option<u64> {
    kib("/proc/self/smaps_rollup", "Rss:")
}

fn peak_kib() -> Option<u64> {
    kib("/proc/self/status", "VmHWM:")
}

fn kib(file: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

fn or_unknown(figure: Option<impl Display>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string())
}
