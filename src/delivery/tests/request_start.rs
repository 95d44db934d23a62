//! The schedule of attempts, on a time line that is only counted.

use crate::delivery::request_start::RequestStart;
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::Instant;

const HOUR: Duration = Duration::from_hours(1);
const ANSWER_TIME: Duration = Duration::from_millis(50);
const MAX_IN_FLIGHT: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Well,
    Failed,
    Throttled,
}

/// A destination that always has something to be sent to it, and what happens until `end`: each attempt's
/// start, counted from the beginning.
struct Line {
    origin: Instant,
    start: RequestStart,
    /// Start and end of the attempts that are under way.
    under_way: Vec<(Instant, Instant)>,
}

impl Line {
    fn new(seed: u64) -> Self {
        Self {
            origin: Instant::now(),
            start: RequestStart::new(MAX_IN_FLIGHT, Some(seed)),
            under_way: Vec::new(),
        }
    }

    /// All starts from `from` to `until`, where an attempt that ends at a time is answered so.
    fn run(
        &mut self,
        from: Duration,
        until: Duration,
        answer: impl Fn(Duration) -> Answer,
    ) -> Vec<Duration> {
        let (mut now, end) = (self.origin + from, self.origin + until);
        let mut starts = Vec::new();
        loop {
            let start = self.start.next(self.under_way.len(), now);
            let start = start.map(|start| start.max(now));
            let done = self.under_way.iter().map(|&(_, done)| done).min();
            now = start.into_iter().chain(done).min().expect("one of them");
            if now >= end {
                return starts;
            }
            if done == Some(now) {
                let place = self.under_way.iter().position(|&(_, done)| done == now);
                let (started, _) = self.under_way.remove(place.expect("it was found"));
                match answer(now - self.origin) {
                    Answer::Well => {
                        self.start.accepted(now);
                    }
                    Answer::Failed => self.start.failed(started, now),
                    Answer::Throttled => self.start.throttled(None, now),
                }
            } else {
                self.start.started(false, now);
                self.under_way.push((now, now + ANSWER_TIME));
                starts.push(now - self.origin);
            }
        }
    }
}

/// How many of `some` have one of `others` within so much of them.
fn close(some: &[Duration], others: &[Duration], within: Duration) -> usize {
    let is_close = |time: &&Duration| others.iter().any(|other| other.abs_diff(**time) < within);
    some.iter().filter(is_close).count()
}

