//! What is left of a batch after some of it was refused, and the record that it has.

use super::*;
use crate::journal::PATIENCE;

/// Two counters in one window.
async fn two(rig: &Rig) {
    metrics::with_local_recorder(&rig.recorder, || {
        counter!("n", "number" => "1").increment(3);
        counter!("n", "number" => "2").increment(4);
    });
    rig.close_window(7).await;
}

#[tokio::test]
async fn a_rest_takes_the_place_of_its_record() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.refuses(true);
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    sink.fails(true);
    two(&rig).await;
    until(|| sink.calls() == 2 && rig.stats().journal_writing_bytes == 0).await;
    until(|| scratch.names() == ["0000000000000001.record"]).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    let report = report.unwrap();
    assert_eq!(rig.stats().refused.samples + report.pending.samples, 7);
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    until(|| rig.stats().delivered.samples == report.pending.samples).await;
    assert_eq!(account(&rig.stats()), report.pending.samples);
}

/// Nothing is left of its batch, though the disk never had the rest.
#[tokio::test(start_paused = true)]
async fn the_old_record_goes_with_a_rest_that_was_never_written() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    two(&rig).await;
    until(|| sink.calls() >= 1 && rig.stats().journal_writing_bytes == 0).await;
    // What comes now hangs, and the rest waits behind it.
    disk.hang(&[Step::Create]);
    rig.window(5).await;
    until(|| disk.asked(Step::Create) == 2).await;
    sink.refuses(true);
    sink.fails(false);
    let report = rig.cloudwatch.flush().within(PATIENCE * 3).await.unwrap();
    assert_eq!(report.delivered.samples + report.refused.samples, 12);
    disk.mend();
    until(|| scratch.names().is_empty()).await;
}

/// A crash would lose what was durable, or send again what must not be.
#[tokio::test]
async fn the_old_record_stays_if_the_rest_cannot_be_written() {
    for (guarantee, sent, given_up) in [
        (Guarantee::AtLeastOnce, 7, 0),
        (Guarantee::AtMostOnce, 0, 7),
    ] {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        sink.fails(true);
        let rig = Rig::new(&sink, &disk, guarantee);
        two(&rig).await;
        until(|| sink.calls() >= 1 && rig.stats().journal_writing_bytes == 0).await;
        disk.fail(&[Step::Create]);
        sink.refuses(true);
        let report = rig.cloudwatch.flush().within(Duration::ZERO).await.unwrap();
        assert_eq!(report.pending.samples, 7);
        until(|| rig.stats().refused.samples > 0 && disk.asked(Step::Create) >= 1).await;
        until(|| scratch.names() == ["0000000000000001.begun"]).await;
        let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
        assert!(!report.unwrap().is_complete());
        drop(rig);
        until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        let rig = Rig::new(&sink, &disk, guarantee);
        until(|| rig.stats().restored.samples == 7).await;
        until(|| account(&rig.stats()) == 7 && rig.stats().pending.is_zero()).await;
        let stats = rig.stats();
        assert_eq!(
            (stats.delivered.samples, stats.ambiguous.samples),
            (sent, given_up)
        );
        assert_eq!(stats.repeated.samples, sent, "and it says so");
        until(|| scratch.names().is_empty()).await;
    }
}
