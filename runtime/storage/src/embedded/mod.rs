//! The backend for one machine: SQLite and plain files in a data directory.

mod cache;
mod code;
#[expect(dead_code, reason = "used by what is added next")]
mod emit;
mod fatal;
mod keyvalue;
mod log_writer;
mod logs;
mod objects;
mod options;
#[expect(dead_code, reason = "used by what is added next")]
mod quota;
mod readers;
mod registry;
mod row;
mod rows;
#[expect(dead_code, reason = "used by what is added next")]
mod shard;
mod shards;
#[expect(dead_code, reason = "used by what is added next")]
mod signals;
mod sqlite;
mod usage;
mod writer;

pub(crate) use code::EmbeddedCode;
pub(crate) use keyvalue::EmbeddedKeyValue;
pub(crate) use logs::EmbeddedLogs;
pub(crate) use objects::EmbeddedObjects;
#[cfg(feature = "s3")]
pub use options::S3Options;
pub use options::{LogOptions, ObjectBytes, Options};
pub(crate) use registry::EmbeddedRegistry;
pub(crate) use shards::Shards;
pub(crate) use usage::EmbeddedUsage;
