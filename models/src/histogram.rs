//! Histograms: each window has whole samples, and each sample is in one window.

use crate::aggregate::{Histogram, HistogramPoint};
use crate::explore;
use crate::thread::{SHARING, mark};
use loom::sync::Arc;
use loom::thread;

/// Samples in no page, so that the cut itself is explored deeply.
pub fn zeros_are_drained_once() {
    explore(3, || {
        let histogram = Arc::new(Histogram::new(mark()));
        let recorders = [1, 2].map(|samples| {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record_many(&SHARING, 0.0, samples))
        });
        let mut point = HistogramPoint::default();
        let mut count = 0;
        for _ in 0..2 {
            histogram.drain(&mut point);
            count += point.count;
        }
        for recorder in recorders {
            recorder.join().unwrap();
        }
        histogram.drain(&mut point);
        assert_eq!(count + point.count, 3);
    });
}

/// Two values in one page: every window's count, sum and extremes are of the same samples.
pub fn windows_have_whole_samples() {
    explore(2, || {
        let histogram = Arc::new(Histogram::new(mark()));
        let mut windows = [HistogramPoint::default(), HistogramPoint::default()];
        // With a page that is there already, as its first use is much to explore.
        histogram.record(&SHARING, 1.0);
        histogram.drain(&mut windows[0]);
        let recorders = [1.0, 1.5].map(|value| {
            let histogram = Arc::clone(&histogram);
            thread::spawn(move || histogram.record(&SHARING, value))
        });
        histogram.drain(&mut windows[0]);
        for recorder in recorders {
            recorder.join().unwrap();
        }
        histogram.drain(&mut windows[1]);
        assert_eq!(windows[0].count + windows[1].count, 2);
        for window in &windows {
            match window.count {
                0 => {}
                1 => {
                    assert_eq!(window.minimum, window.sum);
                    assert_eq!(window.maximum, window.sum);
                    let (low, high) = window.buckets[0].bounds();
                    assert!(low <= window.sum && window.sum < high);
                }
                2 => {
                    assert_eq!(
                        (window.sum, window.minimum, window.maximum),
                        (2.5, 1.0, 1.5)
                    );
                    assert_eq!(window.buckets.len(), 2);
                }
                count => panic!("{count} of 2 samples"),
            }
        }
    });
}
