use crate::lenient;
use jiff::Timestamp;
use lambent_types::Schedule;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A schedule as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScheduleView {
    /// The schedule.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// When it fires next; never if null.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next: Option<Timestamp>,
    /// Why it does not fire again, in the answer to a change of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The members beside those of the schedule.
#[derive(Deserialize)]
struct Beside {
    next: Option<Timestamp>,
    warning: Option<String>,
}

impl<'de> Deserialize<'de> for ScheduleView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Value::deserialize(deserializer)?;
        let Beside { next, warning } = lenient::of(&members)?;
        Ok(Self { schedule: lenient::of(&members)?, next, warning })
    }
}
