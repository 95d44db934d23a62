//! Records that cannot be read, now or by this version.

use super::*;

/// Two windows that a process leaves behind.
async fn left_behind(scratch: &Scratch) {
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    sink.fails(true);
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    for value in [3, 4] {
        rig.window(value).await;
    }
    until(|| scratch.names().len() == 2).await;
    let report = rig.cloudwatch.shutdown().within(Duration::ZERO).await;
    assert_eq!(report.unwrap().pending.samples, 7);
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_system_does_not_let_us_read_is_read_later() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.fail(&[Step::Read]);
    // Each at least twice.
    as_time_goes_by(|| disk.asked(Step::Read) >= 4).await;
    assert_eq!((scratch.names().len(), sink.calls()), (2, 0));
    disk.mend();
    as_time_goes_by(|| rig.stats().restored.samples == 7).await;
    as_time_goes_by(|| scratch.names().is_empty()).await;
    let stats = rig.stats();
    assert_eq!((stats.delivered.samples, stats.lost_records), (7, 0));
}

#[tokio::test]
async fn what_a_later_version_wrote_stays_for_it() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (mut journal, _) = Journal::open(&scratch.dir(), 1 << 30).unwrap();
    for (number, payload) in [(3, "later"), (4, "nonsense")] {
        assert!(
            journal
                .write(number, payload.as_bytes(), false)
                .error
                .is_none()
        );
    }
    drop(journal);
    let later = scratch.file("0000000000000003.record");
    let mut bytes = std::fs::read(&later).unwrap();
    bytes[6..8].copy_from_slice(&[2, !2]);
    std::fs::write(&later, &bytes).unwrap();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    // It blocks nothing, neither what is older nor what is newer.
    until(|| rig.stats().delivered.samples == 7).await;
    until(|| rig.stats().lost_records == 1).await;
    rig.window(5).await;
    until(|| rig.stats().delivered.samples == 12).await;
    until(|| scratch.names().len() == 1).await;
    let stats = rig.stats();
    assert_eq!((stats.later_records, stats.lost_records), (1, 1));
    assert_eq!(std::fs::read(&later).unwrap(), bytes);
}

/// Somebody deleted the file, or it was dropped for room: then it is lost, and said so.
#[tokio::test]
async fn what_is_gone_is_lost() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    for name in scratch.names() {
        std::fs::remove_file(scratch.file(&name)).unwrap();
    }
    until(|| rig.stats().lost_records == 2).await;
    assert_eq!(sink.calls(), 0);
}

/// Also if it could not be read at the start.
#[tokio::test(start_paused = true)]
async fn what_turns_out_to_be_of_a_later_version_stays_for_it() {
    let scratch = Scratch::new();
    left_behind(&scratch).await;
    let later = scratch.file("0000000000000001.record");
    let later = if later.exists() {
        later
    } else {
        scratch.file("0000000000000001.begun")
    };
    let mut bytes = std::fs::read(&later).unwrap();
    bytes[6..8].copy_from_slice(&[2, !2]);
    std::fs::write(&later, &bytes).unwrap();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    disk.fail(&[Step::Read]);
    let rig = Rig::new(&sink, &disk, Guarantee::AtLeastOnce);
    disk.mend();
    as_time_goes_by(|| rig.stats().delivered.samples == 4).await;
    as_time_goes_by(|| rig.stats().lost_records + rig.stats().later_records == 1).await;
    let report = rig.cloudwatch.shutdown().await.unwrap();
    assert!(report.is_complete());
    drop(rig);
    until(|| Journal::open(&scratch.dir(), 1 << 30).is_ok()).await;
    assert_eq!(std::fs::read(&later).ok(), Some(bytes));
}
