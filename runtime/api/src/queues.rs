use crate::lenient;
use jiff::Timestamp;
use lambent_types::{QueueAttributes, QueueName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A queue as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: QueueName,
    /// How it behaves.
    #[serde(deserialize_with = "lenient::read")]
    pub attributes: QueueAttributes,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When its attributes were set last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub modified: Option<Timestamp>,
    /// How much it holds; only where one queue is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<DepthView>,
}

/// How much a queue or a trigger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DepthView {
    /// What can be received now.
    pub ready: u64,
    /// What was received and is not deleted.
    pub in_flight: u64,
    /// What is delayed.
    pub delayed: u64,
    /// When the oldest was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest: Option<Timestamp>,
}
