//! The backend for one machine: SQLite and plain files in a data directory.

mod cache;
mod code;
mod emit;
mod event_log;
mod fatal;
mod held;
mod keyvalue;
mod logs;
mod messages;
mod objects;
mod options;
mod queues;
mod quota;
mod readers;
mod registry;
mod row;
mod rows;
mod schedules;
mod shard;
mod shards;
mod signals;
mod sqlite;
mod trigger_index;
mod triggers;
mod usage;
mod writer;

pub(crate) use code::EmbeddedCode;
pub(crate) use event_log::EmbeddedEventLog;
pub(crate) use keyvalue::EmbeddedKeyValue;
pub(crate) use logs::EmbeddedLogs;
pub(crate) use messages::sweep::MessageSweep;
pub(crate) use objects::EmbeddedObjects;
#[cfg(feature = "s3")]
pub use options::S3Options;
pub use options::{LogOptions, ObjectBytes, Options};
pub(crate) use queues::EmbeddedQueues;
pub(crate) use registry::EmbeddedRegistry;
pub(crate) use schedules::EmbeddedSchedules;
pub(crate) use shards::Shards;
pub(crate) use triggers::EmbeddedTriggers;
pub(crate) use usage::EmbeddedUsage;
