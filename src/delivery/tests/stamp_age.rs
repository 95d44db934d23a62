//! What became too old or too far ahead while it waited.

use crate::collect::explicit_data::{self, ExplicitDatum};
use crate::delivery::clock_skew::{ClockSkew, Correction};
use crate::delivery::pack::Packer;
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::attempt::ServiceClock;
use crate::model::batch::Batch;
use crate::model::datum::Datum;
use crate::model::profile::Profile;
use crate::model::send_result::Sent;
use crate::settings::Config;
use crate::sinks::memory::MemorySink;
use std::time::{Duration, SystemTime};

fn batch(len: usize) -> Batch {
    let config = Config::new("Test");
    let sink = MemorySink::new();
    let mut packer = Packer::new(&config, &sink, Profile::default());
    for number in 0..len {
        let datum = ExplicitDatum::value(format!("{number}"), 1.0);
        packer.push(
            explicit_data::check(datum, &config, SystemTime::now(), &Profile::default())
                .expect("it is valid"),
        );
    }
    packer.finish().pop().expect("it has data")
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_goes_and_the_rest_stays() {
    let queued = QueuedBatch::new(7, batch(10));
    let at = |now| {
        let told = ServiceClock {
            shows: now,
            left_at: now,
            told_at: now,
        };
        let mut clock_skew = ClockSkew::new(true, now);
        let _ = clock_skew.judge(Correction::NONE, Some(told), Ok(Sent::default()));
        queued.misdated(&clock_skew, now)
    };
    assert!(at(SystemTime::now()).is_none());
    let verdict =
        at(SystemTime::now() + Duration::from_hours(24 * 15)).expect("two weeks have passed");
    assert!(verdict.settled.len() == 10 && verdict.rest.is_none());
}

#[test]
fn what_is_at_fault_for_its_time_is_found_among_what_is_not() {
    let now = SystemTime::now();
    let hours = Duration::from_hours(1);
    let mut data = batch(5).data().to_vec();
    for (datum, timestamp) in data.iter_mut().zip([
        now - 24 * hours,
        now - 15 * 24 * hours,
        now,
        now + 3 * hours,
        now + hours,
    ]) {
        datum.timestamp = timestamp;
        datum.is_by_clock = false;
    }
    let misdated = |data: &[Datum]| {
        let queued = QueuedBatch::new(7, Batch::new("Test", data.to_vec()));
        let verdict = queued.misdated(&ClockSkew::new(true, now), now)?;
        let rest = verdict.rest.iter().map(|rest| rest.data().count());
        Some((verdict.settled.len(), rest.sum::<usize>()))
    };
    assert_eq!(misdated(&data), Some((2, 3)));
    assert_eq!(misdated(&data[..3]), Some((1, 2)), "too old alone");
    assert_eq!(misdated(&data[2..]), Some((1, 2)), "too far ahead alone");
    assert_eq!(misdated(&data[2..3]), None);
}
