//! Notes that an attempt begins which come late: nothing may be sent by them, or taken back that still holds.

use super::*;
use std::collections::BTreeSet;

fn throttled() -> Result<Sent, SendError> {
    Err(SendError::Throttled {
        source: "too fast".into(),
        retry_after: Some(Duration::from_secs(1)),
    })
}

fn at_most_once() -> Config {
    let mut config = config();
    config.set_metric(
        Matcher::any(),
        MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
    );
    config
}

/// A record of which some was delivered stays marked, even if its rest was held back.
#[tokio::test(start_paused = true)]
async fn what_was_delivered_in_part_stays_marked_though_the_rest_is_held_back() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let told = disk.clone();
    let sink = Answering::by(move |call| match call {
        0 => {
            // What is left is not written any more, so that the older record stays.
            told.fail(&[Step::Create]);
            Some(Err(SendError::TooLarge("too large".into())))
        }
        1 => Some(Ok(Sent::default())),
        _ => Some(throttled()),
    });
    let rig = Rig::on(at_most_once(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.large_window(1_000).await;
    until(|| sink.calls() == 3 && disk.asked(Step::Create) == 3).await;
    until(|| rig.stats().journal_writing_bytes == 0).await;
    assert_eq!(scratch.names(), ["0000000000000001.begun"]);
    assert_eq!(sink.taken().len(), 500);
    // The disk hangs, so that the next note is late, and the attempt is held back.
    disk.hang(&[Step::Create]);
    rig.window(1).await;
    until(|| disk.asked(Step::Create) == 4).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(sink.calls(), 3);
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!(report.unwrap().pending.data, 501);
    drop(rig);
    disk.mend();
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;

    let next = Answering::by(|_| Some(Ok(Sent::default())));
    let rig = Rig::on(at_most_once(), next.clone(), &scratch.dir(), &disk, 1 << 30);
    as_time_goes_by(|| scratch.names().is_empty()).await;
    let all = [sink.taken(), next.taken()].concat();
    let different: BTreeSet<&String> = all.iter().collect();
    assert_eq!(all.len(), different.len(), "sent twice at most once");
    drop(rig);
}

/// A mark that was given up while it waited for the disk is not made any more, and stands for no other attempt.
#[tokio::test(start_paused = true)]
async fn an_attempt_waits_for_its_own_mark() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|call| (call == 0).then(throttled));
    let rig = Rig::on(at_most_once(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.window(3).await;
    until(|| sink.calls() == 1 && scratch.names() == ["0000000000000001.record"]).await;
    disk.hang(&[Step::Create, Step::Mark]);
    rig.window(4).await;
    until(|| disk.asked(Step::Create) == 2).await;
    // The next mark comes behind this write, is late, and is cancelled: its attempt is held back.
    tokio::time::sleep(Duration::from_secs(8)).await;
    disk.hang(&[Step::Mark]);
    until(|| rig.stats().journal_writing_bytes == 0).await;
    let cloudwatch = rig.cloudwatch.clone();
    let flush = tokio::spawn(async move { cloudwatch.flush().await });
    // Of either batch: the one mark that is made now is the one that is waited for.
    until(|| disk.asked(Step::Mark) == 2).await;
    let is_begun = || scratch.names().iter().any(|name| name.ends_with("begun"));
    assert_eq!((sink.calls(), is_begun()), (1, false));
    disk.let_pass(Step::Mark);
    until(|| sink.calls() == 2).await;
    assert!(is_begun(), "{:?}", scratch.names());
    disk.mend();
    flush.abort();
}

/// It was sent unwritten, has perhaps arrived, and left the memory before it was written.
#[tokio::test(start_paused = true)]
async fn what_has_perhaps_arrived_is_marked_though_it_left_the_memory() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|_| Some(Err(SendError::Ambiguous("no answer".into()))));
    let mut config = config();
    config.queue_bytes = 1_000_000;
    let rig = Rig::on(config, sink.clone(), &scratch.dir(), &disk, 1 << 30);
    disk.hang(&[Step::Create]);
    rig.large_window(1_000).await;
    until(|| disk.asked(Step::Create) == 1).await;
    as_time_goes_by(|| sink.calls() >= 1).await;
    until(|| rig.stats().ambiguous_attempts >= 1).await;
    for _ in 0..20 {
        rig.large_window(1_000).await;
    }
    disk.mend();
    until(|| rig.stats().journaled.samples >= 1_000).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert!(report.unwrap().journaled.data >= 1_000);
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    let (_, recovered) = Journal::open(&scratch.dir(), 1 << 30).unwrap();
    let first = recovered.records[0];
    assert_eq!((first.number, first.is_begun), (1, true));
}
