use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delivery::DeliveryPolicy;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::handler::Incoming;
use crate::name::{BucketName, KeyspaceName, name};
use crate::pattern::Pattern;
use crate::qualifier::QualifiedFunction;
use crate::queue::QueueName;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};
use crate::table_source::TableSource;

name!(
    /// A trigger's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    TriggerName,
    "trigger name"
);

/// A kind of change of an object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ObjectChange {
    /// The object was written, for the first time or again.
    Created,
    /// The object was deleted.
    Deleted,
}

/// The source of a trigger's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// Changes of the objects in a bucket.
    Object {
        /// The bucket.
        #[schema(value_type = String)]
        bucket: BucketName,
        /// The changes that make events; both kinds if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<ObjectChange>,
        /// Only keys that begin with this text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// Only keys that end with this text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        suffix: String,
    },
    /// Messages of a queue.
    Queue {
        /// The queue.
        #[schema(value_type = String)]
        queue: QueueName,
        /// Most messages in one batch: 1 to 1,000. Only a function with a batch
        /// handler gets more than one at a time.
        #[serde(default = "default_batch_size")]
        batch_size: u32,
        /// Milliseconds to wait for a batch to fill: 0 to 300,000.
        #[serde(default)]
        batch_window_ms: u64,
        /// Most invocations of this trigger at once: 1 to 1,000.
        #[serde(default = "default_concurrency")]
        concurrency_max: u32,
        /// Whether the messages count as failed that the answer of a function of a runtime names in
        /// `batchItemFailures`. Without, the answer says nothing: as on Lambda, where this is
        /// `ReportBatchItemFailures`, which has to be asked for there.
        #[serde(default = "taken", skip_serializing_if = "Clone::clone")]
        item_failures: bool,
    },
    /// Changes of the keys in a keyspace. The changes of one key are delivered in order.
    #[serde(rename = "keyvalue")]
    KeyValue {
        /// The keyspace.
        #[schema(value_type = String)]
        keyspace: KeyspaceName,
        /// Only keys that begin with this text.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
    },
    /// Changes of the items of a table, as its stream has them. The changes of one item are handed
    /// over in order.
    Table(TableSource),
}

/// The resource whose changes, or whose messages, are the events of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceResource<'s> {
    /// The word for one of its kind.
    pub noun: &'static str,
    /// Its name.
    pub name: &'s str,
    /// The error if it does not exist.
    pub not_found: ErrorCode,
}

impl Source {
    /// What its events are to a function.
    #[must_use]
    pub const fn incoming(&self) -> Incoming {
        match self {
            Self::Object { .. } => Incoming::Event,
            Self::Queue { .. } => Incoming::Message,
            Self::KeyValue { .. } => Incoming::KeyChange,
            Self::Table(_) => Incoming::ItemChange,
        }
    }

    /// Whether its events are received where they are, and not from the event log.
    #[must_use]
    pub const fn is_polled(&self) -> bool {
        match self {
            Self::Queue { .. } | Self::Table(_) => true,
            Self::Object { .. } | Self::KeyValue { .. } => false,
        }
    }

    /// The resource that it is about.
    #[must_use]
    pub fn resource(&self) -> SourceResource<'_> {
        let (noun, name, not_found) = match self {
            Self::Object { bucket, .. } => ("bucket", bucket.as_str(), ErrorCode::BucketNotFound),
            Self::Queue { queue, .. } => ("queue", queue.as_str(), ErrorCode::QueueNotFound),
            Self::KeyValue { keyspace, .. } => {
                ("keyspace", keyspace.as_str(), ErrorCode::KeyspaceNotFound)
            }
            Self::Table(source) => ("table", source.table.as_str(), ErrorCode::TableNotFound),
        };
        SourceResource { noun, name, not_found }
    }
}

/// How many messages a function is given at a time where a queue's trigger does not
/// say: Lambda's default for SQS.
pub const BATCH_SIZE_DEFAULT: u32 = 10;
/// How many invocations a queue's trigger runs at a time where it does not say.
pub const CONCURRENCY_DEFAULT: u32 = 50;

