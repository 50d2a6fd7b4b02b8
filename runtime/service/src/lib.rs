//! Every operation on every resource, for every door: functions (deploy,
//! configure, publish, roll back, delete, read logs), buckets and objects,
//! keyspaces and keys, tables and items, queues and messages, volumes, triggers, schedules, sites, secrets,
//! parameters and usage.
//!
//! A door opens a [`Scope`] for whoever asks and takes handles from it:
//! `scope.handle::<QueueName>("orders")?.send(…)`. Names, existence, permission and the error
//! that the client reads are decided here, once; a door only parses and renders.
//! Beside `dispatch` no other crate asks a store for anything on a client's
//! behalf.
//!
//! The service knows nothing of how components are compiled: that is behind
//! [`Inspect`].

mod access_keys;
mod bucket_notifications;
mod bucket_settings;
mod buckets;
mod client_errors;
mod code_in_use;
mod contents;
mod data_plane;
mod data_scope;
mod destinations;
mod expiry_rule;
mod functions;
mod handle;
mod identities;
mod images;
mod inspect;
mod invocations;
mod keyspaces;
mod layers;
mod namespace_info;
mod namespace_quotas;
mod namespaces;
mod object_copies;
mod object_expiry;
mod object_versions;
mod objects;
mod operation;
mod packing;
mod parameters;
mod permissions;
mod policies;
mod principal;
mod published_message;
mod queues;
mod random_id;
mod records;
mod resource_name;
mod roles;
mod runtimes;
mod schedules;
mod scope;
mod sealed_records;
mod sealed_value;
mod secret_seed;
mod secrets;
mod service;
mod session;
mod sessions;
mod site_routing;
mod site_table;
mod sites;
mod specifications;
mod subscription_tokens;
mod subscriptions;
mod table_backups;
mod table_streams;
mod tables;
mod tag_rules;
mod topic_messages;
mod topic_order;
mod topics;
mod totals;
mod triggers;
mod usage;
mod version_expiry;
mod volumes;

pub use access_keys::{AccessKey, CreatedKey};
pub use bucket_notifications::{Notification, Told};
pub use bucket_settings::{BucketSettings, CorsRule};
pub use buckets::BucketHandle;
pub use data_plane::DataPlane;
pub use data_scope::DataScope;
pub use expiry_rule::{Expiry, ExpiryRule, FormerExpiry};
pub use functions::{
    AuthorizedFunction, ConcurrencyStatus, Deployed, FunctionHandle, Import, Invocable, LogFilter,
    ProvisionedStatus, Published, ReleaseStatus, RequestedFunction,
};
pub use handle::{Handle, Put};
pub use images::ImageRegistries;
pub use inspect::{Additions, Frozen, Inspect, Inspected, ProvisionedState, ProvisionedVersion};
pub use keyspaces::KeyspaceHandle;
pub use layers::LayerHandle;
pub use namespace_info::NamespaceInfo;
pub use operation::Operation;
pub use parameters::{
    FoundParameter, InvalidParameterName, NewParameter, Parameter, ParameterName, ParameterTier,
    ParameterType, ParameterValue, ParameterVersion, Selector,
};
pub use policies::{NewPolicy, PolicyHandle, PolicyUse};
pub use principal::Principal;
pub use published_message::PublishedMessage;
pub use queues::{QueueHandle, Receive};
pub use resource_name::ResourceName;
pub use roles::{NewRole, RoleHandle};
pub use schedules::ScheduleHandle;
pub use scope::Scope;
pub use secret_seed::{SecretSeed, secrets_in};
pub use secrets::{
    FoundSecret, NewPassword, NewSecret, NewVersion, Rotate, Rotation, RotationDates, Secret,
    SecretId, SecretName, SecretValue, SecretVersion, SecretVersions,
};
pub use service::{Parts, Service};
pub use session::Session;
pub use sessions::{BegunSession, ShownSession};
pub use site_routing::{Routed, RoutedSite};
pub use sites::{PutSite, SiteHandle};
pub use specifications::Specified;
pub use subscriptions::SubscriptionHandle;
pub use table_backups::{RestoreOverrides, Restored};
pub use table_streams::ReadStream;
pub use tables::{TableHandle, Transacted};
pub use topics::TopicHandle;
pub use totals::{QueueDepth, Totals};
pub use triggers::TriggerHandle;
pub use usage::UsageReport;
pub use volumes::VolumeHandle;

pub use lambent_dispatch::{LastError, TriggerStatus};

/// What the authorities of registries are given as, and what is wrong with them.
pub use lambent_fetch::{Authorities, FetchError};
/// What operations take and give, as the stores have it.
pub use lambent_storage::{
    Bucket, ByteStream, Change, Checksum, ChecksumAlgorithm, ChecksumKind, CompleteUpload,
    Condition, CopyObject, DeleteMarker, Deleted, Depth, DiskSpace, Entry, Expect, Holding,
    ItemPage, ItemPlace, ItemQuery, ItemScan, KeyPage, Keyspace, LateChecksum, ListKeys,
    ListObjects, ListVersions, ListedVersion, LogPage, Message, MessageState, MoveBack, MovedBack,
    NewMessage, Object, ObjectPage, OwnQuotas, PAGE_BYTES_MAX, Part, Peeked, PutObject, PutPart,
    Queue, QueueAttributes, Quota, Receipt, Redrive, Refusal, Scheduled, Sent, SetOptions,
    StreamChange, StreamPage, Table, TableAction, TableBackup, TableIndex, TableStream, TableWrite,
    TransactionToken, Upload, UsageRecord, Version, VersionPage, Visibility, VolumeUsage, Written,
};
