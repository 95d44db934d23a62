//! Two processes at a time that send totals, each with an instance id and a journal of its own, killed at random moments
//! and started again: what a reader sees increase in each window is what was recorded in it, but for the windows under
//! way as they were killed; never more.

use crate::fixtures::alone::this_program;
use crate::fixtures::long::short_or_long;
use crate::fixtures::polls::until;
use crate::fixtures::reader::{Point, Reader, number};
use crate::fixtures::scratch::Scratch;
use crate::fixtures::started::minute;
use metrics::{counter, histogram};
use metrics_exporter_cloudwatch::{
    Attempt, Batch, CloudWatchBuilder, Datum, DatumValue, ManualClock, Profile, SendError, Sent,
    Sink, Stats,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const DIR: &str = "TOTALS_DIR";
const BACKLOG: usize = 40;
const INSTANCES: [&str; 2] = ["a", "b"];
const SERIES: [&str; 4] = ["n0", "n1", "n2", "t"];

fn window(number: u64) -> SystemTime {
    minute() + Duration::from_mins(number)
}

/// What is recorded to each series in a window.
fn growth(window: u64) -> u64 {
    window % 17 + 1
}

/// Says what arrives; by its seed some attempts fail, and of some the answer is lost, though they arrived.
struct Saying {
    seed: u64,
    attempts: AtomicU64,
}

impl Sink for Saying {
    fn profile(&self) -> Profile {
        Profile::default().with_totals().with_max_data(3)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        attempt.leaves();
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        let fault = fastrand::Rng::with_seed(self.seed + attempt).u8(0..30);
        if fault == 0 {
            return Err(SendError::Transient("no route".into()));
        }
        for datum in batch.data() {
            let DatumValue::Total(total) = datum.value() else {
                panic!("{datum:?}");
            };
            let since = |time: SystemTime| time.duration_since(minute()).unwrap().as_millis();
            let (start, time) = (since(total.start()), since(datum.timestamp()));
            let value = number(total.value());
            let (name, mut dimensions) = (datum.name(), datum.dimensions());
            let instance = dimensions.next().unwrap().1;
            if total.begins() {
                println!("point {name} {instance} {start} {start} 0");
            }
            println!("point {name} {instance} {start} {time} {value}");
        }
        println!("attempt");
        // Others may be written meanwhile, and the process killed.
        for _ in 0..u32::from(fault % 4) * 100 {
            tokio::task::yield_now().await;
        }
        match fault {
            1 => Err(SendError::Ambiguous("no answer".into())),
            _ => Ok(Sent::default()),
        }
    }
}

fn builder(dir: &Path, instance: &str, seed: u64, clock: &ManualClock) -> CloudWatchBuilder {
    let attempts = AtomicU64::new(0);
    CloudWatchBuilder::new("Killed")
        .with_dimension("instance", instance.to_owned())
        .with_sink("totals", Saying { seed, attempts })
        .with_clock(clock.clone())
        .with_send_jitter(Duration::ZERO)
        .with_journal(dir, 1 << 30)
}

fn argument(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Records a window after the other, until this process is killed; or only sends what is left.
fn child(dir: &str) {
    std::thread::spawn(|| {
        // Until the parent is gone, should it not have killed us.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let number = |name| -> u64 { argument(name).parse().unwrap() };
    let (first, end) = (number("TOTALS_NEXT"), number("TOTALS_END"));
    let seed = number("TOTALS_SEED");
    let instance = argument("TOTALS_INSTANCE");
    // On one thread with the exporter: what its accounts say then belongs together.
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = ManualClock::new(window(first));
        let builder = builder(Path::new(dir), &instance, seed, &clock);
        let (recorder, exporter) = builder.build().unwrap();
        let cloudwatch = exporter.handle();
        tokio::spawn(exporter.run());
        let mut samples = 0;
        for next in first..end {
            // What is left takes its time to be sent.
            until(|| records(Path::new(dir)) < BACKLOG).await;
            println!("window {next}");
            metrics::with_local_recorder(&recorder, || {
                for name in ["n0", "n1", "n2"] {
                    counter!(name).increment(growth(next));
                }
                (0..growth(next)).for_each(|sample| histogram!("t").record(sample as f64));
            });
            samples += growth(next) * SERIES.len() as u64;
            clock.advance(Duration::from_mins(1));
            until(|| is_safe(&cloudwatch.stats(), samples)).await;
            println!("closed {next}");
        }
        until(|| records(Path::new(dir)) == 0).await;
        println!("over");
    });
}

/// Whether so many samples are out of the aggregates, and none of them is in memory alone.
fn is_safe(stats: &Stats, recorded: u64) -> bool {
    let known = stats.delivered.samples + stats.pending.samples;
    known - stats.restored.samples == recorded && stats.journal_writing_bytes == 0
}

/// What the processes of one instance have said.
#[derive(Default)]
struct Said {
    next: u64,
    windows: BTreeSet<u64>,
    closed: BTreeSet<u64>,
    is_over: bool,
}

/// How many files a journal has there beside its lock.
fn records(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().file_name() != "lock")
        .count()
}

fn spawn(test: &str, dir: &Path, instance: &str, windows: Range<u64>, seed: u64) -> Child {
    this_program(test)
        .env(DIR, dir)
        .env("TOTALS_NEXT", windows.start.to_string())
        .env("TOTALS_END", windows.end.to_string())
        .env("TOTALS_SEED", seed.to_string())
        .env("TOTALS_INSTANCE", instance)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn hear(line: &str, said: &mut Said, reader: &mut Reader) -> bool {
    // The test harness begins a line of its own.
    let number = |word| -> Option<u64> { line.rsplit_once(word)?.1.parse().ok() };
    if let Some((_, point)) = line.split_once("point ") {
        let words: Vec<&str> = point.split(' ').collect();
        let [name, instance, start, time, total] = words[..] else {
            // It was killed in the middle of it.
            return false;
        };
        let at = |text: &str| minute() + Duration::from_millis(text.parse().unwrap());
        let point = Point {
            start: at(start),
            time: at(time),
            total: total.parse().unwrap(),
        };
        reader.arrive(&format!("{name} {instance}"), point);
    } else if let Some(window) = number("window ") {
        said.windows.insert(window);
        said.next = window + 1;
    } else if let Some(window) = number("closed ") {
        said.closed.insert(window);
    } else if line.ends_with("over") {
        said.is_over = true;
    }
    line.contains("attempt")
}

fn killed(test: &str) {
    let folders = INSTANCES.map(|_| Scratch::new());
    let mut said = INSTANCES.map(|_| Said::default());
    let mut reader = Reader::default();
    let mut random = fastrand::Rng::with_seed(11);
    let kills = short_or_long(8, 60);
    for kill in 0..kills {
        // Both at a time, each on its disk.
        let children = [0, 1].map(|of| {
            let dir = folders[of].path();
            spawn(
                test,
                dir,
                INSTANCES[of],
                said[of].next..u64::MAX,
                kill * 1_000,
            )
        });
        for (of, mut child) in children.into_iter().enumerate() {
            let said = &mut said[of];
            let (mut closed, mut attempts) = (random.u32(1..8), random.u32(0..8));
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            while closed > 0 || attempts > 0 {
                let line = lines.next().expect("it does not end by itself").unwrap();
                closed = closed.saturating_sub(u32::from(line.contains("closed ")));
                let is_attempt = hear(&line, said, &mut reader);
                attempts = attempts.saturating_sub(u32::from(is_attempt));
            }
            child.kill().unwrap();
            // What it had said before.
            for line in lines.map_while(Result::ok) {
                hear(&line, said, &mut reader);
            }
            assert!(!child.wait().unwrap().success());
        }
    }
    // The last ones find what is left.
    for of in [0, 1] {
        let (dir, next) = (folders[of].path(), said[of].next);
        let mut child = spawn(test, dir, INSTANCES[of], next..next, 7);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            hear(&line, &mut said[of], &mut reader);
        }
        child.wait().unwrap();
        assert!(said[of].is_over);
    }
    check(&reader, &said, kills);
}

fn check(reader: &Reader, said: &[Said; 2], kills: u64) {
    for (instance, said) in INSTANCES.iter().zip(said) {
        // It was worth it.
        assert!(
            said.closed.len() as u64 > kills * 3,
            "{}",
            said.closed.len()
        );
        for series in SERIES {
            let name = format!("{series} {instance}");
            let seen = reader.increases(&name);
            let of = |window_number: &u64| (window(window_number + 1), growth(*window_number));
            let least: BTreeMap<_, _> = said.closed.iter().map(of).collect();
            let most: BTreeMap<_, _> = said.windows.iter().map(of).collect();
            for (window, increase) in &least {
                assert_eq!(seen.get(window), Some(increase), "{name}");
            }
            for (window, increase) in &seen {
                assert_eq!(most.get(window), Some(increase), "{name}");
            }
            let points = reader.points(&name);
            let zeros = points.iter().filter(|point| point.total == 0);
            assert!(zeros.count() as u64 >= kills, "each process begins anew");
        }
    }
}

#[test]
fn the_sum_of_increases_is_what_was_recorded() {
    match std::env::var(DIR) {
        Ok(dir) => child(&dir),
        Err(_) => killed("totals_killed::the_sum_of_increases_is_what_was_recorded"),
    }
}
