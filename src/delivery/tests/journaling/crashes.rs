//! Crashes at any step of the disk, while the disk fails and hangs and the destination answers this and that: at most
//! once is at most once. And without a crash everything ends somewhere, and the folder is empty then.

use super::*;
use crate::journal::tests::test_disk::Failure;
use std::collections::BTreeSet;

/// Answers by chance; remembers what has perhaps arrived before the process died.
#[derive(Clone)]
pub(super) struct ByChance(Arc<Chance>);

struct Chance {
    random: Mutex<fastrand::Rng>,
    disk: TestDisk,
    is_well: std::sync::atomic::AtomicBool,
    arrived: Mutex<Vec<String>>,
}

impl ByChance {
    pub(super) fn new(seed: u64, disk: &TestDisk) -> Self {
        Self(Arc::new(Chance {
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            disk: disk.clone(),
            is_well: false.into(),
            arrived: Mutex::default(),
        }))
    }

    pub(super) fn is_well(&self) {
        self.0.is_well.store(true, Ordering::Relaxed);
    }

    pub(super) fn arrived(&self) -> Vec<String> {
        self.0.arrived.lock().clone()
    }
}

impl Sink for ByChance {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        let is_well = self.0.is_well.load(Ordering::Relaxed);
        let chance = if is_well {
            0
        } else {
            self.0.random.lock().u32(..12)
        };
        let names = batch
            .data()
            .iter()
            .map(|one| format!("{:?} {:?}", one.dimensions().next(), one.timestamp()));
        let arrives = |names: Vec<String>| {
            // A process that is dead sends nothing.
            if !self.0.disk.is_dead() {
                self.0.arrived.lock().extend(names);
            }
        };
        let is_bad = |one: &Datum| one.dimensions().any(|(_, value)| value == "3");
        let bad = batch.data().iter().enumerate();
        let bad: Vec<usize> = bad
            .filter(|(_, one)| is_bad(one))
            .map(|(place, _)| place)
            .collect();
        match chance {
            0..4 if !is_well && !bad.is_empty() => Err(SendError::Invalid {
                code: "Bad".into(),
                message: String::new(),
                members: if self.0.random.lock().bool() {
                    bad
                } else {
                    Vec::new()
                },
            }),
            0..4 => {
                arrives(names.collect());
                Ok(Sent::default())
            }
            4..6 => Err(SendError::Transient("no route".into())),
            6..8 => {
                arrives(names.collect());
                Err(SendError::Ambiguous("no answer".into()))
            }
            8 => Err(SendError::Throttled {
                source: "too fast".into(),
                retry_after: Some(Duration::from_secs(1)),
            }),
            9 => {
                arrives(names.collect());
                std::future::pending().await
            }
            _ if batch.data().len() == 1 => Err(SendError::Transient("no route".into())),
            _ => Err(SendError::TooLarge("too large".into())),
        }
    }
}

pub(super) async fn window(rig: &Rig, number: u64) {
    metrics::with_local_recorder(&rig.recorder, || {
        for series in 0..4 {
            counter!("n", "series" => series.to_string()).increment(1);
        }
    });
    rig.clock.advance(Duration::from_mins(1));
    until(|| rig.stats().entered.data == 4 * number).await;
}

const STEPS: [Step; 4] = [Step::Read, Step::Create, Step::Mark, Step::Remove];

fn chaos(disk: &TestDisk, may_fail: &[Step], random: &mut fastrand::Rng) {
    let some = STEPS.into_iter().filter(|_| random.u32(..3) == 0);
    let some: Vec<Step> = some.collect();
    match random.u32(..3) {
        0 => {
            let may_fail = |step: &Step| may_fail.contains(step);
            disk.fail(&some.into_iter().filter(may_fail).collect::<Vec<_>>());
        }
        1 => disk.hang(&some),
        _ => disk.fail(&[]),
    }
}

pub(super) fn let_others_run(times: u32) {
    (0..times).for_each(|_| std::thread::yield_now());
}

pub(super) async fn some_time(random: &mut fastrand::Rng) {
    match random.u32(..3) {
        0 => tokio::time::sleep(Duration::from_millis(random.u64(..12_000))).await,
        // The disk has some time, too, that does not follow the clock.
        1 => let_others_run(random.u32(..500)),
        _ => {}
    }
    for _ in 0..random.u32(..20) {
        tokio::task::yield_now().await;
    }
}

pub(super) fn config_of(guarantee: Guarantee) -> Config {
    let mut config = config();
    config.set_metric(
        Matcher::any(),
        MetricSettings::new().with_guarantee(guarantee),
    );
    config
}

/// Seeds: a few, or with `LONG_TESTS=1` many.
pub(super) fn runs() -> u64 {
    let is_long = std::env::var("LONG_TESTS").is_ok_and(|value| value == "1");
    if is_long { 2_000 } else { 100 }
}

