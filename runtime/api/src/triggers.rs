use crate::DepthView;
use crate::lenient;
use lambent_types::{Source, Trigger};
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
}

/// The members beside those of the trigger.
#[derive(Deserialize)]
struct Beside {
    depth: DepthView,
}

impl<'de> Deserialize<'de> for TriggerView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Value::deserialize(deserializer)?;
        if let Some(source) = members.get_mut("source") {
            lenient::drop_unknown::<Source>(source);
        }
        let Beside { depth } = lenient::of(&members)?;
        Ok(Self { trigger: lenient::of(&members)?, depth })
    }
}
