//! `install` with a spool on a slow disk: the runtime goes on meanwhile.

#![cfg(unix)]

use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, MemorySink};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// The file to lock is a pipe: opening it waits for somebody at its other end.
#[tokio::test]
async fn others_go_on_while_it_is_opened() {
    let name = format!("install-spool-{}", std::process::id());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let pipe = dir.join("lock");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());

    let (beat, beats) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        // Without a beat this fails, but does not hang.
        let has_beat = beats.recv_timeout(Duration::from_secs(10)).is_ok();
        let other_end = std::fs::File::open(pipe).unwrap();
        (has_beat, other_end)
    });
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink(sink.clone());
    let install = tokio::spawn(builder.with_spool(&dir, 1 << 24).install());
    // Runs after the other task has been polled, on this same thread.
    tokio::task::yield_now().await;
    assert!(!install.is_finished());
    beat.send(()).unwrap();
    let cloudwatch = install.await.unwrap().unwrap();
    assert!(reader.join().unwrap().0, "the runtime was held up");

    counter!("n").increment(2);
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 2.0);
    std::fs::remove_dir_all(&dir).unwrap();
}
