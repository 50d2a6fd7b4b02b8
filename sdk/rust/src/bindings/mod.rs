//! The types, imports and exports of the WIT in `wit`, as wit-bindgen makes them: the test
//! `bindings` of `lambent-sdk-macros` generates them. Authors of functions see the rest of the crate instead.
//! Of capabilities there are none where functions are tested: see `crate::testing`.

#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    unsafe_code,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "they are generated"
)]

/// Batch handlers have a world of their own, so that a component exports only one of
/// the two.
#[rustfmt::skip]
pub mod batch;
/// The bindings under `crate::bucket`.
#[cfg(all(feature = "bucket", target_family = "wasm"))]
#[rustfmt::skip]
pub mod bucket;
#[rustfmt::skip]
pub mod function;
/// The bindings under `crate::keyspace`.
#[cfg(all(feature = "keyspace", target_family = "wasm"))]
#[rustfmt::skip]
pub mod keyspace;
/// The bindings under `crate::queue`.
#[cfg(all(feature = "queue", target_family = "wasm"))]
#[rustfmt::skip]
pub mod queue;
