//! Entries that cannot be read, now or by this version.

use super::*;

/// Two windows that a process leaves behind.
async fn left_behind(scratch: &Scratch) {
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::new(&sink, &disk, Delivery::AtLeastOnce);
    for value in [3, 4] {
        rig.window(value).await;
    }
    until(|| scratch.names().len() == 2).await;
    let report = rig.cloudwatch.shutdown_within(Duration::ZERO).await;
    assert_eq!(report.unwrap().pending.samples, 7);
    drop(rig);
    until(|| Spool::open(&scratch.dir(), 1 << 30).is_ok()).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_system_does_not_let_us_read_is_read_later() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Delivery::AtLeastOnce);
    disk.fail(&[Step::Read]);
    // Each at least twice.
    as_time_goes_by(|| disk.asked(Step::Read) >= 4).await;
    assert_eq!((scratch.names().len(), sink.calls()), (2, 0));
    disk.mend();
    as_time_goes_by(|| rig.stats().restored.samples == 7).await;
    as_time_goes_by(|| scratch.names().is_empty()).await;
    let stats = rig.stats();
    assert_eq!((stats.sent.samples, stats.lost_spool_entries), (7, 0));
}

#[tokio::test]
async fn what_another_version_wrote_stays_for_it() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (mut spool, _) = Spool::open(&scratch.dir(), 1 << 30).unwrap();
    // An array of nine of another version, and what is no version's.
    let foreign = spool.append(&[0x89, 3, 0, 0]).unwrap().id;
    spool.append(b"nonsense").unwrap();
    drop(spool);
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Delivery::AtLeastOnce);
    until(|| rig.stats().sent.samples == 7).await;
    until(|| rig.stats().lost_spool_entries == 1).await;
    until(|| scratch.names().len() == 1).await;
    assert_eq!(scratch.names(), [format!("{:016x}.entry", 3)]);
    let stats = rig.stats();
    assert_eq!(
        (stats.foreign_spool_entries, stats.lost_spool_entries),
        (1, 1)
    );
    drop(rig);
    until(|| Spool::open(&scratch.dir(), 1 << 30).is_ok()).await;
    let (spool, _) = Spool::open(&scratch.dir(), 1 << 30).unwrap();
    assert_eq!(spool.read(foreign).unwrap(), [0x89, 3, 0, 0]);
}

/// Somebody deleted the file, or it was dropped for room: then it is lost, and said so.
#[tokio::test]
async fn what_is_gone_is_lost() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Delivery::AtLeastOnce);
    for name in scratch.names() {
        std::fs::remove_file(scratch.file(&name)).unwrap();
    }
    until(|| rig.stats().lost_spool_entries == 2).await;
    assert_eq!(sink.calls(), 0);
}
