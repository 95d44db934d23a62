//! Runs the models.

use loom_models::{counter, gauge, histogram};

#[test]
fn counter_increments_are_drained_once() {
    counter::increments_are_drained_once();
}

#[test]
fn counter_absolute_totals_are_published_once() {
    counter::absolute_totals_are_published_once();
}

#[test]
fn gauge_values_are_in_one_window() {
    gauge::each_value_is_in_one_window();
}

#[test]
fn gauge_increments_go_on_across_windows() {
    gauge::increments_go_on_across_windows();
}

#[test]
fn histogram_zeros_are_drained_once() {
    histogram::zeros_are_drained_once();
}

#[test]
fn histogram_windows_have_whole_samples() {
    histogram::windows_have_whole_samples();
}