#[tokio::test(start_paused = true)]
async fn at_most_once_over_a_crash_at_any_step() {
    for seed in 0..runs() {
        let mut random = fastrand::Rng::with_seed(seed);
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let sink = ByChance::new(seed, &disk);
        let config = config_of(Guarantee::AtMostOnce);
        let rig = Rig::on(config, sink.clone(), &scratch.dir(), &disk, 1 << 30);
        disk.fail_after(random.u32(5..80), Failure::DeathBefore);
        for number in 1..=12 {
            window(&rig, number).await;
            for _ in 0..3 {
                chaos(&disk, &STEPS, &mut random);
                some_time(&mut random).await;
                if random.bool() {
                    let _ = rig.cloudwatch.flush().within(Duration::ZERO).await;
                }
            }
        }
        if random.bool() {
            let _ = rig
                .cloudwatch
                .shutdown()
                .within(Duration::from_secs(1))
                .await;
        }
        disk.fail_after(0, Failure::DeathBefore);
        disk.fail(&[]);
        drop(rig);
        // Whatever does not touch the disk any more is dead as well.
        let before = sink.arrived();
        as_time_goes_by(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;

        let disk = TestDisk::default();
        let next = ByChance::new(seed, &disk);
        next.is_well();
        let config = config_of(Guarantee::AtMostOnce);
        let rig = Rig::on(config, next.clone(), &scratch.dir(), &disk, 1 << 30);
        as_time_goes_by(|| scratch.names().is_empty()).await;
        drop(rig);
        let all = [before, next.arrived()].concat();
        let different: BTreeSet<&String> = all.iter().collect();
        assert_eq!(all.len(), different.len(), "sent twice, with seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_ends_somewhere() {
    for seed in 0..runs() {
        let mut random = fastrand::Rng::with_seed(seed);
        let guarantee = [Guarantee::AtMostOnce, Guarantee::AtLeastOnce][random.usize(..2)];
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let sink = ByChance::new(seed, &disk);
        let max_bytes = [4 * 4096, 1 << 30][random.usize(..2)];
        let mut config = config_of(guarantee);
        config.queue_bytes = [1_000, 1_000_000][random.usize(..2)];
        let rig = Rig::on(config, sink.clone(), &scratch.dir(), &disk, max_bytes);
        for number in 1..=12 {
            window(&rig, number).await;
            for _ in 0..3 {
                chaos(&disk, &STEPS, &mut random);
                some_time(&mut random).await;
                if random.bool() {
                    let _ = rig.cloudwatch.flush().within(Duration::ZERO).await;
                }
            }
        }
        sink.is_well();
        disk.mend();
        // Time goes on in small steps, as the disk's does not follow it.
        for _ in 0..3_000 {
            if rig.stats().pending.is_zero() {
                break;
            }
            let_others_run(100);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let stats = rig.stats();
        assert!(
            stats.pending.is_zero(),
            "with seed {seed} it is stuck: {stats:?}"
        );
        let refused = stats.refused.data;
        let gone = stats.dropped.data + stats.ambiguous.data + refused;
        assert_eq!(
            stats.delivered.data + gone,
            48,
            "with seed {seed}: {stats:?}"
        );
        let arrived = sink.arrived();
        let different: BTreeSet<&String> = arrived.iter().collect();
        if guarantee == Guarantee::AtMostOnce {
            assert_eq!(arrived.len(), different.len(), "with seed {seed}");
        } else {
            assert!(different.len() as u64 + gone >= 48, "with seed {seed}");
        }
        // A removal that failed is tried again, at the end at the latest. There may be one for each window.
        drop(rig);
        let left = || scratch.names();
        for _ in 0..100_000 {
            if left().is_empty() {
                break;
            }
            tokio::task::yield_now().await;
            let_others_run(100);
        }
        assert_eq!(left(), [""; 0], "with seed {seed}, of what is settled");
    }
}

/// Whatever was on disk before the crash, and is of healthy series, arrives: of this process or the next.
#[tokio::test(start_paused = true)]
async fn at_least_once_over_a_crash_at_any_step() {
    for seed in 0..runs() {
        let mut random = fastrand::Rng::with_seed(seed);
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let sink = ByChance::new(seed, &disk);
        let config = config_of(Guarantee::AtLeastOnce);
        // Of few bytes the rest of a split request waits for the disk.
        let bytes = [1, 1 << 20][random.usize(..2)];
        let rig = Rig::writing(config, sink.clone(), &scratch.dir(), &disk, bytes);
        disk.fail_after(random.u32(5..80), Failure::DeathBefore);
        let mut durable = Vec::new();
        for number in 1..=12 {
            window(&rig, number).await;
            for _ in 0..100_000 {
                if rig.stats().journal_writing_bytes == 0 || disk.is_dead() {
                    break;
                }
                tokio::task::yield_now().await;
                let_others_run(10);
            }
            let names = scratch.names();
            let record = format!("{number:016x}.");
            let is_there = names.iter().any(|name| {
                *name == format!("{record}record") || *name == format!("{record}begun")
            });
            if is_there && !disk.is_dead() {
                let seconds = rig
                    .clock
                    .now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_secs();
                let start = Duration::from_secs(seconds / 60 * 60 - 60);
                durable.push(format!("{:?}", SystemTime::UNIX_EPOCH + start));
            }
            chaos(&disk, &STEPS, &mut random);
            some_time(&mut random).await;
            disk.fail(&[]);
        }
        disk.fail_after(0, Failure::DeathBefore);
        drop(rig);
        let before = sink.arrived();
        as_time_goes_by(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;

        let disk = TestDisk::default();
        let next = ByChance::new(seed, &disk);
        next.is_well();
        let config = config_of(Guarantee::AtLeastOnce);
        let rig = Rig::on(config, next.clone(), &scratch.dir(), &disk, 1 << 30);
        as_time_goes_by(|| scratch.names().is_empty()).await;
        drop(rig);
        let all: BTreeSet<String> = [before, next.arrived()].concat().into_iter().collect();
        for at in durable {
            for series in 0..3 {
                let is_it =
                    |name: &&String| name.contains(&format!("\"{series}\"")) && name.ends_with(&at);
                assert!(
                    all.iter().any(|name| is_it(&name)),
                    "with seed {seed}, series {series} of {at} is lost"
                );
            }
        }
    }
}
