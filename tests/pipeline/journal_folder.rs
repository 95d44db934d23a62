//! A journal's folder that is somebody else's, that leads elsewhere, or that is taken away while it is used.

use crate::fixtures::adding_up::adds_up;
use crate::fixtures::alone::alone;
use crate::fixtures::log::Log;
use crate::fixtures::polls::until;
use crate::fixtures::scratch::Scratch;
use crate::fixtures::scripted::Scripted;
use crate::fixtures::started::Started;
use crate::journal::builder;
use metrics::counter;
use metrics_exporter_cloudwatch::{
    BuildError, CloudWatchBuilder, Destination, HeldJournal, JournalError, MemorySink,
};
use std::path::Path;
use std::time::Duration;

#[tokio::test]
async fn a_replica_goes_on_without_the_journal_that_another_has() {
    alone!();
    let scratch = Scratch::new();
    let first = builder(MemorySink::new(), &scratch).build().unwrap();
    let second = |held| builder(MemorySink::new(), &scratch).with_held_journal(held);
    let Err(BuildError::Journal(error)) = second(HeldJournal::Fail).build() else {
        panic!("two exporters in one folder")
    };
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");

    let (log, _guard) = Log::start();
    let sink = MemorySink::new();
    let builder_without = builder(sink.clone(), &scratch).with_held_journal(HeldJournal::GoWithout);
    let test = Started::new(builder_without);
    test.record(|| counter!("n").increment(3));
    test.flush().await;
    assert_eq!(sink.sum("n", &[]), 3.0);
    let stats = test.cloudwatch.stats();
    assert!(
        stats.is_journal_held && stats.journal_bytes == 0,
        "{stats:?}"
    );
    assert!(stats.to_string().contains("without the journal"), "{stats}");
    let warnings = log.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("is in use by another process")
            && warnings[0].contains("there is no journal until the next start"),
        "{warnings:?}"
    );
    // The first one's folder is as it was, and its journal is its own.
    assert_eq!(scratch.records(), 0);
    drop(first);
    let (_, exporter) = second(HeldJournal::GoWithout).build().unwrap();
    assert!(!exporter.handle().stats().is_journal_held);
}

/// Each destination's own choice, over the builder's.
#[tokio::test]
async fn a_destination_has_a_choice_of_its_own() {
    let (held, free) = (Scratch::new(), Scratch::new());
    let _first = builder(MemorySink::new(), &held).build().unwrap();
    let both = |own: HeldJournal, of_all: HeldJournal| {
        let one = Destination::new("one", MemorySink::new()).with_held_journal(own);
        let other = Destination::new("other", MemorySink::new());
        CloudWatchBuilder::new("Test")
            .with_held_journal(of_all)
            .with_destination(one.with_journal(held.path(), 1 << 30))
            .with_destination(other.with_journal(free.path(), 1 << 30))
            .build()
    };
    assert!(both(HeldJournal::Fail, HeldJournal::GoWithout).is_err());
    let (_, exporter) = both(HeldJournal::GoWithout, HeldJournal::Fail).unwrap();
    let stats = exporter.handle().stats();
    assert!(stats.is_journal_held);
    assert!(stats.destinations["one"].is_journal_held);
    assert!(!stats.destinations["other"].is_journal_held);
}

/// It costs nothing else, and stays.
#[tokio::test]
async fn what_is_not_the_journal_s_is_counted() {
    let scratch = Scratch::new();
    let planted = scratch.path().join("0000000000000003.record");
    std::fs::create_dir_all(&planted).unwrap();
    let sink = MemorySink::new();
    let test = Started::new(builder(sink.clone(), &scratch));
    test.record(|| counter!("n").increment(1));
    test.flush().await;
    let stats = test.cloudwatch.stats();
    assert_eq!((stats.refused_files, stats.lost_records), (1, 0));
    assert!(stats.to_string().contains("refused files 1"), "{stats}");
    assert!(sink.sum("n", &[]) > 0.0 && planted.is_dir());
}

fn record_a_window(test: &Started) {
    test.record(|| {
        for route in 0..1_000 {
            counter!("n", "route" => route.to_string()).increment(1);
        }
    });
}

/// What is in memory stays, what was on disk alone is lost and said to be, and the journal goes on.
#[tokio::test]
async fn a_folder_that_is_removed_in_an_outage() {
    let scratch = Scratch::new();
    let sink = Scripted::failing();
    let builder = builder(sink.clone(), &scratch).with_queue_bytes(1_000_000);
    let test = Started::new(builder.with_flush_timeout(Duration::from_hours(1)));
    for window in 1..=30 {
        record_a_window(&test);
        test.advance(Duration::from_mins(1)).await;
        until(|| scratch.records() == window).await;
    }
    until(|| test.cloudwatch.stats().journal_writing_bytes == 0).await;
    let before = test.cloudwatch.stats();
    assert!(before.journaled.samples > 5_000 && before.lost_records == 0);
    assert_eq!(before.journal_bytes % 4096, 0);

    std::fs::remove_dir_all(scratch.path()).unwrap();
    record_a_window(&test);
    test.advance(Duration::from_mins(1)).await;
    until(|| test.cloudwatch.stats().lost_records > 0).await;
    let stats = test.cloudwatch.stats();
    // The new window may have taken the room of another one.
    assert!(
        stats.dropped.samples >= before.journaled.samples,
        "{stats:?}"
    );
    adds_up(&stats).unwrap();
    until(|| scratch.path().exists() && scratch.records() > 0).await;
    assert!(!scratch.is_free());
    sink.recover();
    test.flush().await;
    let stats = test.cloudwatch.stats();
    assert!(stats.dropped.samples < 31_000, "{stats:?}");
    assert_eq!(stats.delivered.samples, 31_000 - stats.dropped.samples);
    assert_eq!(sink.memory.data().len() as u64, stats.delivered.samples);
    until(|| scratch.records() == 0).await;
    until(|| test.cloudwatch.stats().journal_bytes == 0).await;
    adds_up(&test.cloudwatch.stats()).unwrap();
}

/// Another process's journal is where the path leads from the new working folder.
#[tokio::test]
async fn another_working_folder_changes_nothing() {
    alone!();
    let root = Scratch::new();
    for folder in ["start", "later"] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    std::env::set_current_dir(root.path().join("start")).unwrap();
    let relative = Path::new("spool/journal");
    let sink = Scripted::failing();
    let test = Started::new(
        CloudWatchBuilder::new("Test")
            .with_sink("test", sink.clone())
            .with_journal(relative, 1 << 30),
    );
    std::env::set_current_dir(root.path().join("later")).unwrap();
    let other = CloudWatchBuilder::new("Test")
        .with_sink("test", MemorySink::new())
        .with_journal(relative, 1 << 30)
        .build()
        .unwrap();
    for _ in 0..3 {
        test.record(|| counter!("n").increment(1));
        test.advance(Duration::from_mins(1)).await;
    }
    let files = |under: &str| {
        let files = std::fs::read_dir(root.path().join(under).join(relative)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "lock").count()
    };
    until(|| files("start") == 3).await;
    assert_eq!(files("later"), 0);
    until(|| test.cloudwatch.stats().journal_bytes > 0).await;
    drop(other);
}
