use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delivery::DeliveryPolicy;
use crate::error::Error;
use crate::name::{FunctionName, ScheduleName};

/// When a schedule fires: `rate(5 minutes)`, `at(2026-12-24T18:00:00)`, or a
/// cron expression of five fields (or six, with seconds first) as Vixie cron
/// has it: `0 9 * * MON-FRI`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct ScheduleExpression(pub String);

/// What to do about the times that passed while no node was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// Nothing: go on with the next time to come.
    Skip,
    /// Fire once, for the last of them.
    #[default]
    Once,
    /// Fire for each, oldest first, at most the last 1,000.
    All,
}

/// A function invoked at times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its name.
    #[schema(value_type = String)]
    pub name: ScheduleName,
    /// The function to invoke.
    #[schema(value_type = String)]
    pub function: FunctionName,
    /// When.
    pub expression: ScheduleExpression,
    /// The IANA time zone the expression is in, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// What to do about missed times.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The data of the event; absent: JSON that names the schedule and its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<serde_json::Value>,
    /// How events are delivered. Absent: as the function's configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryPolicy>,
    /// Whether it fires.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

fn utc() -> String {
    "UTC".into()
}

const fn enabled() -> bool {
    true
}

impl Schedule {
    /// Checks every value.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression that is wrong.
    pub fn validate(&self) -> Result<(), Error> {
        self.next_after(Timestamp::now())?;
        self.delivery.as_ref().map_or(Ok(()), DeliveryPolicy::validate)
    }

    /// The first time it fires after `time`; `None` if never again. A `rate`
    /// counts from the Unix epoch, so that it needs no memory of its start.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed.
    pub fn next_after(&self, time: Timestamp) -> Result<Option<Timestamp>, Error> {
        crate::schedule_expression::next_after(self, time)
    }
}
