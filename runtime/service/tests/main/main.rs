//! The service over the embedded stores and a fake compiler.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aliases;
mod collect;
mod concurrency;
mod deploy;
mod diffs;
mod fixture;
mod guests;
mod head;
mod identities;
mod invoke;
mod layers;
mod namespaces;
mod provision;
mod quotas;
mod releases;
mod resources;
mod runtimes;
mod snapshots;
mod tables;
mod versions;
mod volumes;
