//! The dispatcher over an in-memory registry and a fake runner.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod aliases;
mod deliveries;
mod events;
mod fixture;
mod http_events;
mod releases;
mod requests;
