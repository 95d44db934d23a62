//! Futures that do not come to their end: each is recorded exactly once.

use crate::recorded::{poll, recorded, turn};
use metrics_timeit::attr::{count, timeit};
use std::time::Duration;

#[timeit("waiting")]
#[count("waiting.calls")]
#[count("waiting.failures", if_err)]
#[count("waiting.successes", on_success)]
async fn waiting(turns: usize) -> Result<(), ()> {
    let _timer = metrics_timeit::timeit!("waiting.inner");
    for _ in 0..turns {
        turn().await;
    }
    Ok(())
}

const ONCE: [(&str, usize); 2] = [("waiting", 1), ("waiting.inner", 1)];
const FAILED: [(&str, u64); 2] = [("waiting.calls", 1), ("waiting.failures", 1)];

#[test]
fn dropped_between_any_two_polls() {
    for polls in 1..4 {
        let recorded = recorded(|| {
            let mut future = Box::pin(waiting(4));
            for _ in 0..polls {
                assert_eq!(poll(future.as_mut()), None);
            }
        });
        assert_eq!(recorded.samples(), ONCE, "{polls} polls");
        assert_eq!(recorded.counts(), FAILED, "{polls} polls");
    }
}

#[test]
fn never_polled() {
    let recorded = recorded(|| drop(waiting(1)));
    assert_eq!((recorded.samples(), recorded.counts()), (vec![], vec![]));
}

#[test]
fn kept_after_its_end() {
    let recorded = recorded(|| {
        let mut future = Box::pin(waiting(1));
        assert_eq!(poll(future.as_mut()), None);
        assert_eq!(poll(future.as_mut()), Some(Ok(())));
        drop(future);
    });
    assert_eq!(recorded.samples(), ONCE);
    assert_eq!(
        recorded.counts(),
        [("waiting.calls", 1), ("waiting.successes", 1)]
    );
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without drivers of the system")
}

#[test]
fn the_loser_of_a_select() {
    let recorded = recorded(|| {
        paused().block_on(async {
            tokio::select! {
                biased;
                _ = waiting(usize::MAX) => unreachable!("it waits for too many turns"),
                () = turn() => {}
            }
        });
    });
    assert_eq!(recorded.samples(), ONCE);
    assert_eq!(recorded.counts(), FAILED);
}

#[timeit("slow", outcome)]
async fn slow() -> Option<()> {
    tokio::time::sleep(Duration::from_mins(1)).await;
    Some(())
}

#[test]
fn out_of_time() {
    let recorded = recorded(|| {
        paused().block_on(async {
            let early = tokio::time::timeout(Duration::from_secs(1), slow()).await;
            assert!(early.is_err());
            let late = tokio::time::timeout(Duration::from_secs(61), slow()).await;
            assert_eq!(late, Ok(Some(())));
        });
    });
    assert_eq!(
        recorded.samples(),
        [("slow{outcome=error}", 1), ("slow{outcome=ok}", 1)]
    );
}

#[test]
fn an_aborted_task() {
    let recorded = recorded(|| {
        paused().block_on(async {
            let task = tokio::spawn(slow());
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.expect_err("aborted").is_cancelled());
        });
    });
    assert_eq!(recorded.samples(), [("slow{outcome=error}", 1)]);
}
