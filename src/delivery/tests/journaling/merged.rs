//! Requests that several batches share, and the journal.

use super::*;

fn throttled() -> Result<Sent, SendError> {
    Err(SendError::Throttled {
        source: "too fast".into(),
        retry_after: Some(Duration::from_secs(1)),
    })
}

/// One batch in memory and one whose mark hangs are to share a request when the exporter's future is dropped, outside of a
/// runtime. Nothing is sent any more, what is on disk stays there, and nothing panics.
#[test]
fn a_dropped_exporter_sends_nothing_of_a_request_that_waits_for_a_mark() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Answering::by(|call| match call {
        0 => Some(throttled()),
        _ => Some(Ok(Sent::default())),
    });
    // It waits for its mark for five seconds.
    let mut config = config();
    config.set_metric(
        Matcher::any(),
        MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
    );
    let (rig, mut run) = {
        let _guard = runtime.enter();
        let (rig, exporter) =
            Rig::not_spawned(config, sink.clone(), &scratch.dir(), &disk, 1 << 30);
        (rig, Box::pin(exporter.run()))
    };
    runtime.block_on(async {
        let script = async {
            rig.window(4).await;
            until(|| sink.calls() == 1 && scratch.names() == ["0000000000000001.record"]).await;
            disk.fail(&[Step::Create]);
            rig.window(3).await;
            until(|| disk.asked(Step::Create) == 2).await;
            until(|| rig.stats().journal_writing_bytes == 0).await;
            disk.hang(&[Step::Mark]);
            tokio::time::sleep(Duration::from_secs(2)).await;
            until(|| disk.asked(Step::Mark) == 2).await;
        };
        tokio::select! {
            () = &mut run => panic!("it goes on"),
            () = script => {}
        }
    });
    assert_eq!(sink.calls(), 1);
    disk.fail(&[]);
    drop(run);
    let stats = rig.stats();
    println!("{stats:?}");
    assert_eq!(sink.calls(), 1, "nothing is sent any more");
    assert_eq!(stats.ambiguous.samples, 0, "nothing was under way: {stats}");
}

/// Takes nothing, or one series, or everything.
#[derive(Clone, Default)]
struct Choosy {
    takes: Arc<Mutex<Option<&'static str>>>,
    is_well: Arc<std::sync::atomic::AtomicBool>,
    calls: Arc<AtomicUsize>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Sink for Choosy {
    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, _: &Attempt) -> Result<Sent, SendError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let takes = *self.takes.lock();
        let is_taken = |datum: &Datum| takes == Some(datum.name());
        if self.is_well.load(Ordering::Relaxed) || batch.data().iter().all(is_taken) {
            let names = batch.data().iter().map(|datum| datum.name().to_owned());
            self.taken.lock().extend(names);
            return Ok(Sent::default());
        }
        Err(SendError::Invalid {
            code: "InvalidParameterValue".into(),
            message: "no".into(),
            members: Vec::new(),
        })
    }
}

/// A test of two batches, of which one waits for a slow disk and the other does not fit beside it.
#[tokio::test(start_paused = true)]
async fn what_does_not_fit_beside_what_waits_for_the_disk_is_tested_later() {
    let (scratch, disk) = (Scratch::new(), TestDisk::default());
    let sink = Choosy::default();
    let mut config = config();
    config.set_metric(
        Matcher::exact("strict"),
        MetricSettings::new().with_guarantee(Guarantee::AtMostOnce),
    );
    let rig = Rig::on(config, sink.clone(), &scratch.dir(), &disk, 1 << 30);
    for series in ["strict", "loose"] {
        metrics::with_local_recorder(&rig.recorder, || counter!(series).increment(1));
        rig.close_window(1).await;
    }
    until(|| scratch.names().len() == 2).await;
    as_time_goes_by(|| sink.calls.load(Ordering::Relaxed) > 40).await;
    *sink.takes.lock() = Some("pulse");
    disk.hang(&STEPS_THAT_WRITE);
    metrics::with_local_recorder(&rig.recorder, || counter!("pulse").increment(1));
    rig.close_window(1).await;
    as_time_goes_by(|| !sink.taken.lock().is_empty()).await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    sink.is_well.store(true, Ordering::Relaxed);
    disk.mend();
    for _ in 0..7_200 {
        if rig.stats().pending.is_zero() {
            break;
        }
        (0..10).for_each(|_| std::thread::yield_now());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(rig.stats().pending.samples, 0, "{}", rig.stats());
}

const STEPS_THAT_WRITE: [Step; 2] = [Step::Create, Step::Mark];
