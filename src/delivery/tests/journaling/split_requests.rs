//! What is left of a request that was split stays on disk, at least as a part of its older record, whatever the disk does
//! with the new one.

use super::*;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Disk {
    Behind,
    Hangs,
    Fails,
    Cancels,
    Writes,
}

/// Refuses the first of several, as long as it is told; and then takes nothing.
fn choosy(refusals: usize) -> Answering {
    Answering::by(move |call| {
        Some(Err(if (1..=refusals).contains(&call) {
            SendError::Invalid {
                code: "InvalidParameterValue".into(),
                message: "the first".into(),
                members: vec![0],
            }
        } else {
            SendError::Transient("no route".into())
        }))
    })
}

async fn four(rig: &Rig) {
    metrics::with_local_recorder(&rig.recorder, || {
        for series in 0..4 {
            counter!("n", "series" => series.to_string()).increment(1);
        }
    });
    rig.close_window(4).await;
}

fn has_first(scratch: &Scratch) -> bool {
    let names = scratch.names();
    let mut names = names.iter();
    names.any(|name| name == "0000000000000001.record" || name == "0000000000000001.begun")
}

#[tokio::test(start_paused = true)]
async fn the_older_record_stays_until_the_new_one_is_durable() {
    for how in [
        Disk::Behind,
        Disk::Hangs,
        Disk::Fails,
        Disk::Cancels,
        Disk::Writes,
    ] {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let sink = choosy(if how == Disk::Cancels { 2 } else { 1 });
        let bound = if how == Disk::Behind { 1 } else { 1 << 20 };
        let rig = Rig::writing(config(), sink.clone(), &scratch.dir(), &disk, bound);
        four(&rig).await;
        until(|| sink.calls() == 1 && scratch.names() == ["0000000000000001.record"]).await;
        match how {
            Disk::Behind | Disk::Hangs | Disk::Cancels => {
                disk.hang(&[Step::Create]);
                rig.window(1).await;
                until(|| disk.asked(Step::Create) == 2).await;
            }
            Disk::Fails => disk.fail(&[Step::Create]),
            Disk::Writes => {}
        }
        let refused = if how == Disk::Cancels { 2 } else { 1 };
        for _ in 0..1_000 {
            assert!(has_first(&scratch), "{how:?}");
            if rig.stats().refused.samples == refused && sink.calls() > 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(rig.stats().refused.samples, refused, "{how:?}");
        // The process dies.
        disk.fail_after(0, crate::journal::tests::test_disk::Failure::DeathBefore);
        disk.fail(&[]);
        drop(rig);
        as_time_goes_by(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
        assert!(has_first(&scratch), "{how:?}");
        let (next, disk) = (
            Answering::by(|_| Some(Ok(Sent::default()))),
            TestDisk::default(),
        );
        let rig = Rig::on(config(), next.clone(), &scratch.dir(), &disk, 1 << 30);
        as_time_goes_by(|| scratch.names().is_empty()).await;
        drop(rig);
        let taken = next.taken();
        let taken: BTreeSet<&String> = taken.iter().filter(|one| one.contains("series")).collect();
        assert!(taken.len() as u64 >= 4 - refused, "{how:?}: {taken:?}");
    }
}

/// The disk was writing the whole when a part was settled, and could not: nothing of it is on disk.
#[tokio::test(start_paused = true)]
async fn an_older_record_that_never_came_to_be_is_not_counted_on() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|call| {
        Some(Err(if call == 0 {
            SendError::Invalid {
                code: "InvalidParameterValue".into(),
                message: "the first".into(),
                members: vec![0],
            }
        } else {
            SendError::Throttled {
                source: "too fast".into(),
                retry_after: Some(Duration::from_mins(5)),
            }
        }))
    });
    disk.hang(&[Step::Create]);
    let rig = Rig::writing(config(), sink.clone(), &scratch.dir(), &disk, 1);
    four(&rig).await;
    until(|| disk.asked(Step::Create) == 1).await;
    as_time_goes_by(|| sink.calls() == 2).await;
    disk.fail(&[Step::Create]);
    until(|| rig.stats().journal_writing_bytes == 0).await;
    let report = rig
        .cloudwatch
        .shutdown()
        .within(Duration::from_secs(1))
        .await;
    let report = report.unwrap();
    assert_eq!(
        (
            report.journaled.data,
            report.pending.data,
            report.dropped.data
        ),
        (0, 0, 3),
        "{report}"
    );
}
