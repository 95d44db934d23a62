//! An hour of recording against a service that fails in every way, in simulated time: what was recorded is
//! what was applied, refused or given up, to the last sample.
//!
//! `LONG_TESTS=1` tries more mixtures, for longer.

mod account;
mod crowded;
mod hour;
mod jumps;
mod sockets;

use crate::fixtures::long::short_or_long;
use cloudwatch_local::Fault;
use hour::{Hour, is_refusal};
use metrics_exporter_cloudwatch::Guarantee;
use std::time::Duration;

const MODES: [Guarantee; 2] = [Guarantee::AtLeastOnce, Guarantee::AtMostOnce];

/// Each kind of fault, with what varies drawn at random.
fn faults(random: &mut fastrand::Rng) -> Vec<Fault> {
    let seconds = |random: &mut fastrand::Rng, most| Duration::from_secs(random.u64(1..most));
    vec![
        Fault::Throttle,
        Fault::Status(408),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(504),
        Fault::access_denied(),
        Fault::expired_token(),
        Fault::internal_failure(),
        Fault::service_unavailable(),
        Fault::Unparsable,
        // Some of it beyond the request's time-out.
        Fault::Latency(seconds(random, 8) + Duration::from_millis(500)),
        Fault::Hang,
        Fault::HangAfter,
        Fault::Refuse,
        Fault::Certificate,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncate,
        Fault::HugeHeaders,
        Fault::EndlessBody,
        Fault::SlowLoris(seconds(random, 3)),
        Fault::Redirect("http://localhost:1/".into()),
        Fault::garbage([random.u8(..); 100]),
        Fault::Status(413),
        // Sometimes of nobody.
        Fault::InvalidMember(random.usize(1..16)),
    ]
}

#[test]
fn each_fault_alone() {
    for guarantee in MODES {
        for (seed, fault) in faults(&mut fastrand::Rng::with_seed(1))
            .into_iter()
            .enumerate()
        {
            let hour = Hour::run(seed as u64, guarantee, &[(0.5, fault.clone())]);
            hour.account(&format!("{guarantee:?}, {fault:?}"));
        }
    }
}

/// A service that refuses data does not take the same data, unseen, another time: they would be in two accounts.
fn consistent(faults: &mut Vec<Fault>) {
    if faults.iter().any(is_refusal) {
        faults.retain(|fault| !fault.is_applied());
    }
}

fn mixture(seed: u64) -> Vec<(f64, Fault)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = faults(&mut random);
    random.shuffle(&mut all);
    all.truncate(random.usize(2..8));
    consistent(&mut all);
    let each = random.f64() * 0.9 / f64::from(u32::try_from(all.len()).unwrap());
    all.into_iter().map(|fault| (each, fault)).collect()
}

/// On two threads, as each hour is one thread's.
fn mixtures(guarantee: Guarantee) {
    let seeds = short_or_long(40, 200);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for seed in (half..seeds).step_by(2) {
                    let faults = mixture(seed);
                    let hour = Hour::run(seed, guarantee, &faults);
                    hour.account(&format!("{guarantee:?}, seed {seed}: {faults:?}"));
                }
            });
        }
    });
}

#[test]
fn mixtures_at_least_once() {
    mixtures(Guarantee::AtLeastOnce);
}

#[test]
fn mixtures_at_most_once() {
    mixtures(Guarantee::AtMostOnce);
}

#[test]
fn a_seed_repeats_exactly() {
    let requests = |seed| Hour::run(seed, Guarantee::AtLeastOnce, &mixture(seed)).requests();
    assert_eq!(requests(3), requests(3));
    assert_ne!(requests(3), requests(4));
}

#[test]
fn without_faults_nothing_is_repeated_or_given_up() {
    let hour = Hour::run(7, Guarantee::AtLeastOnce, &[]);
    hour.account("no faults");
    assert!(hour.stats.repeated.is_zero() && hour.stats.ambiguous.is_zero());
    assert_eq!(hour.stats.failed_attempts, 0);
}
