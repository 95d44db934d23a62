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

/// Takes nothing; and so many times, but not at once, it refuses the first of several.
fn choosy(refusals: usize) -> Answering {
    let refused = AtomicUsize::new(0);
    Answering::by_len(move |call, data| {
        let is_refusal = call > 0 && data > 1 && refused.load(Ordering::Relaxed) < refusals;
        Some(Err(if is_refusal {
            refused.fetch_add(1, Ordering::Relaxed);
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
        if how == Disk::Behind {
            // What was asked of the disk before is done. Then the rest is being written.
            disk.let_pass(Step::Create);
            until(|| disk.asked(Step::Create) == 3).await;
        }
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

/// One datum is refused, and the others are to be sent in five minutes.
fn refusing_one() -> Answering {
    Answering::by(|call| {
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
    })
}

/// The disk was writing the whole when a part was settled. Whether the rest has an older record is not known before that
/// is over.
#[tokio::test(start_paused = true)]
async fn an_older_record_that_is_still_to_come_is_not_counted_on() {
    for fails in [true, false] {
        let (scratch, disk) = (Scratch::new(), TestDisk::default());
        let sink = refusing_one();
        disk.hang(&[Step::Create]);
        let rig = Rig::writing(config(), sink.clone(), &scratch.dir(), &disk, 1);
        four(&rig).await;
        until(|| disk.asked(Step::Create) == 1).await;
        as_time_goes_by(|| sink.calls() == 2).await;
        if fails {
            disk.fail(&[Step::Create]);
            until(|| rig.stats().journal_writing_bytes == 0).await;
        }
        let report = rig.cloudwatch.shutdown().within(Duration::ZERO);
        let report = report.await.unwrap();
        let (pending, dropped) = (report.pending.data, report.dropped.data);
        assert_eq!(
            (pending + dropped, report.journaled.data),
            (3, 0),
            "{report}"
        );
        if !fails {
            assert_eq!(dropped, 0, "{report}");
            disk.mend();
        }
        // When the disk has answered.
        let expected = if fails { (0, 3) } else { (3, 0) };
        until(|| (rig.stats().journaled.data, rig.stats().dropped.data) == expected).await;
    }
}

/// It could not be marked, so that it is being taken off the disk, and is not on it for the next process.
#[tokio::test(start_paused = true)]
async fn what_is_being_taken_off_the_disk_is_not_journaled() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Seeing::at(&scratch.dir());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.fail(&[Step::Mark]);
    disk.hang(&[Step::Remove]);
    rig.window(3).await;
    until(|| disk.asked(Step::Remove) == 1).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO);
    let report = report.await.unwrap();
    assert_eq!(
        (report.pending.samples, report.journaled.samples),
        (3, 0),
        "{report}"
    );
    disk.mend();
    until(|| scratch.names().is_empty()).await;
}