proptest! {
    #[test]
    fn an_outage_of_an_hour_costs_few_attempts(seed: u64) {
        let starts = Line::new(seed).run(Duration::ZERO, HOUR, |_| Answer::Failed);
        // Half a minute apart on average, once it has lasted.
        prop_assert!((70..220).contains(&starts.len()), "{}", starts.len());
        // And in any minute after the first, a few at most.
        let most = (1..60).map(|minute| {
            let minute = Duration::from_mins(minute)..Duration::from_mins(minute + 1);
            starts.iter().filter(|start| minute.contains(*start)).count()
        });
        prop_assert!(most.max() <= Some(16));
    }

    #[test]
    fn two_exporters_do_not_send_in_step(seed: u64) {
        let outage = |seed| Line::new(seed).run(Duration::ZERO, HOUR, |_| Answer::Failed);
        let (one, other) = (outage(seed), outage(seed.wrapping_add(1)));
        let met = close(&one, &other, Duration::from_millis(100));
        prop_assert!(met * 5 < one.len(), "{met} of {}", one.len());
        // The measure itself: the same seed is in step.
        prop_assert_eq!(close(&one, &outage(seed), Duration::from_millis(100)), one.len());
    }

    #[test]
    fn throttling_slows_down_and_is_over_within_a_minute(seed: u64, minutes in 1..30_u64) {
        let end = Duration::from_mins(minutes);
        let answer = |time| if time < end { Answer::Throttled } else { Answer::Well };
        let mut line = Line::new(seed);
        let throttled = line.run(Duration::ZERO, end, answer);
        // At a distance of 10 s, give or take a half, after those that led there.
        let most = end.as_secs() / 5 + 10;
        prop_assert!(throttled.len() as u64 <= most, "{}", throttled.len());
        line.run(end, end + Duration::from_mins(1), answer);
        prop_assert!(line.start.is_well());
    }

    #[test]
    fn a_window_is_sent_at_any_time_within_the_jitter(seed: u64) {
        let jitter = Duration::from_secs(5);
        let delay = |seed| {
            let mut requests = RequestStart::new(MAX_IN_FLIGHT, Some(seed));
            let now = Instant::now();
            requests.spread(jitter, now);
            requests.next(0, now).expect("nothing is in flight") - now
        };
        let delays: Vec<Duration> = (0..100).map(|more| delay(seed.wrapping_add(more))).collect();
        prop_assert!(delays.iter().all(|delay| *delay <= jitter));
        let early = delays.iter().filter(|delay| **delay < jitter / 2).count();
        prop_assert!((25..75).contains(&early), "{early} of 100 in the first half");
    }

    #[test]
    fn a_flush_cuts_pauses_short_but_not_the_distance_of_throttling(seed: u64, failures in 1..20_u32) {
        let now = Instant::now();
        let mut requests = RequestStart::new(MAX_IN_FLIGHT, Some(seed));
        for _ in 0..failures {
            requests.started(false, now);
            requests.failed(now, now);
        }
        requests.hurry(now);
        let start = requests.next(0, now).expect("nothing is in flight");
        prop_assert!(start <= now + Duration::from_millis(500));
        for _ in 0..10 {
            requests.throttled(None, now);
        }
        requests.hurry(now);
        let start = requests.next(0, now).expect("nothing is in flight");
        prop_assert!(start >= now + Duration::from_secs(5));
    }

    #[test]
    fn a_destination_is_left_alone_for_as_long_as_it_asks(
        seed: u64,
        asks in prop::collection::vec((0..100_u64, 0..1_000_u64), 1..5),
    ) {
        let mut requests = RequestStart::new(MAX_IN_FLIGHT, Some(seed));
        let origin = Instant::now();
        let (mut end, mut last) = (origin, origin);
        for (at, seconds) in asks {
            last = last.max(origin + Duration::from_secs(at));
            requests.throttled(Some(Duration::from_secs(seconds)), last);
            end = end.max(last + Duration::from_secs(seconds.min(300)));
        }
        // Whatever comes of those that were under way.
        for _ in 0..10 {
            requests.accepted(Instant::now());
        }
        requests.failed(last, last);
        requests.hurry(last);
        let start = requests.next(0, last).expect("nothing is in flight");
        prop_assert!(start >= end, "{:?} early", end - start);
        // Nor much later.
        prop_assert!(start <= end + Duration::from_secs(15));
    }

    #[test]
    fn a_fleet_that_is_told_the_same_time_does_not_come_back_at_once(seed: u64) {
        let start = |seed| {
            let mut requests = RequestStart::new(MAX_IN_FLIGHT, Some(seed));
            let now = Instant::now();
            requests.throttled(Some(Duration::from_mins(1)), now);
            requests.next(0, now).expect("nothing is in flight") - now
        };
        let starts: Vec<Duration> = (0..100).map(|more| start(seed.wrapping_add(more))).collect();
        // A distance of 200 ms, give or take a half.
        let early = starts.iter().filter(|start| **start < Duration::from_millis(60_200)).count();
        prop_assert!((25..75).contains(&early), "{early} of 100 in the first half");
    }
}

#[test]
fn all_that_may_be_in_flight_is_while_it_is_well() {
    let mut line = Line::new(1);
    let starts = line.run(Duration::ZERO, ANSWER_TIME, |_| Answer::Well);
    assert_eq!(starts, [Duration::ZERO; MAX_IN_FLIGHT]);
    // One failure, and it is one at a time.
    let now = line.origin + ANSWER_TIME;
    line.start.failed(line.origin, now);
    assert_eq!(line.start.next(1, now), None);
    // Those that were under way with it are no further failures.
    let pause = line.start.next(0, now);
    line.start.failed(line.origin, now);
    assert_eq!(line.start.next(0, now), pause);
}
