//! From the `metrics` macros to a sink, or to `cloudwatch-local` by the real SDK over HTTP.

#![allow(clippy::cast_precision_loss, reason = "test data are small")]

mod accounts;
mod adversarial;
mod black_hole;
mod delivery;
mod dimensions;
mod end_to_end;
mod ending;
mod idle;
mod layers;
mod leftovers;
mod outage;
mod packing;
mod poison;
mod put;
mod refusals;
mod scripted;
mod self_metrics;
mod sending;
mod skewed;
mod spool;
mod started;
mod stopping;
mod units;
mod windows;
