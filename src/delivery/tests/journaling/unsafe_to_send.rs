//! What must not be sent twice is not sent while the disk has it as if it had never been tried.

use super::*;

#[tokio::test]
async fn without_a_note_it_goes_from_the_disk_first() {
    for (guarantee, files) in [(Guarantee::AtMostOnce, 0), (Guarantee::AtLeastOnce, 1)] {
        let scratch = Scratch::new();
        let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
        let rig = Rig::new(&sink, &disk, guarantee);
        disk.fail(&[Step::Mark]);
        rig.window(3).await;
        until(|| rig.stats().delivered.samples == 3).await;
        assert_eq!(sink.files(), [files], "{guarantee:?}");
    }
}

#[tokio::test]
async fn where_that_cannot_be_it_is_kept() {
    let scratch = Scratch::new();
    let (sink, disk) = (Seeing::at(&scratch.dir()), TestDisk::default());
    let rig = Rig::new(&sink, &disk, Guarantee::AtMostOnce);
    disk.fail(&[Step::Mark, Step::Remove]);
    rig.window(3).await;
    until(|| disk.asked(Step::Remove) >= 1).await;
    let report = rig.cloudwatch.flush().within(Duration::ZERO).await.unwrap();
    assert_eq!((report.pending.samples, sink.calls()), (3, 0));
    assert_eq!(scratch.names(), ["0000000000000001.record"]);
    disk.mend();
    let report = rig.cloudwatch.flush().await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(sink.values(), [3]);
    until(|| scratch.names().is_empty()).await;
}
