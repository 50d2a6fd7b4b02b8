use std::collections::BTreeMap;

use lambent_types::{QueueAttributes, QueueName, Redrive};
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use super::units::{Milliseconds, Size, shown};

/// A queue of messages; one whose name ends in `.fifo` keeps the order of each group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Queue {
    /// How long a message that was received is hidden from others: up to 12h.
    #[schema(value_type = Option<String>, default = default_visibility)]
    visibility: Option<Milliseconds>,
    /// How long a message is hidden at first: up to 15m.
    #[schema(value_type = Option<String>, default = default_delay)]
    delay: Option<Milliseconds>,
    /// How long a message is kept: 1m to 14d.
    #[schema(value_type = Option<String>, default = default_retention)]
    retention: Option<Milliseconds>,
    /// Whether messages with the same content within five minutes are one; for `.fifo` queues.
    #[serde(default)]
    content_deduplication: bool,
    /// Whether messages are told as the same within their group alone; for `.fifo` queues.
    #[serde(default)]
    deduplication_per_group: bool,
    /// How long a receiver waits for a message who does not say: up to 20s.
    #[schema(value_type = Option<String>, default = default_wait)]
    wait: Option<Milliseconds>,
    /// The largest message, its attributes included: up to 1MiB.
    #[schema(value_type = Option<String>)]
    message_max: Option<Size>,
    /// The queues that may send their dead letters here; every one, if this is absent.
    #[schema(value_type = Option<Vec<String>>)]
    dead_letters_from: Option<Vec<QueueName>>,
    /// Labels, for people and tools.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Where messages go that were received too often.
    dead_letter: Option<DeadLetter>,
}

fn default_wait() -> String {
    shown(QueueAttributes::default().wait_ms)
}

fn default_visibility() -> String {
    shown(QueueAttributes::default().visibility_timeout_ms)
}

fn default_delay() -> String {
    shown(QueueAttributes::default().delay_ms)
}

fn default_retention() -> String {
    shown(QueueAttributes::default().retention_ms)
}

/// Where messages of a queue go in the end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "a table: { queue = \"NAME\", receives = 3 }")]
struct DeadLetter {
    /// The queue that takes them.
    #[schema(value_type = String)]
    queue: QueueName,
    /// How often a message is received before: 1 to 1,000.
    receives: u32,
}

impl Entry for Queue {
    const KIND: Kind = Kind::Queue;
    type Name = QueueName;
    type Spec = QueueAttributes;

    fn spec(&self, _: &QueueName, _: &Context) -> Result<QueueAttributes, Fault> {
        let default = QueueAttributes::default();
        let or = |given: Option<Milliseconds>, default: u64| given.map_or(default, |ms| ms.0);
        let redrive = self.dead_letter.as_ref();
        Ok(QueueAttributes {
            visibility_timeout_ms: or(self.visibility, default.visibility_timeout_ms),
            delay_ms: or(self.delay, default.delay_ms),
            retention_ms: or(self.retention, default.retention_ms),
            content_deduplication: self.content_deduplication,
            deduplication_per_group: self.deduplication_per_group,
            wait_ms: or(self.wait, default.wait_ms),
            message_bytes_max: self.message_max.map_or(default.message_bytes_max, |size| size.0),
            dead_letters_from: self.dead_letters_from.clone(),
            tags: self.tags.clone(),
            annotations: default.annotations.clone(),
            redrive: redrive
                .map(|dead| Redrive { queue: dead.queue.clone(), receives_max: dead.receives }),
        })
    }

    fn references(attributes: &QueueAttributes) -> Vec<(Kind, String)> {
        let redrive = attributes.redrive.iter();
        redrive.map(|redrive| (Kind::Queue, redrive.queue.to_string())).collect()
    }
}
