//! The engine's promises, tested with real guests.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod adaptation;
mod admission;
mod blocking;
mod event;
mod examples;
mod inspection;
mod instances;
mod kept;
mod limits;
mod machine;
mod memory;
mod plugins;
mod precompiled;
mod programs;
mod requests;
mod shared;
mod support;
