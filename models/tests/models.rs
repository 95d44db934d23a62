//! Runs the models.

use loom_models::{counter, expiry, gauge, histogram, inbox_models, marks, refused, slots};

#[test]
fn counter_increments_are_drained_once() {
    counter::increments_are_drained_once();
}

#[test]
fn counter_absolute_totals_are_published_once() {
    counter::absolute_totals_are_published_once();
}

#[test]
fn gauge_values_are_all_told() {
    gauge::each_value_is_told();
}

#[test]
fn gauge_first_value_is_the_first() {
    gauge::the_first_value_is_the_first();
}

#[test]
fn gauge_last_value_is_told() {
    gauge::the_last_value_is_told();
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

#[test]
fn inbox_nobody_waits_for_ever() {
    inbox_models::nobody_waits_for_ever_and_a_flush_covers_what_was_before_it();
}

#[test]
fn inbox_what_is_taken_in_is_taken_out() {
    inbox_models::what_is_taken_in_is_taken_out();
}

#[test]
fn slots_a_counter_becomes_hot() {
    slots::a_counter_becomes_hot();
}

#[test]
fn slots_a_lane_goes_on_with_the_next_thread() {
    slots::a_lane_goes_on_with_the_next_thread();
}

#[test]
fn slots_a_ring_goes_on_with_the_next_thread() {
    slots::a_ring_goes_on_with_the_next_thread();
}

#[test]
fn slots_a_total_is_lifted_beside_a_lane() {
    slots::a_total_is_lifted_beside_a_lane();
}

#[test]
fn slots_a_ring_is_drained_once() {
    slots::a_ring_is_drained_once();
}

#[test]
fn slots_a_histogram_becomes_hot() {
    slots::a_histogram_becomes_hot();
}

#[test]
fn slots_a_gauge_tells_what_its_lanes_saw() {
    slots::a_gauge_tells_what_its_lanes_saw();
}

#[test]
fn expiry_nothing_goes_with_a_series() {
    expiry::nothing_goes_with_a_series();
}

#[test]
fn refused_values_are_told_once() {
    refused::each_refused_value_is_told_once();
}

#[test]
fn marks_increments_of_a_cold_counter_are_found() {
    marks::increments_of_a_cold_counter_are_found();
}

#[test]
fn marks_increments_in_lanes_are_found() {
    marks::increments_in_lanes_are_found();
}

#[test]
fn marks_totals_are_found() {
    marks::totals_are_found();
}

#[test]
fn marks_samples_are_found() {
    marks::samples_are_found();
}

#[test]
fn marks_values_in_lanes_are_found() {
    marks::values_in_lanes_are_found();
}

#[test]
fn marks_refusals_are_found() {
    marks::refusals_are_found();
}

#[test]
fn marks_values_of_a_gauge_are_found() {
    marks::values_of_a_gauge_are_found();
}

#[test]
fn marks_increments_in_the_first_lane_are_found() {
    marks::increments_in_the_first_lane_are_found();
}

#[test]
fn marks_a_series_that_arrives_is_found() {
    marks::a_series_that_arrives_is_found();
}
