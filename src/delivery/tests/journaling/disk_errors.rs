//! Each error of a disk at each of its operations in turn, while the disk also fills, empties and hangs: over both
//! processes all is somewhere, for each series and window; nothing that is sent at most once arrives twice, and what is
//! missing was said.

use super::crashes::{ByChance, config_of, let_others_run, runs, some_time, window};
use super::*;
use crate::journal::tests::answering::{self, Asked};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::sync::Condvar;

const ERRORS: [Errno; 5] = [
    Errno::NOSPC,
    Errno::IO,
    Errno::ROFS,
    Errno::STALE,
    Errno::INVAL,
];
const WINDOWS: u64 = 6;

/// What a disk does.
#[derive(Clone, Default)]
struct Script(Arc<(std::sync::Mutex<Told>, Condvar)>);

#[derive(Default)]
struct Told {
    /// Operations before the one that fails.
    fuse: Option<(u32, i32)>,
    is_full: bool,
    hangs: bool,
}

impl Script {
    fn tell(&self, tell: impl FnOnce(&mut Told)) {
        tell(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    fn answer(&self, asked: Asked<'_>) -> std::io::Result<()> {
        let (told, changed) = &*self.0;
        let told = told.lock().unwrap();
        let mut told = changed.wait_while(told, |told| told.hangs).unwrap();
        let writes = matches!(asked, Asked::Create(_) | Asked::Write | Asked::Sync);
        if told.is_full && writes {
            return Err(Errno::NOSPC.into());
        }
        match &mut told.fuse {
            Some((0, error)) => {
                let error = std::io::Error::from_raw_os_error(*error);
                told.fuse = None;
                Err(error)
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn disk(&self) -> answering::Answering {
        let this = self.clone();
        answering::Answering::by(move |asked| this.answer(asked))
    }
}

async fn is_over(condition: impl Fn() -> bool) -> bool {
    for _ in 0..3_000 {
        if condition() {
            return true;
        }
        let_others_run(20);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    false
}

/// Of what was told as settled without being delivered.
fn said(stats: &Stats) -> u64 {
    stats.refused.data + stats.dropped.data + stats.ambiguous.data
}

async fn two_processes(error: Errno, operation: u32, guarantee: Guarantee) {
    let what = format!("{error} at operation {operation}, {guarantee:?}");
    let seed = u64::from(operation);
    let mut random = fastrand::Rng::with_seed(seed);
    let scratch = Scratch::new();
    let (script, alive) = (Script::default(), TestDisk::default());
    let sink = ByChance::new(seed, &alive);
    let opened = Journal::open_on(script.disk(), &scratch.dir(), 1 << 30);
    let (journal, recovered) = opened.unwrap();
    script.tell(|told| told.fuse = Some((operation, error.raw_os_error())));
    let writer = Writer::start(journal).unwrap();
    let (rig, exporter) = Rig::by_writer(config_of(guarantee), sink.clone(), writer, recovered);
    tokio::spawn(exporter.run());
    for number in 1..=WINDOWS {
        script.tell(|told| told.is_full = random.u32(..4) == 0);
        window(&rig, number).await;
        some_time(&mut random).await;
        if random.u32(..4) == 0 {
            script.tell(|told| told.hangs = true);
            tokio::time::sleep(Duration::from_secs(10)).await;
            script.tell(|told| told.hangs = false);
            let_others_run(50);
        }
    }
    script.tell(|told| told.is_full = false);
    let shutdown = rig.cloudwatch.shutdown().within(Duration::from_secs(2));
    let report = shutdown.await.unwrap();
    let is_free = || Journal::open(&scratch.dir(), 1 << 30).is_ok();
    assert!(is_over(is_free).await, "{what}");
    let first = rig.stats();
    account(&first);
    assert_eq!(first.entered.data, 4 * WINDOWS, "{what}");
    let of_report = [report.delivered, report.refused, report.ambiguous];
    let of_stats = [first.delivered, first.refused, first.ambiguous];
    assert!(
        of_report
            .iter()
            .zip(of_stats)
            .all(|(one, all)| one.data <= all.data)
    );
    drop(rig);
    let left = scratch.names();
    let before = sink.arrived();

    let disk = TestDisk::default();
    let next = ByChance::new(seed, &disk);
    next.is_well();
    let config = config_of(guarantee);
    let rig = Rig::on(config, next.clone(), &scratch.dir(), &disk, 1 << 30);
    let is_empty = || scratch.names().is_empty() && rig.stats().pending.is_zero();
    assert!(is_over(is_empty).await, "{what}: {:?}", scratch.names());
    let second = rig.stats();
    account(&second);
    // An older record may have more than what is left. What was being written at the end is pending, and not journaled.
    assert!(
        second.restored.data >= first.journaled.data,
        "{what}: {first} / {second}, left {left:?}"
    );
    let all = [before, next.arrived()].concat();
    let different: BTreeSet<&String> = all.iter().collect();
    if guarantee == Guarantee::AtMostOnce {
        assert_eq!(all.len(), different.len(), "{what}: twice");
    }
    let missing = 4 * WINDOWS - different.len() as u64;
    let unknown = first.pending.data - first.journaled.data;
    let known = said(&first) + said(&second) + unknown;
    assert!(missing <= known, "{what}: {missing}, {first} / {second}");
}

#[tokio::test(start_paused = true)]
async fn each_error_at_each_operation() {
    let operations = if runs() > 100 { 150 } else { 40 };
    for error in ERRORS {
        for operation in 0..operations {
            for guarantee in [Guarantee::AtLeastOnce, Guarantee::AtMostOnce] {
                two_processes(error, operation, guarantee).await;
            }
        }
    }
}
