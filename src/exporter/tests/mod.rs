//! What is decided without a runtime, a clock or a network: when to send, and what to do with an answer.

mod pace;
mod parcel;
