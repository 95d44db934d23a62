//! What is decided without a runtime, a clock or a network: when to send, and what to do with an answer. And what a
//! disk can do to it all, which only tests can have.

mod journaling;
mod ledger;
mod owed;
mod queue;
mod request_start;
mod stamp_age;
