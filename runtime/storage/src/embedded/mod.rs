//! The backend for one machine: SQLite and plain files in a data directory.

mod cache;
mod code;
mod log_writer;
mod logs;
mod options;
mod readers;
mod registry;
mod rows;
mod sqlite;
mod stores;
mod writer;

pub use options::{LogOptions, Options};
pub use stores::Embedded;
