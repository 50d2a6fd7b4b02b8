//! The product's promises, proven through the real binary over real sockets:
//! one file per promise.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod architecture;
mod bad_input;
mod cli;
mod client;
mod compile_bomb;
mod drain;
mod durability;
mod events;
mod framing;
mod idle;
mod isolation;
mod lifecycle;
mod limits;
mod logs_and_metrics;
mod node;
mod peers;
mod protocol;
mod streaming;
