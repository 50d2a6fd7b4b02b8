//! The types, imports and exports of the WIT in `wit`, as wit-bindgen makes them: the test
//! `bindings` of `lambent-sdk-macros` generates them. Authors of functions see the rest of the crate instead.

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
#[cfg(feature = "bucket")]
#[rustfmt::skip]
pub mod bucket;
#[rustfmt::skip]
pub mod function;
/// The bindings under `crate::keyspace`.
#[cfg(feature = "keyspace")]
#[rustfmt::skip]
pub mod keyspace;
/// The bindings under `crate::queue`.
#[cfg(feature = "queue")]
#[rustfmt::skip]
pub mod queue;
