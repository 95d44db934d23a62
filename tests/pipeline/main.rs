//! From the `metrics` macros to a sink, or to `cloudwatch-local` by the real SDK over HTTP.
//!
//! One program, so that the SDK is linked once. A test that needs a process of its own starts the program again; see
//! `fixtures/alone.rs`. `LONG_TESTS=1` runs the long forms; see `fixtures/long.rs`.

#![allow(clippy::cast_precision_loss, reason = "test data are small")]

mod abandoned;
mod abrupt_ends;
mod accounts;
mod adversarial;
mod allocations;
mod answers;
mod answers_cost_little;
mod as_recorded;
mod asking;
mod before_run;
mod black_hole;
mod blocking;
mod by_matcher;
mod chaos;
mod clock_jumps;
mod conformance;
mod delivery;
mod destination_faults;
mod destinations;
mod dimensions;
mod end_to_end;
mod ending;
mod fault_hours;
mod fixtures;
mod flapping;
mod hanging_collectors;
mod health;
mod hidden_labels;
mod idle;
#[cfg(feature = "aws-config")]
mod idle_connections;
mod install;
mod isolating;
mod journal;
mod journal_folder;
mod killed;
mod killed_pairs;
mod layers;
mod left_at_the_end;
mod leftovers;
mod log_of_waits;
mod logging;
mod memory;
mod merging;
mod milestones;
mod misjudged;
mod mixed_refusals;
mod mixed_totals;
mod name_rules;
mod on_snapshot;
mod outage;
mod own_sinks;
mod own_work;
mod packing;
mod periods;
mod poison;
mod publish;
mod put;
mod recorded_by_closures;
mod refusal_bounds;
mod refusals;
mod retry_after;
mod same_data;
mod same_numbers;
mod self_metrics;
mod sending;
mod series_limit;
mod silence;
mod skewed;
mod slow_credentials;
mod stopping;
mod total_faults;
mod totals;
mod totals_journal;
mod totals_killed;
mod units;
mod unknown_fates;
mod whose_timeout;
mod windows;
mod without_timers;
mod wrong_places;