const fn default_batch_size() -> u32 {
    BATCH_SIZE_DEFAULT
}

const fn taken() -> bool {
    true
}

const fn default_concurrency() -> u32 {
    CONCURRENCY_DEFAULT
}

/// The queue in which the events of a trigger become messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueTarget {
    /// The queue.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// If given, a message's body is the notification that S3 sends of the change of an object, and
    /// this its `configurationId`. Else it is the event's data, and its attributes say the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_configuration: Option<String>,
}

/// An event source wired to a function, or to a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The trigger's name.
    #[schema(value_type = String)]
    pub name: TriggerName,
    /// The function that handles the events: its name, and a version or an alias after a colon if
    /// it is not to be its head. None if they are sent to a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub function: Option<QualifiedFunction>,
    /// The queue in which each event becomes a message, if no function handles them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_to: Option<QueueTarget>,
    /// The source of the events.
    pub source: Source,
    /// Only events that match one of these; all if empty. At most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub patterns: Vec<Pattern>,
    /// How events are delivered; if absent, as the function's configuration says. The
    /// messages of a queue are retried as the queue says, and take only the
    /// destinations from here; the changes of a table as their source says, and take only
    /// `on_failure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryPolicy>,
    /// Whether events are delivered. The events of a disabled trigger wait.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

impl Specification for Trigger {
    const KIND: ResourceKind = ResourceKind { noun: "trigger", quota: Quota::Triggers };
    type Name = TriggerName;

    fn name(&self) -> &TriggerName {
        &self.name
    }
}

const fn enabled() -> bool {
    true
}

/// Most patterns of one trigger; Lambda's quota.
const PATTERNS_MAX: usize = 10;

impl Trigger {
    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member, its value and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        self.validate_target()?;
        if let Source::Queue { batch_size, batch_window_ms, concurrency_max, .. } = &self.source {
            if !(1..=1000).contains(batch_size) {
                return invalid(format!("batch_size is {batch_size}; it must be 1 to 1000"));
            }
            if *batch_window_ms > 300_000 {
                return invalid(format!(
                    "batch_window_ms is {batch_window_ms}; the most is 300000"
                ));
            }
            if !(1..=1000).contains(concurrency_max) {
                return invalid(format!(
                    "concurrency_max is {concurrency_max}; it must be 1 to 1000"
                ));
            }
        }
        if let Source::Table(source) = &self.source {
            source.validate(self.delivery.as_ref())?;
        }
        if self.patterns.len() > PATTERNS_MAX {
            return invalid(format!(
                "there are {} patterns; the most is {PATTERNS_MAX}",
                self.patterns.len()
            ));
        }
        for pattern in &self.patterns {
            pattern.validate().or_else(|error| invalid(error.to_string()))?;
        }
        self.delivery.as_ref().map_or(Ok(()), DeliveryPolicy::validate)
    }

    /// Checks that its events go to one place, which can take them.
    fn validate_target(&self) -> Result<(), Error> {
        let invalid = |detail: &str| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        let target = match (&self.function, &self.send_to) {
            (Some(_), None) => return Ok(()),
            (None, Some(target)) => target,
            _ => return invalid("a trigger has either a function or a queue that it sends to"),
        };
        if self.source.is_polled() {
            return invalid("messages of queues and changes of tables are handled by a function");
        }
        if target.s3_configuration.is_some() && !matches!(self.source, Source::Object { .. }) {
            return invalid("the notifications of S3 are of changes of objects alone");
        }
        let sends_on = |policy: &DeliveryPolicy| {
            policy.dead_letter.is_some()
                || policy.on_failure.is_some()
                || policy.on_success.is_some()
        };
        if self.delivery.as_ref().is_some_and(sends_on) {
            return invalid("a trigger that sends to a queue has no destinations beside it");
        }
        Ok(())
    }
}
