use crate::DepthView;
use crate::lenient;
use jiff::Timestamp;
use lambent_types::{RequestId, Source, Trigger};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A trigger as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TriggerView {
    /// The trigger.
    #[serde(flatten)]
    pub trigger: Trigger,
    /// What waits for it: its events, or the messages of its queue.
    pub depth: DepthView,
    /// How its deliveries went since the node started.
    pub status: TriggerStatusView,
}

/// How the deliveries of a trigger went since the node started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct TriggerStatusView {
    /// The last that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastErrorView>,
    /// When one last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success: Option<Timestamp>,
}

/// A delivery that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastErrorView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// The kind of failure.
    pub kind: String,
    /// What was said of it.
    pub message: String,
    /// The invocation; none if the function could not be invoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
}

/// The members beside those of the trigger.
#[derive(Deserialize)]
struct Beside {
    depth: DepthView,
    #[serde(default)]
    status: TriggerStatusView,
}

impl<'de> Deserialize<'de> for TriggerView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Value::deserialize(deserializer)?;
        if let Some(source) = members.get_mut("source") {
            lenient::drop_unknown::<Source>(source);
        }
        let Beside { depth, status } = lenient::of(&members)?;
        Ok(Self { trigger: lenient::of(&members)?, depth, status })
    }
}
