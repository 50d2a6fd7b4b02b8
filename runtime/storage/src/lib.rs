//! What the runtime keeps: one small trait per concern, and two backends.
//!
//! - [`Registry`]: functions and their versions.
//! - [`CodeStore`]: components, by the digest of their bytes.
//! - [`InvocationLogs`]: what finished invocations did, used and wrote.
//! - [`Objects`], [`KeyValue`], [`Queues`]: what functions and their users keep.
//! - [`Triggers`], [`Schedules`]: what makes functions run.
//! - [`EventLog`]: what happened and is not handled yet.
//! - [`Usage`]: what invocations used, added up.
//!
//! No promise needs a transaction over two of them: a change and its event
//! commit together, and everything that follows runs from the event log.
//!
//! [`Stores::embedded`] keeps them in a [`DataDir`] on this machine's disk. The feature `testing`
//! adds a backend in memory (`memory`), the checks that every backend must pass
//! (`contract`), and stores that fail when they are told to (`fault`). No release has it.

pub mod backend;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "testing")]
pub mod fault;
pub mod layout;
#[cfg(feature = "testing")]
pub mod memory;

mod change_event;
mod checked;
mod code;
mod data_dir;
mod embedded;
mod error;
mod event_log;
mod keyvalue;
mod ledger;
mod logs;
mod objects;
mod queues;
mod quota;
mod registry;
mod schedules;
mod space;
mod stores;
mod triggers;
mod upkeep;
mod usage;

pub use code::CodeStore;
pub use data_dir::{DataDir, write_file};
pub use embedded::{LogOptions, Options};
pub use error::{OpenError, StorageError, WriteError};
pub use event_log::{AppendError, Channel, Delivery, EventLog, Settlement};
pub use keyvalue::{
    Change, Entry, Expect, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, SetOptions,
};
pub use logs::{InvocationLogs, LogPage, LogQuery};
pub use objects::{
    Bucket, ByteStream, Condition, ListObjects, Object, ObjectError, ObjectPage, Objects, Part,
    PutObject, Upload,
};
pub use queues::{
    Depth, Message, NewMessage, Queue, QueueAttributes, QueueError, Queues, Receipt, Redrive, Sent,
    Visibility,
};
pub use quota::{Holding, Quota, QuotaExceeded, Quotas};
pub use registry::{Expected, Registry};
pub use schedules::{ScheduleError, Scheduled, Schedules};
pub use space::{DiskSpace, Space, default_reserve};
pub use stores::Stores;
pub use triggers::{TriggerError, Triggers};
pub use usage::{Usage, UsageRecord, Used};
