use lambent_types::{QueueAttributes, QueueName, Redrive};
use serde::Deserialize;

use super::entry::Entry;
use super::kind::Kind;
use super::milliseconds::Milliseconds;

/// A queue in a `lambent.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Queue {
    visibility: Option<Milliseconds>,
    delay: Option<Milliseconds>,
    retention: Option<Milliseconds>,
    content_deduplication: bool,
    dead_letter: Option<DeadLetter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadLetter {
    queue: QueueName,
    receives: u32,
}

impl Entry for Queue {
    const KIND: Kind = Kind::Queue;
    type Name = QueueName;
    type Spec = QueueAttributes;

    fn spec(&self, _: &QueueName) -> Result<QueueAttributes, String> {
        let default = QueueAttributes::default();
        let or = |given: Option<Milliseconds>, default: u64| given.map_or(default, |ms| ms.0);
        let redrive = self.dead_letter.as_ref();
        Ok(QueueAttributes {
            visibility_timeout_ms: or(self.visibility, default.visibility_timeout_ms),
            delay_ms: or(self.delay, default.delay_ms),
            retention_ms: or(self.retention, default.retention_ms),
            content_deduplication: self.content_deduplication,
            redrive: redrive
                .map(|dead| Redrive { queue: dead.queue.clone(), receives_max: dead.receives }),
        })
    }

    fn references(attributes: &QueueAttributes) -> Vec<(Kind, String)> {
        let redrive = attributes.redrive.iter();
        redrive.map(|redrive| (Kind::Queue, redrive.queue.to_string())).collect()
    }
}
