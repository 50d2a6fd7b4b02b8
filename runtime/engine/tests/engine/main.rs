//! The engine's promises, tested with real guests.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod adaptation;
mod admission;
mod event;
mod inspection;
mod instances;
mod limits;
mod memory;
mod programs;
mod requests;
mod shared;
mod support;
