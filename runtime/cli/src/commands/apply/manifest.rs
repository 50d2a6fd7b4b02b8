//! The members of a `lambent.toml`.

use std::collections::BTreeMap;

use lambent_types::{BucketName, FunctionName, KeyspaceName, QueueName, ScheduleName, TriggerName};
use serde::Deserialize;
use toml::Spanned;

use super::bucket::Bucket;
use super::function::Function;
use super::keyspace::Keyspace;
use super::queue::Queue;
use super::schedule::Schedule;
use super::trigger::Trigger;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Manifest {
    /// The name of the application in the plan.
    pub(super) name: Option<String>,
    pub(super) buckets: BTreeMap<BucketName, Spanned<Bucket>>,
    pub(super) keyspaces: BTreeMap<KeyspaceName, Spanned<Keyspace>>,
    pub(super) queues: BTreeMap<QueueName, Spanned<Queue>>,
    pub(super) functions: BTreeMap<FunctionName, Spanned<Function>>,
    pub(super) triggers: BTreeMap<TriggerName, Spanned<Trigger>>,
    pub(super) schedules: BTreeMap<ScheduleName, Spanned<Schedule>>,
}
