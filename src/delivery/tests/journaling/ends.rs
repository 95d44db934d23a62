//! What is said at the end is so, and nothing is busy until then.

use super::*;
use std::sync::mpsc;

/// What is told as ambiguous is not tried again, so it is not on disk for the next process.
#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_not_left_to_the_next_process() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let told = disk.clone();
    let sink = Answering::by(move |call| {
        (call == 0).then(|| {
            told.hang(&[Step::Create]);
            Err(SendError::Ambiguous("no answer".into()))
        })
    });
    disk.fail(&[Step::Create]);
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.window(3).await;
    // It is in memory alone, was tried, and is being written now.
    until(|| sink.calls() == 1 && disk.asked(Step::Create) == 2).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    let report = report.unwrap();
    drop(rig);
    disk.mend();
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    let is_there = !scratch.names().is_empty();
    assert_eq!(
        (report.ambiguous.samples, report.pending.samples),
        if is_there { (0, 3) } else { (3, 0) },
        "on disk: {is_there}"
    );
}

/// It was sent while the disk had begun to write it, as what nobody has tried yet.
#[tokio::test(start_paused = true)]
async fn what_is_under_way_and_being_written_is_marked_for_the_next_process() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|_| None);
    disk.hang(&[Step::Create]);
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.window(3).await;
    until(|| disk.asked(Step::Create) == 1).await;
    as_time_goes_by(|| sink.calls() == 1).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!(report.unwrap().pending.samples, 3);
    drop(rig);
    disk.mend();
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    assert_eq!(scratch.names(), ["0000000000000001.begun"]);
}

/// A record that could not be read is not asked for without end while there is no room for it.
#[test]
fn no_room_for_what_is_to_be_read_again_keeps_nobody_busy() {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let scratch = Scratch::new();
            let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
            sink.fails(true);
            let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
            rig.window(3).await;
            until(|| scratch.names().len() == 1).await;
            let _ = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
            drop(rig);
            until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;

            let mut config = config();
            config.queue_bytes = 1_000_000;
            disk.mend();
            let rig = Rig::with(config, &sink, &disk, 1 << 30);
            disk.fail(&[Step::Read]);
            until(|| disk.asked(Step::Read) >= 1).await;
            for _ in 0..7 {
                rig.large_window(1_000).await;
            }
            until(|| rig.stats().journal_writing_bytes == 0).await;
            // Time goes on here only while nobody is busy.
            tokio::time::sleep(Duration::from_mins(1)).await;
        });
        let _ = done.send(());
    });
    is_done
        .recv_timeout(Duration::from_secs(20))
        .expect("the exporter is busy for nothing");
}

/// Whatever the sums are: too many samples to count are no reason to stop.
#[tokio::test]
async fn more_samples_than_can_be_counted() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Seeing::at(&scratch.dir());
    sink.fails(true);
    let mut config = config();
    config.max_in_flight = 1;
    let rig = Rig::with(config, &sink, &disk, 1 << 30);
    for (windows, value) in [(1, u64::MAX), (2, 5), (3, 6)] {
        metrics::with_local_recorder(&rig.recorder, || counter!("n").increment(value));
        rig.clock.advance(Duration::from_mins(1));
        until(|| rig.stats().pending.data == windows).await;
    }
    sink.fails(false);
    let report = rig.cloudwatch.flush().await.expect("it runs");
    assert_eq!(report.delivered.data, 3, "{report:?}");
    let stats = rig.stats();
    assert_eq!((stats.pending.data, stats.pending.samples), (0, 0));
}

/// It waits for its note as the time is up: nothing was sent, so the next process has to find it, note or not.
#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_on_disk_though_its_note_cannot_be_written() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|_| {
        let retry_after = Some(Duration::from_secs(1));
        let source = "too fast".into();
        Some(Err(SendError::Throttled {
            source,
            retry_after,
        }))
    });
    let mut config = config();
    config.set_metric(
        Matcher::any(),
        MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
    );
    let rig = Rig::on(config, sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.window(3).await;
    until(|| sink.calls() == 1 && scratch.names() == ["0000000000000001.record"]).await;
    disk.hang(&[Step::Create]);
    rig.window(4).await;
    until(|| disk.asked(Step::Create) == 2).await;
    // The note comes behind that write.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!(
        (report.unwrap().pending.samples, sink.calls()),
        (7, 1),
        "both go to the next process"
    );
    disk.fail(&[Step::Mark]);
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    assert_eq!(scratch.names().len(), 2);
}

