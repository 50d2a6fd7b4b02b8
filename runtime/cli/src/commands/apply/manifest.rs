//! The members of a `lambent.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lambent_types::{
    BucketName, CatchUp, Destination, FunctionName, Grants, KeyspaceName, ObjectChange, Pattern,
    Provisioned, QueueName, ScheduleName, TriggerName, parse_bytes,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use toml::Spanned;

use crate::span;

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
pub(super) struct Function {
    /// Relative to the file.
    pub(super) component: PathBuf,
    pub(super) memory: Option<Bytes>,
    pub(super) timeout: Option<Milliseconds>,
    pub(super) fuel: Option<u64>,
    #[serde(default)]
    pub(super) public: bool,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) grants: Grants,
    pub(super) delivery: Option<Delivery>,
    #[serde(default)]
    pub(super) provisioned: Provisioned,
    pub(super) reuse: Option<u32>,
    pub(super) shared: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Delivery {
    pub(super) attempts: Option<u32>,
    pub(super) age: Option<Milliseconds>,
    pub(super) backoff: Option<Milliseconds>,
    pub(super) dead_letter: Option<Destination>,
    pub(super) on_failure: Option<Destination>,
    pub(super) on_success: Option<Destination>,
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

/// A duration such as `"30s"` or `"7d"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Milliseconds(pub(super) u64);

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let duration = span::parse(&text).map_err(D::Error::custom)?;
        u64::try_from(duration.as_millis()).map(Self).map_err(D::Error::custom)
    }
}

/// A size such as `"128MiB"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_bytes(&text).map(Self).map_err(D::Error::custom)
    }
}
