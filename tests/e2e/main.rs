//! The product's promises, proven through the real binary over real sockets:
//! one file per promise.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod adapt_bomb;
mod apply;
mod architecture;
mod bad_input;
mod cli;
mod cli_input;
mod cli_keys;
mod cli_resources;
mod client;
mod compile_bomb;
mod crash;
mod cycles;
mod deliveries;
mod disk_full;
mod drain;
mod durability;
mod events;
mod framing;
mod idle;
mod image;
mod instances;
mod isolation;
mod javascript;
mod keyvalue;
mod kv_audit;
mod languages;
mod layers;
mod lifecycle;
mod limits;
mod logs_and_metrics;
mod memory;
mod namespaces;
mod node;
mod objects;
mod order_queue;
mod packages;
mod peers;
mod protocol;
mod python;
mod queues;
mod recursion;
mod reload;
mod resources;
mod runtimes;
mod schedules;
mod snapshots;
mod streaming;
mod thumbnail_pipeline;
mod time_limits;
mod triggers;
mod two_nodes;
mod typed;
mod upgrade;
