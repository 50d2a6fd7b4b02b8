use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::{InvalidName, check, name};

name!(
    /// A queue's name: `[A-Za-z0-9_-]{1,64}`, then `.fifo` for a FIFO queue, as in SQS;
    /// unique in its namespace ignoring case.
    QueueName,
    "queue name",
    check_queue
);

/// The names of FIFO queues end with this.
const FIFO_SUFFIX: &str = ".fifo";

impl QueueName {
    /// Returns whether it names a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

fn check_queue(what: &'static str, text: &str) -> Result<(), InvalidName> {
    check(what, text.strip_suffix(FIFO_SUFFIX).unwrap_or(text))
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
    /// What becomes of messages that nobody can handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive: Option<Redrive>,
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
            redrive: None,
        }
    }
}
