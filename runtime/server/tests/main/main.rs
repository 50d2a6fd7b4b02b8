//! The server over real sockets, with an engine that runs no WebAssembly.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it breaks")]

mod api;
mod drain;
mod fake;
mod framing;
mod limits;
mod node;
mod traffic;
