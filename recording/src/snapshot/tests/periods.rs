//! Series that are due at different times are taken independently, and each point says what time it covers.

use super::{KEY, METADATA};
use crate::{Event, MetricPolicy, NameId, Recorder, RecordingPolicy, Snapshotter, Value};
use metrics::{Key, Metadata, Recorder as _, Unit};
use metrics_util::MetricKind;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

struct ByName;

impl RecordingPolicy for ByName {
    fn metric(&self, _: NameId, _: MetricKind, key: &Key, _: &Metadata<'_>) -> MetricPolicy {
        let period = if key.name() == "quick" {
            SECOND
        } else {
            MINUTE
        };
        MetricPolicy::default().with_period(period)
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Once a thread has described a metric, its macros do so without a lock, and without memory.
#[test]
fn a_known_description_takes_no_lock() {
    // In one place of memory, as a macro has it, wherever this is inlined.
    static NAME: &str = "n";
    let (recorder, _snapshotter) = Recorder::new((), UNIX_EPOCH);
    let describe = || {
        recorder.describe_counter(NAME.into(), Some(Unit::Bytes), "".into());
        recorder.describe_gauge(NAME.into(), Some(Unit::Bytes), "".into());
    };
    describe();
    recorder.registry().counters.while_locked(|| {
        let allocated = allocation_counter::measure(describe);
        assert_eq!(allocated.count_total, 0);
    });
}

/// Name, growth, and the seconds that it covers.
type Points = Vec<(String, u64, u64, u64)>;

fn visit(snapshotter: &mut Snapshotter, now: u64, is_due: impl FnMut(Duration) -> bool) -> Points {
    let mut points = Points::new();
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    snapshotter.visit(at(now), is_due, |event| match event {
        Event::Point(point) => {
            let Value::Counter(growth) = point.value else {
                panic!("{point:?}");
            };
            let name = point.series.key().name().to_owned();
            let covers = point.covers;
            points.push((name, growth, seconds(covers.start), seconds(covers.end)));
        }
        other => panic!("{other:?}"),
    });
    points
}

#[test]
fn each_period_is_taken_by_itself() {
    let (recorder, mut snapshotter) = Recorder::new(ByName, at(60));
    let names = ["quick", "slow"].map(Key::from_static_name);
    let [quick, slow] = names.map(|key| recorder.register_counter(&key, &METADATA));
    let point = |name: &str, growth, start, end| (name.to_owned(), growth, start, end);
    for second in 61..120 {
        quick.increment(1);
        slow.increment(1);
        let points = visit(&mut snapshotter, second, |period| period == SECOND);
        assert_eq!(points, [point("quick", 1, second - 1, second)]);
    }
    quick.increment(1);
    slow.increment(1);
    let points = visit(&mut snapshotter, 120, |_| true);
    assert_eq!(
        points,
        [point("quick", 1, 119, 120), point("slow", 60, 60, 120)]
    );
    slow.increment(5);
    assert_eq!(visit(&mut snapshotter, 121, |period| period == SECOND), []);
    let points = visit(&mut snapshotter, 130, |_| true);
    assert_eq!(points, [point("slow", 5, 120, 130)]);
    // The clock was set back.
    slow.increment(1);
    let points = visit(&mut snapshotter, 100, |_| true);
    assert_eq!(points, [point("slow", 1, 100, 100)]);
}

#[test]
fn the_first_interval_begins_where_nobody_had_looked_yet() {
    let (recorder, mut snapshotter) = Recorder::new((), at(10));
    recorder.register_counter(&KEY, &METADATA).increment(1);
    assert_eq!(visit(&mut snapshotter, 20, |_| false), []);
    let points = visit(&mut snapshotter, 30, |_| true);
    assert_eq!(points, [("n".to_owned(), 1, 10, 30)]);
}

#[test]
fn a_unit_may_come_before_the_first_series_or_late() {
    let (recorder, mut snapshotter) = Recorder::new((), UNIX_EPOCH);
    let mut unit = || {
        let mut unit = None;
        snapshotter.visit(
            UNIX_EPOCH,
            |_| true,
            |event| {
                if let Event::Point(point) = event {
                    unit = Some((point.series.kind(), point.series.unit()));
                }
            },
        );
        unit.unwrap()
    };
    let describe = |unit| {
        recorder.describe_counter("n".into(), Some(unit), "".into());
    };
    let counter = recorder.register_counter(&KEY, &METADATA);
    counter.increment(1);
    assert_eq!(unit(), (MetricKind::Counter, None));
    describe(Unit::Bytes);
    counter.increment(1);
    assert_eq!(unit(), (MetricKind::Counter, Some(Unit::Bytes)));
    // By another thread, meanwhile.
    thread::scope(|scope| scope.spawn(|| describe(Unit::Seconds)).join().unwrap());
    describe(Unit::Bytes);
    counter.increment(1);
    assert_eq!(unit(), (MetricKind::Counter, Some(Unit::Bytes)));
    // Names that share a line of what this thread remembers.
    for number in 0..1_000 {
        let name = format!("m{number}");
        recorder.describe_counter(name.into(), Some(Unit::Percent), "".into());
    }
    describe(Unit::Count);
    counter.increment(1);
    assert_eq!(unit(), (MetricKind::Counter, Some(Unit::Count)));
    // Of another kind: another metric.
    let gauge = recorder.register_gauge(&KEY, &METADATA);
    gauge.set(1.0);
    assert_eq!(unit(), (MetricKind::Gauge, None));
    recorder.describe_histogram("early".into(), Some(Unit::Seconds), "".into());
    let key = Key::from_static_name("early");
    recorder.register_histogram(&key, &METADATA).record(1.0);
    assert_eq!(unit(), (MetricKind::Histogram, Some(Unit::Seconds)));
}
