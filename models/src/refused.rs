//! Values that are refused: each is told once.

use crate::aggregate::{Histogram, HistogramPoint};
use crate::explore;
use crate::thread::{SHARING, mark};
use loom::sync::Arc;
use loom::thread;

/// Two threads record what is no number while a third drains.
pub fn each_refused_value_is_told_once() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new(mark()));
        let recorders = [1, 2].map(|samples| {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record_many(&SHARING, f64::NAN, samples))
        });
        let mut point = HistogramPoint::default();
        let told = |point: &mut HistogramPoint| {
            let refused = histogram.drain(point);
            assert_eq!(point.count, 0);
            refused.iter().map(|(_, samples)| samples).sum::<u64>()
        };
        let mut all = told(&mut point) + told(&mut point);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        all += told(&mut point);
        assert_eq!(all, 3);
    });
}
