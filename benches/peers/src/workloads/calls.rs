//! The calls themselves, in loops, so that what the loop costs is small and the same for all.

use super::{Call, Kind};
use metrics::{counter, gauge, histogram};
use std::array;
use std::hint::black_box;

/// A power of two, so that a position is found by a mask.
const VALUES: usize = 1024;

/// Calls as often as it is told.
pub(super) type Calls = Box<dyn FnMut(usize)>;

/// The names must be literals, so each of the four series has calls of its own.
macro_rules! calls {
    ($macro:ident, $record:ident, $values:expr, $call:expr, $series:expr) => {
        match $series % 4 {
            0 => calls!(@ $macro, $record, $values, $call, "peers.0", "/0"),
            1 => calls!(@ $macro, $record, $values, $call, "peers.1", "/1"),
            2 => calls!(@ $macro, $record, $values, $call, "peers.2", "/2"),
            _ => calls!(@ $macro, $record, $values, $call, "peers.3", "/3"),
        }
    };
    (@ $macro:ident, $record:ident, $values:expr, $call:expr, $name:literal, $route:literal) => {
        match $call {
            Call::Static => repeat($values, |value| $macro!($name).$record(value)),
            Call::Labels => repeat($values, |value| {
                $macro!($name, "method" => "GET", "route" => $route).$record(value);
            }),
            Call::Dynamic => repeat($values, |value| {
                $macro!($name, "route" => black_box($route).to_owned()).$record(value);
            }),
            Call::Handle => {
                let handle = $macro!($name);
                repeat($values, move |value| handle.$record(value))
            }
        }
    };
}

/// Calls for one of four series.
pub(super) fn calls(kind: Kind, call: Call, series: usize) -> Calls {
    match kind {
        Kind::Counter => calls!(counter, increment, [1_u64; VALUES], call, series),
        Kind::Gauge => calls!(gauge, set, latencies(), call, series),
        Kind::Histogram => calls!(histogram, record, latencies(), call, series),
    }
}

fn repeat<V: Copy + 'static>(values: [V; VALUES], record: impl Fn(V) + 'static) -> Calls {
    Box::new(move |times| {
        for n in 0..times {
            record(black_box(values[n % VALUES]));
        }
    })
}

/// Over four octaves, in no order.
fn latencies() -> [f64; VALUES] {
    let mut position = 0.0_f64;
    array::from_fn(|_| {
        position = (position + 0.618_033_988_749_894_9).fract();
        (position * 4.0).exp2()
    })
}
