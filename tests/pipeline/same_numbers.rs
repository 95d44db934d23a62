//! `stats()`, the reports, what the exporter says about itself, and a reader of the journal's folder agree at every quiet
//! moment of random outages, flushes, shutdowns, aborts and restarts on one folder.
//!
//! Time stands still, but where what paused after a failure is to go on. The disk does not stand still, and is waited for.

mod agreement;
mod folder;
mod process;
mod world;

use crate::fixtures::long::short_or_long;
use crate::fixtures::moody::Mood;
use metrics_exporter_cloudwatch::Guarantee;
use proptest::prelude::*;
use std::time::Duration;
use world::World;

/// Only so that it fails, where it would hang.
const HANGS: Duration = Duration::from_secs(20);
/// The watcher is always well.
const NAMES: [&str; 3] = ["first", "second", "watcher"];

#[derive(Clone, Debug)]
enum Act {
    /// So many windows of so many counters.
    Windows(usize, usize),
    /// Of one of the first two, which gets all that waits if it is well now.
    Mood(usize, Mood),
    Flush,
    /// Of one window to the next: what it says about itself.
    Tell,
    /// With or without time for the end.
    Shutdown(bool),
    Abort,
}

#[derive(Clone, Debug)]
struct Case {
    guarantee: Guarantee,
    /// Which of the first two have a journal.
    journals: [bool; 2],
    acts: Vec<Act>,
}

fn act() -> impl Strategy<Value = Act> {
    let moods = vec![Mood::Well, Mood::Failing, Mood::Ambiguous, Mood::Hanging];
    prop_oneof![
        4 => (1..3usize, 1..4usize).prop_map(|(windows, series)| Act::Windows(windows, series)),
        // What the queue has no room for.
        2 => (10..14usize, Just(1_000)).prop_map(|(windows, series)| Act::Windows(windows, series)),
        4 => (0..2usize, prop::sample::select(moods)).prop_map(|(which, mood)| Act::Mood(which, mood)),
        2 => Just(Act::Flush),
        4 => Just(Act::Tell),
        2 => any::<bool>().prop_map(Act::Shutdown),
        1 => Just(Act::Abort),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let guarantees = vec![Guarantee::AtLeastOnce, Guarantee::AtMostOnce];
    let journals = prop::sample::select(vec![[true, false], [true, true], [false, false]]);
    let acts = prop::collection::vec(act(), 4..14);
    (prop::sample::select(guarantees), journals, acts).prop_map(|(guarantee, journals, acts)| {
        Case {
            guarantee,
            journals,
            acts,
        }
    })
}

async fn run(case: Case) -> Option<()> {
    let acts = case.acts.clone();
    let mut world = World::new(case);
    let mut life = world.start();
    for act in &acts {
        life = world.act(life, act).await?;
    }
    // The end: another process sends all that is left.
    life = world.act(life, &Act::Shutdown(false)).await?;
    for which in 0..2 {
        life = world.act(life, &Act::Mood(which, Mood::Well)).await?;
    }
    life = world.act(life, &Act::Shutdown(true)).await?;
    for (number, name) in NAMES[..2].iter().enumerate() {
        assert_eq!(world.left[number], 0);
        let settled = world.delivered[number] + world.lost[number];
        assert_eq!(settled, world.recorded, "{name}");
        assert_eq!(
            world.delivered[number] as f64,
            world.sinks[number].arrived()
        );
    }
    life.task.abort();
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: short_or_long(8, 600),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_accounts_agree_at_every_quiet_moment(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        // A disk that was too slow ends it early.
        let _ = runtime.block_on(run(case));
    }
}
