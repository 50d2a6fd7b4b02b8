//! The tree as a guest has it: against a simple model, and against a hostile guest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod layers;
mod model;
mod support;
mod volumes;
