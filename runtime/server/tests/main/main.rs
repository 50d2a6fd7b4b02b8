//! The server over real sockets, with an engine that runs no WebAssembly.

mod api;
mod drain;
mod fake;
mod framing;
mod limits;
mod node;
mod traffic;