/// "With a journal, the report comes when the disk has it all."
#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_written_at_the_end() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|call| {
        (call == 0).then(|| {
            let retry_after = Some(Duration::from_mins(1));
            let source = "too fast".into();
            Err(SendError::Throttled {
                source,
                retry_after,
            })
        })
    });
    disk.fail(&[Step::Create]);
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    rig.window(3).await;
    // Before the attempt and after it.
    until(|| sink.calls() == 1 && disk.asked(Step::Create) == 2).await;
    until(|| rig.stats().journal_writing_bytes == 0).await;
    disk.mend();
    let report = rig
        .cloudwatch
        .shutdown()
        .within(Duration::from_secs(1))
        .await;
    assert_eq!(report.unwrap().pending.samples, 3);
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    assert_eq!(scratch.names().len(), 1);
}

/// A thread that is gone writes nothing any more: what was left to it is dropped, not pending for ever.
#[tokio::test(start_paused = true)]
async fn what_was_left_to_a_thread_that_panicked_is_not_pending_for_ever() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Seeing::at(&scratch.dir());
    sink.fails(true);
    let mut config = config();
    config.queue_bytes = 1_000_000;
    let rig = Rig::with(config, &sink, &disk, 1 << 30);
    disk.panic();
    // The first is being written as it panics, and leaves the memory.
    for _ in 0..20 {
        rig.large_window(1_000).await;
    }
    // The thread's end does not follow the clock.
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    sink.fails(false);
    let report = rig.cloudwatch.flush().within(Duration::from_mins(1)).await;
    let report = report.unwrap();
    assert_eq!(report.pending.samples, 0, "{report:?}");
    assert_eq!(account(&rig.stats()), 20_000);
}

/// It was being sent and written when the thread panicked.
#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_the_thread_panicked_is_not_taken_for_written() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|call| {
        (call > 1).then(|| {
            Err(SendError::Throttled {
                source: "too fast".into(),
                retry_after: Some(Duration::from_mins(5)),
            })
        })
    });
    let rig = Rig::on(config(), sink.clone(), &scratch.dir(), &disk, 1 << 30);
    disk.hang(&[Step::Create]);
    rig.window(1).await;
    until(|| disk.asked(Step::Create) == 1).await;
    as_time_goes_by(|| sink.calls() == 1).await;
    rig.window(2).await;
    until(|| sink.calls() == 2).await;
    disk.panic();
    disk.let_pass(Step::Create);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    as_time_goes_by(|| sink.calls() >= 4).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    let report = report.unwrap();
    // The first one is on disk.
    assert_eq!(
        (report.journaled.data, report.pending.data),
        (1, 1),
        "{report}"
    );
}

/// Five windows on a disk that is given one at a time.
async fn five_on_a_slow_disk(scratch: &Scratch, disk: &TestDisk) -> Rig {
    let sink = Answering::by(|_| {
        Some(Err(SendError::Throttled {
            source: "too fast".into(),
            retry_after: Some(Duration::from_mins(5)),
        }))
    });
    disk.hang(&[Step::Create]);
    let rig = Rig::writing(config(), sink, &scratch.dir(), disk, 1);
    for _ in 0..5 {
        rig.window(1).await;
    }
    until(|| disk.asked(Step::Create) == 1).await;
    rig
}

/// Else as much memory as the queue's could be taken once more.
#[tokio::test(start_paused = true)]
async fn the_disk_is_given_no_more_at_the_end_than_it_takes() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let rig = five_on_a_slow_disk(&scratch, &disk).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    let report = report.unwrap();
    assert_eq!(
        (report.pending.data, report.dropped.data),
        (1, 4),
        "{report}"
    );
    disk.mend();
}

#[test]
fn what_the_disk_takes_at_the_end_is_written_one_after_the_other() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let rig = runtime.block_on(five_on_a_slow_disk(&scratch, &disk));
    disk.mend();
    drop(runtime);
    assert_eq!(scratch.names().len(), 5);
    assert_eq!(rig.stats().journaled.data, 5);
}
