//! What the runtime keeps: one small trait per concern. Backends are crates of their own.
//!
//! - [`Registry`]: functions and their versions.
//! - [`CodeStore`]: components, by the digest of their bytes.
//! - [`InvocationLogs`]: what finished invocations did, used and wrote.
//! - [`Objects`], [`KeyValue`], [`Queues`]: what functions and their users keep.
//! - [`Tables`]: the tables and items of DynamoDB, with their indexes.
//! - [`Resources`]: what is nothing but a specification, such as a trigger; [`Schedules`]:
//!   when those of them fire.
//! - [`Volumes`]: the files of volumes, which functions share.
//! - [`EventLog`]: events that are not handled yet.
//! - [`Usage`]: what invocations used, added up.
//!
//! [`Changes`] are the feeds of the registry and of resources: how a node learns what another
//! changed.
//!
//! No promise needs a transaction over two of them: a change and its event
//! commit together, and everything that follows runs from the event log.
//!
//! [`Stores`] are made of what a [`backend`] brings; `lambent-storage-embedded` keeps them in a
//! directory of this machine. The feature `testing` adds a backend in memory (`memory`), the
//! checks that every backend must pass (`contract`), and stores that fail when they are told
//! to (`fault`). No release has it.

pub mod backend;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "testing")]
pub mod fault;
#[cfg(feature = "testing")]
pub mod memory;

mod change_event;
mod change_log;
mod changes;
mod channel;
mod checked;
mod code;
mod disk;
mod error;
mod event_log;
mod follower;
mod keyvalue;
mod ledger;
mod logs;
mod namespace_quotas;
mod objects;
mod queues;
mod quota;
mod registry;
mod resources;
mod schedules;
mod space;
mod specifications;
mod stores;
mod sync;
mod tables;
mod upkeep;
mod usage;
mod volumes;

pub use changes::{Batch, Changed, Changes, Position};
pub use code::{CodeStore, OpenCode};
pub use disk::Disk;
pub use error::{ConcurrencyRefused, StorageError, WriteError};
pub use event_log::{AppendError, Channel, Delivery, EventLog, Settlement};
pub use follower::{Follower, News};
pub use keyvalue::{
    Change, Entry, Expect, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, SetOptions,
};
pub use logs::{InvocationLogs, LogPage, LogQuery};
pub use namespace_quotas::{NamespaceQuotas, OwnQuotas};
pub use objects::{
    Bucket, ByteStream, Checksum, ChecksumAlgorithm, ChecksumKind, CompleteUpload, Condition,
    CopyObject, DeleteMarker, Deleted, LateChecksum, ListObjects, ListVersions, ListedVersion,
    Object, ObjectError, ObjectPage, ObjectPlace, Objects, Part, PutObject, PutPart, Upload,
    Version, VersionPage,
};
pub use queues::{
    DeadEvent, DeadFacts, Depth, GiveUp, Message, MessageState, MoveBack, MovedBack, NewMessage,
    Peeked, Queue, QueueAttributes, QueueError, Queues, Receipt, Redrive, Sent, Visibility,
};
pub use quota::{Holding, Quota, QuotaExceeded, Quotas};
pub use registry::{Expected, Registry};
pub use resources::{NewResource, ResourceError, ResourceId, Resources, StoredResource};
pub use schedules::{Scheduled, Schedules};
pub use space::{DiskSpace, Space, default_reserve};
pub use specifications::{Page, Specifications, Stored};
pub use stores::Stores;
pub use tables::{
    ItemPage, ItemPlace, ItemQuery, ItemScan, PAGE_BYTES_MAX, Refusal, StreamChange, StreamPage,
    Table, TableAction, TableBackup, TableError, TableIndex, TableStream, TableWrite, Tables,
    TransactionToken, Written,
};
pub use usage::{Usage, UsageRecord, Used};
pub use volumes::{VOLUME_BLOCK_BYTES, VolumeError, VolumeUsage, Volumes, volume_weight};
