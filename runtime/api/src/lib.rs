//! The native HTTP API (`/v1`): what goes over the wire, each thing declared once.
//!
//! A type here is what the server serialises and what a client reads, and its
//! OpenAPI schema is derived from the same declaration. [`paths`] and [`headers`]
//! hold the names, [`query`] reads and writes queries. The feature `client` adds
//! [`client`], a blocking client with a method for every operation.
//!
//! Requests refuse members that they do not know. Answers ignore them, since the
//! server may be newer than its client.

#[cfg(feature = "client")]
pub mod client;
pub mod headers;
pub mod kinds;
pub mod paths;
pub mod query;

mod access_keys;
mod aliases;
mod binary;
mod concurrency;
mod functions;
mod items;
mod keys;
mod layers;
mod lenient;
mod lists;
mod logs;
mod messages;
mod namespaces;
mod objects;
mod queues;
mod releases;
mod runtimes;
mod schedules;
mod secrets;
mod sites;
mod streams;
mod table_backups;
mod topics;
mod triggers;
mod uploads;
mod usage;
mod volumes;

pub use access_keys::{AccessKeyView, AccessKeys, NewAccessKey};
pub use aliases::{AliasList, ListAliases};
pub use binary::Binary;
pub use concurrency::{
    ConcurrencyView, ProvisionInstances, ProvisionedList, ProvisionedStatus, ProvisionedView,
    ReserveConcurrency,
};
pub use functions::{
    CompareVersions, DeployForm, DeployImage, DescribeFunction, FunctionView, Functions,
    ImportView, ListFunctions, ListVersions, Qualified, Rollback, RunsOn, Versions,
};
pub use items::{
    FoundItems, GetItems, ItemWrite, Items, Placeholders, QueryItems, ScanItems, TableIndexView,
    TableView, WriteItems, WrittenItem, WrittenItems,
};
pub use keys::{Batch, BatchChange, Counter, Increment, Keys, ListKeys, Revisions, SetKey};
pub use kinds::{BucketSpec, BucketView, KeyspaceView};
pub use layers::LayerList;
pub use logs::{LogEntry, Logs, ReadLogs, Since};
pub use messages::{
    Deleted, MessageStateView, MessageToSend, MessageView, MessagesToSend, PeekMessages,
    PeekedMessages, PeekedView, Purged, Receipts, ReceiveMessages, Received, RedriveMessages,
    Redriven, SendMessage, SentMessages, SentView, Visibility,
};
pub use namespaces::{Contents, DeleteNamespace, NamespaceSpec, NamespaceView, Namespaces};
pub use objects::{ListObjects, ObjectView, Objects};
pub use queues::{DepthView, QueueView};
pub use releases::{ChangeRelease, ReleaseList, ReleaseView};
pub use runtimes::{InstallRuntime, RuntimeView, Runtimes};
pub use schedules::ScheduleView;
pub use secrets::{
    ListParameters, ParameterKind, ParameterVersionView, ParameterView, Parameters, PutParameter,
    ReadParameter, ReadSecret, SecretView, Secrets,
};
pub use sites::SiteView;
pub use streams::{DescribeStream, ReadStream, StreamRecordView, StreamRecords, TableStreamView};
pub use table_backups::{
    BackUpTable, ListTableBackups, RestoreTable, TableBackupView, TableBackups,
};
pub use topics::{PublishedView, SubscriptionView, TopicView};
pub use triggers::{LastErrorView, TriggerStatusView, TriggerView};
pub use uploads::{BeginUpload, Completion, NamedPart, PartView, Parts, UploadView, Uploads};
pub use usage::{ReadUsage, UsageView};
pub use volumes::{VolumeUsageView, VolumeView};

/// The plain data that requests and answers hold.
pub use lambent_tables as tables;
pub use lambent_types as types;
pub use lambent_types::{ErrorCode, Problem};

/// The media type of a component.
pub const WASM: &str = "application/wasm";
/// The media type of a package that is a zip, which a download of one is too.
pub const ZIP: &str = "application/zip";
/// The media types of packages.
pub const PACKAGES: [&str; 4] =
    [ZIP, "application/gzip", "application/x-tar", "application/x-gzip"];
/// The media type of several messages in one request.
pub const MESSAGES: &str = "application/vnd.lambent.messages+json";
/// The media type of a [`Problem`].
pub const PROBLEM: &str = "application/problem+json";
/// Items on a page of functions, versions, keys or log records where none says how many.
pub const PAGE_DEFAULT: usize = 100;
