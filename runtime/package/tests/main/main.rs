//! Tests of packages: what is read, what is refused, and what is written.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canonical;
mod faults;
#[cfg(feature = "folder")]
mod folder;
mod fuzz;
mod hostile_tar;
mod hostile_zip;
mod limits;
mod memory;
mod names;
mod properties;
mod support;
