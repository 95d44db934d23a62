//! A disk that does not answer.

use super::*;
use crate::journal::PATIENCE;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn data_go_out_unstored_after_a_while_and_then_at_once() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.hang(&[Step::Create]);
    for (value, longest) in [(3, PATIENCE * 2), (4, PATIENCE / 5)] {
        let began = Instant::now();
        rig.window(value).await;
        until(|| disk.asked(Step::Create) == 1).await;
        let report = rig.cloudwatch.flush().await.unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert!(began.elapsed() < longest, "{:?}", began.elapsed());
    }
    assert_eq!(sink.values(), [3, 4]);
    // It is written when the disk comes back, and is of no use by then.
    disk.mend();
    until(|| disk.asked(Step::Remove) >= 1).await;
    until(|| scratch.names().is_empty()).await;
    rig.window(5).await;
    as_time_goes_by(|| sink.values() == [3, 4, 5]).await;
}

#[tokio::test(start_paused = true)]
async fn a_note_that_hangs_holds_up_nothing() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.hang(&[Step::Mark]);
    rig.window(1).await;
    until(|| disk.asked(Step::Mark) == 1).await;
    for value in 2..=10 {
        rig.window(value).await;
    }
    // Four at a time, each for as long as the first, would be too slow.
    let report = rig.cloudwatch.flush().await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(rig.stats().delivered.data, 10);
    disk.mend();
}

/// What is being written may be on disk or not; what waits for that is taken back.
#[tokio::test(start_paused = true)]
async fn at_most_once_waits_for_what_is_being_written() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.hang(&[Step::Create]);
    rig.window(3).await;
    until(|| disk.asked(Step::Create) == 1).await;
    rig.window(4).await;
    let hour = Duration::from_hours(1);
    let report = rig.cloudwatch.flush().within(hour).await.unwrap();
    assert_eq!((report.delivered.samples, report.pending.samples), (4, 3));
    assert_eq!(sink.values(), [4]);
    disk.mend();
    until(|| rig.stats().journal_writing_bytes == 0).await;
    as_time_goes_by(|| sink.values() == [4, 3]).await;
    assert_eq!(account(&rig.stats()), 7);
}

#[tokio::test(start_paused = true)]
async fn at_most_once_waits_for_the_note() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.hang(&[Step::Mark]);
    rig.window(3).await;
    until(|| disk.asked(Step::Mark) == 1).await;
    let report = rig.cloudwatch.flush().await.unwrap();
    assert_eq!((report.pending.samples, sink.calls()), (3, 0));
    sink.fails(false);
    disk.mend();
    as_time_goes_by(|| sink.values() == [3]).await;
}

/// What has to wait for its note leaves its turn to what has not.
#[tokio::test(start_paused = true)]
async fn what_waits_for_its_note_holds_up_nobody_else() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let mut config = config();
    config.max_in_flight = 1;
    let once = MetricSettings::new().with_guarantee(Guarantee::AtMostOnce);
    config.set_metric("n".into(), once);
    let rig = Rig::with(config, &sink, &disk, 1 << 30);
    disk.fail(&[Step::Mark, Step::Remove]);
    for value in 1..=5 {
        rig.window(value).await;
        until(|| scratch.names().len() as u64 == value && rig.stats().journal_writing_bytes == 0)
            .await;
    }
    sink.fails(false);
    disk.hang(&[Step::Mark]);
    metrics::with_local_recorder(&rig.recorder, || counter!("other").increment(9));
    let began = Instant::now();
    let flushing = rig.cloudwatch.flush().within(PATIENCE * 2);
    assert_eq!(flushing.await.unwrap().delivered.samples, 9);
    assert_eq!((sink.values(), rig.stats().pending.samples), (vec![9], 15));
    assert!(began.elapsed() <= PATIENCE * 2);
    disk.mend();
}

/// What was being written for too long goes as soon as it is written and marked.
#[tokio::test(start_paused = true)]
async fn at_most_once_goes_on_when_it_is_written() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.hang(&[Step::Create]);
    rig.window(3).await;
    until(|| disk.asked(Step::Create) == 1).await;
    tokio::time::sleep(PATIENCE + Duration::from_secs(1)).await;
    assert_eq!(sink.calls(), 0);
    disk.mend();
    // No time passes here, but for the disk.
    let patience = std::time::Instant::now() + Duration::from_secs(2);
    until(|| sink.calls() == 1 || std::time::Instant::now() > patience).await;
    assert_eq!(sink.values(), [3]);
}
