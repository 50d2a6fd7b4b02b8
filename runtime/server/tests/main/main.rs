//! The server over real sockets, with an engine that runs no WebAssembly.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it breaks")]

mod api;
mod backend;
mod conditions;
mod deliveries;
mod drain;
mod fake;
mod floods;
mod framing;
mod hostile;
mod keys;
mod limits;
mod namespaces;
mod node;
mod objects;
mod queues;
mod tables;
mod traffic;
mod unread_bodies;
