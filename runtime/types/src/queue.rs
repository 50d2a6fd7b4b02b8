use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::annotations::Annotations;
use crate::limits::bounds;
use crate::name::{InvalidName, check_within, name};

name!(
    /// A queue's name: `[A-Za-z0-9_-]`, then `.fifo` for a FIFO queue, 80 characters in all, as in
    /// SQS; unique in its namespace ignoring case.
    QueueName,
    "queue name",
    check_queue
);

/// The names of FIFO queues end with this.
const FIFO_SUFFIX: &str = ".fifo";
/// Most characters of a queue's name, with the suffix; SQS's.
const QUEUE_NAME_CHARS_MAX: usize = 80;

impl QueueName {
    /// Returns whether it names a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

fn check_queue(what: &'static str, text: &str) -> Result<(), InvalidName> {
    let (text, most) = match text.strip_suffix(FIFO_SUFFIX) {
        Some(text) => (text, QUEUE_NAME_CHARS_MAX - FIFO_SUFFIX.len()),
        None => (text, QUEUE_NAME_CHARS_MAX),
    };
    check_within(what, text, most)
}

/// How a queue behaves; the defaults are those of SQS. Whether it is FIFO says
/// its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueAttributes {
    /// Milliseconds a received message stays invisible to other receivers.
    pub visibility_timeout_ms: u64,
    /// Milliseconds before a sent message can be received.
    pub delay_ms: u64,
    /// Milliseconds after which a message that nobody deleted is gone.
    pub retention_ms: u64,
    /// FIFO: a message without a deduplication id is deduplicated by its body.
    pub content_deduplication: bool,
    /// FIFO: a duplicate is told within its group, and not within the whole queue.
    pub deduplication_per_group: bool,
    /// Milliseconds that a receiver waits for the first message who does not say how long.
    pub wait_ms: u64,
    /// Most bytes of a message, its attributes included.
    #[schema(maximum = 1_048_576)]
    pub message_bytes_max: u64,
    /// What becomes of messages that nobody can handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive: Option<Redrive>,
    /// The queues that may send their dead letters here; every one, if this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub dead_letters_from: Option<Vec<QueueName>>,
    /// Labels for people and tools.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What tools note of it for themselves.
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl QueueAttributes {
    /// Returns whether a queue may send its dead letters here.
    #[must_use]
    pub fn takes_dead_letters_of(&self, queue: &QueueName) -> bool {
        let listed = |queues: &Vec<QueueName>| queues.iter().any(|one| one.key() == queue.key());
        self.dead_letters_from.as_ref().is_none_or(listed)
    }
}

/// What becomes of messages that nobody can handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// The queue they go to, in the same namespace and of the same kind.
    #[schema(value_type = String)]
    pub queue: QueueName,
    /// How often a message is received before: 1 to 1,000.
    pub receives_max: u32,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            visibility_timeout_ms: 30_000,
            delay_ms: 0,
            retention_ms: 4 * 24 * 3600 * 1000,
            content_deduplication: false,
            deduplication_per_group: false,
            wait_ms: 0,
            message_bytes_max: bounds::VALUE_BYTES_MAX as u64,
            redrive: None,
            dead_letters_from: None,
            tags: BTreeMap::new(),
            annotations: Annotations::default(),
        }
    }
}
