//! Batches by number: which goes first, which goes for room, and which come back.

use crate::collect::explicit_data::{self, ExplicitDatum};
use crate::delivery::durability::Durability;
use crate::delivery::pack::Packer;
use crate::delivery::queue::{InFlight, OnDisk, Queue};
use crate::delivery::queued_batch::QueuedBatch;
use crate::model::evicted::EvictedBytes;
use crate::model::profile::Profile;
use crate::settings::Config;
use crate::sinks::memory::MemorySink;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

fn queued(number: u64) -> QueuedBatch {
    let config = Config::new("Test");
    let sink = MemorySink::new();
    let mut packer = Packer::new(&config, &sink, Profile::default());
    let datum = ExplicitDatum::value("n", 1.0);
    let profile = Profile::default();
    let now = SystemTime::UNIX_EPOCH + Duration::from_mins(30_000_000 + number);
    packer.push(explicit_data::check(datum, &config, now, &profile).unwrap());
    let mut queued = QueuedBatch::new(number, packer.finish().remove(0));
    queued.durability = Durability::Durable;
    queued
}

fn queue(first_own: u64) -> Queue {
    Queue::new(1 << 20, EvictedBytes::default(), first_own, false)
}

#[tokio::test]
async fn the_oldest_first_but_this_process_s_own_before_others() {
    let mut queue = queue(5);
    for number in [8, 2, 5, 7, 3] {
        queue.push(queued(number));
    }
    let now = Instant::now();
    let order = std::iter::from_fn(|| queue.pop_ready(now));
    let order: Vec<u64> = order.map(|queued| queued.number).collect();
    assert_eq!(order, [5, 7, 8, 2, 3]);
    assert_eq!((queue.bytes(), queue.next_ready(now)), (0, None));
}

#[tokio::test]
async fn what_has_to_wait_leaves_its_turn() {
    let mut queue = queue(1);
    let now = Instant::now();
    let later = |seconds| now + Duration::from_secs(seconds);
    for (number, until) in [(1, 3), (2, 2)] {
        let mut waits = queued(number);
        waits.not_before = Some(later(until));
        queue.push(waits);
    }
    let mut being_written = queued(3);
    being_written.durability = Durability::Writing {
        write: 1,
        until: Some(later(1)),
        has_older: false,
    };
    queue.push(being_written);
    assert!(queue.pop_ready(now).is_none());
    for (seconds, number) in [(1, 3), (2, 2), (3, 1)] {
        assert_eq!(queue.next_ready(now), Some(later(seconds)));
        assert_eq!(queue.pop_ready(later(seconds)).unwrap().number, number);
    }
}

#[test]
fn what_is_on_disk_alone_comes_back_by_age_whenever_it_left_the_memory() {
    let mut queue = queue(3);
    for number in [4, 1, 3, 2] {
        let on_disk = if number < 3 {
            OnDisk::restored(number, false)
        } else {
            let mut queued = queued(number);
            if number == 3 {
                queued.durability = Durability::Writing {
                    write: 1,
                    until: Some(Instant::now()),
                    has_older: false,
                };
            }
            OnDisk::of(&queued)
        };
        queue.leave_to_disk(number, on_disk);
    }

    // What is still being written cannot be read.
    assert_eq!(queue.oldest_on_disk(3), Some(4));
    assert_eq!(queue.being_written(), [3]);
    assert_eq!(queue.journaled().samples, 1);
    queue.is_written(3);
    assert_eq!(queue.journaled().samples, 2);
    assert_eq!(queue.journaled_before(4).samples, 1);
    assert_eq!(queue.unsettled().0, 2);
    for number in 1..=4 {
        assert_eq!(queue.oldest_on_disk(0), Some(number));
        let on_disk = queue.take_from_disk(number).unwrap();
        assert_eq!(on_disk.is_counted(), number >= 3);
    }
    assert_eq!(queue.oldest_on_disk(0), None);
}

#[test]
fn the_oldest_has_to_go_and_the_newest_stays() {
    let mut queue = Queue::new(0, EvictedBytes::default(), 1, false);
    for number in [3, 1, 2] {
        queue.push(queued(number));
    }
    let gone = std::iter::from_fn(|| queue.overflow(0));
    let gone: Vec<u64> = gone.map(|queued| queued.number).collect();
    assert_eq!(gone, [1, 2]);
}

/// All others wait for the oldest.
#[test]
fn in_order_what_is_on_disk_goes_first_from_the_newest_and_the_oldest_stays() {
    let mut queue = Queue::new(0, EvictedBytes::default(), 1, true);
    for number in 1..=5 {
        let mut queued = queued(number);
        if matches!(number, 2 | 5) {
            queued.durability = Durability::Memory;
        }
        queue.push(queued);
    }
    queue.change(4, Durability::lose_record);
    let gone = std::iter::from_fn(|| queue.overflow(0));
    let gone: Vec<u64> = gone.map(|queued| queued.number).collect();
    assert_eq!(gone, [3, 2, 4, 5]);
}

/// Whatever moves where: the sums are those of what is there.
#[test]
fn amounts_and_ages_are_those_of_what_is_there() {
    let mut queue = queue(1);
    let mut stamps = Vec::new();
    for number in 1..=4 {
        let one = queued(number);
        stamps.push(one.oldest());
        queue.push(one);
    }
    let taken = queue.take(1).unwrap();
    assert_eq!((queue.data(), queue.oldest()), (3, Some(stamps[1])));
    queue.leave_to_disk(1, OnDisk::of(&taken));
    let started = InFlight {
        queued: queue.take(2).unwrap(),
        request: 0,
        marking: None,
    };
    queue.depart(started);
    assert_eq!((queue.data(), queue.oldest()), (4, Some(stamps[0])));
    assert_eq!(queue.data(), queue.unsettled().1.data);
    assert!(queue.take_from_disk(1).is_some() && queue.arrive(2).is_some());
    assert_eq!((queue.data(), queue.oldest()), (2, Some(stamps[2])));
    assert!(queue.take(3).is_some() && queue.take(4).is_some());
    assert!(queue.data() == 0 && queue.oldest().is_none() && queue.bytes() == 0);
}
