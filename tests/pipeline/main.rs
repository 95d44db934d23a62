//! From the `metrics` macros to a sink, or to `cloudwatch-local` by the real SDK over HTTP.

#![allow(clippy::cast_precision_loss, reason = "test data are small")]

mod accounts;
mod delivery;
mod dimensions;
mod end_to_end;
mod ending;
mod idle;
mod layers;
mod packing;
mod put;
mod refusals;
mod scripted;
mod sending;
mod spool;
mod started;
mod units;
mod windows;
