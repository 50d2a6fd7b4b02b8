use std::collections::BTreeMap;
use std::time::Duration;

use crate::{lenient, query};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A message to send, among several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageToSend {
    /// The body, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What goes along.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, as SQS names it: `Number`, `Binary` (in base64), or one of
    /// these or `String` with a dot and a label. One that is not here is a `String`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_types: BTreeMap<String, String>,
    /// Its group, which a FIFO queue needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What a FIFO queue recognises it by when it is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    /// Milliseconds before it can be received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
}

/// Messages to send, all or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagesToSend {
    /// The messages: 1 to 1,000.
    #[serde(
        deserialize_with = "crate::lists::at_most::<_, _, { lambent_types::bounds::BATCH_MAX }>"
    )]
    pub messages: Vec<MessageToSend>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentView {
    /// Its id.
    pub id: String,
    /// Its place in the queue.
    pub sequence: u64,
    /// Whether it had been sent before, so that it was not kept.
    pub duplicate: bool,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    /// Its id, the same at every receipt.
    pub id: String,
    /// What to delete it with.
    pub receipt: String,
    /// The body, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What went along.
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, where it is no `String`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_types: BTreeMap<String, String>,
    /// Its group, on a FIFO queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its place in the queue.
    pub sequence: u64,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub sent: Timestamp,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// Messages that were received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Received {
    /// The messages.
    pub messages: Vec<MessageView>,
}

/// A message as one finds it who only looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeekedView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    #[serde(deserialize_with = "lenient::or_default")]
    pub state: MessageStateView,
    /// The body, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What went along; of a dead letter also why it is one.
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, where it is no `String`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_types: BTreeMap<String, String>,
    /// Its group, on a FIFO queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its place in the queue.
    pub sequence: u64,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub sent: Timestamp,
    /// How often it was received.
    pub receives: u32,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageStateView {
    /// It can be received, or could be if it were the first of its group.
    #[default]
    Ready,
    /// Somebody has it.
    InFlight,
    /// It is delayed, or waits to be tried again.
    Delayed,
}

impl MessageStateView {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::InFlight => "in-flight",
            Self::Delayed => "delayed",
        }
    }
}

/// A page of messages, by their place in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeekedMessages {
    /// The messages.
    pub messages: Vec<PeekedView>,
    /// Where the next page begins (`after`); `null` if this is the last.
    pub next: Option<u64>,
}

/// Which messages to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PeekMessages {
    /// Only those whose place is after this
    #[serde(deserialize_with = "query::cursor")]
    pub after: Option<u64>,
    /// At most this many: 1 to 1,000; 10 if absent
    #[serde(deserialize_with = "query::limit::<_, { lambent_types::bounds::BATCH_MAX }>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}

/// Receipts of messages to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipts {
    /// The receipts.
    pub receipts: Vec<String>,
}

/// When a message that was received can be received again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Visibility {
    /// Milliseconds from now; 0 gives it back at once.
    pub visibility_ms: u64,
}

/// Messages that were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentMessages {
    /// The messages, in the order in which they were given.
    pub messages: Vec<SentView>,
}

/// Which of several messages were deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// Of each receipt, whether it was good.
    pub deleted: Vec<bool>,
}

/// A queue that was purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Purged {
    /// How many messages there were.
    pub deleted: u64,
}

/// Dead letters that were moved back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Redriven {
    /// How many were moved, or would be.
    pub moved: u64,
}

/// How a message is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SendMessage {
    /// How long before it can be received: `5s`
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::delay")]
    #[param(value_type = Option<String>)]
    pub delay: Option<Duration>,
}

/// How messages are received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReceiveMessages {
    /// At most this many: 1 to 1,000; 10 if absent
    #[serde(deserialize_with = "query::limit::<_, { lambent_types::bounds::BATCH_MAX }>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
    /// How long nobody else receives them: `30s`; the queue's if absent
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::visibility")]
    #[param(value_type = Option<String>)]
    pub visibility: Option<Duration>,
    /// How long to wait, at most `20s`; as long as the queue says if absent
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::wait::<_, 20>")]
    #[param(value_type = Option<String>)]
    pub wait: Option<Duration>,
}

/// Which dead letters to move back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct RedriveMessages {
    /// At most this many; 1,000 if absent, or all in a dry run
    #[serde(deserialize_with = "query::limit::<_, { lambent_types::bounds::BATCH_MAX }>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
    /// The queue that they go to; else each goes back to where it came from
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub to: Option<lambent_types::QueueName>,
    /// Only those with this attribute: `errortype=InvalidInput`
    #[serde(deserialize_with = "query::attribute", serialize_with = "query::write_attribute")]
    #[param(value_type = Option<String>)]
    pub filter: Option<(String, String)>,
    /// Only count them: `true`
    #[serde(deserialize_with = "query::switch")]
    #[param(value_type = Option<bool>)]
    pub dry_run: Option<bool>,
}
