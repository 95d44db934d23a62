//! `#[timeit]` and `#[count]`: a file for each option, and for each kind of function.

#[path = "../recorded/mod.rs"]
mod recorded;

mod by;
mod cancelled;
mod functions;
mod futures;
mod if_err;
mod krate;
mod labels;
mod lints;
mod name;
mod on_success;
mod outcome;
mod outcome_closure;
mod together;
