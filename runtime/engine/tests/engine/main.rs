//! The engine's promises, tested with real guests.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod adaptation;
mod admission;
mod blocking;
mod event;
mod inspection;
mod instances;
mod kept;
mod limits;
mod memory;
mod plugins;
mod programs;
mod requests;
mod shared;
mod support;
