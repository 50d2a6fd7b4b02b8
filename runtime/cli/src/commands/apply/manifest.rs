//! The members of a `lambent.toml`.

use std::collections::BTreeMap;

use lambent_types::{
    BucketName, CatchUp, FunctionName, KeyspaceName, ObjectChange, Pattern, QueueName,
    ScheduleName, TriggerName,
};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::delivery::Delivery;
use super::function::Function;
use super::milliseconds::Milliseconds;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Manifest {
    /// The name of the application in the plan.
    pub(super) name: Option<String>,
    pub(super) buckets: BTreeMap<BucketName, Spanned<Nothing>>,
    pub(super) keyspaces: BTreeMap<KeyspaceName, Spanned<Nothing>>,
    pub(super) queues: BTreeMap<QueueName, Spanned<Queue>>,
    pub(super) functions: BTreeMap<FunctionName, Spanned<Function>>,
    pub(super) triggers: BTreeMap<TriggerName, Spanned<Trigger>>,
    pub(super) schedules: BTreeMap<ScheduleName, Spanned<Schedule>>,
}

/// An empty table: there is nothing to say but that it exists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Queue {
    pub(super) visibility: Option<Milliseconds>,
    pub(super) delay: Option<Milliseconds>,
    pub(super) retention: Option<Milliseconds>,
    pub(super) content_deduplication: bool,
    pub(super) dead_letter: Option<DeadLetter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetter {
    pub(super) queue: QueueName,
    pub(super) receives: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trigger {
    pub(super) function: FunctionName,
    pub(super) object: Option<ObjectSource>,
    pub(super) queue: Option<QueueSource>,
    pub(super) keyvalue: Option<KeyValueSource>,
    #[serde(default)]
    pub(super) patterns: Vec<Pattern>,
    pub(super) delivery: Option<Delivery>,
    pub(super) enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectSource {
    pub(super) bucket: BucketName,
    #[serde(default)]
    pub(super) changes: Vec<ObjectChange>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) suffix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct QueueSource {
    pub(super) queue: QueueName,
    pub(super) batch_size: Option<u32>,
    pub(super) batch_window: Option<Milliseconds>,
    pub(super) concurrency: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyValueSource {
    pub(super) keyspace: KeyspaceName,
    #[serde(default)]
    pub(super) prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Schedule {
    pub(super) function: FunctionName,
    pub(super) cron: Option<String>,
    pub(super) rate: Option<Milliseconds>,
    pub(super) at: Option<String>,
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    pub(super) catch_up: CatchUp,
    pub(super) input: Option<Value>,
    pub(super) delivery: Option<Delivery>,
    pub(super) enabled: Option<bool>,
}
