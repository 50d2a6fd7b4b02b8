//! The interfaces' promises, tested with real guests through the real engine.

#![expect(clippy::unwrap_used, reason = "tests")]

mod blobstore;
mod doubles;
mod egress;
mod examples;
mod handlers;
mod keyvalue;
mod messaging;
mod settings;
mod support;
