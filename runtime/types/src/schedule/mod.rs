//! Schedules, their expressions, and the times at which they fire.

mod cron;
mod expression;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::expression::Expression;
use crate::annotations::Annotations;
use crate::delivery::DeliveryPolicy;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::limits::bounds;
use crate::name::name;
use crate::qualifier::QualifiedFunction;
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};

name!(
    /// A schedule's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    ScheduleName,
    "schedule name"
);

/// The expression of a schedule: `rate(5 minutes)`; `at(2026-12-24T18:00:00)`; a cron
/// expression of Vixie cron, with five fields (or six, with seconds first) such as
/// `0 9 * * MON-FRI`, or with a name such as `@daily`; or one of EventBridge, with a
/// year at its end, such as `cron(0 9 ? * MON-FRI *)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct ScheduleExpression(pub String);

impl ScheduleExpression {
    /// Returns the times of the expression in UTC.
    ///
    /// # Errors
    /// `InvalidConfiguration`: it is malformed.
    pub fn times(&self) -> Result<Times, Error> {
        Ok(Times { expression: Expression::parse(&self.0)?, zone: TimeZone::UTC })
    }
}

/// How to catch up on the times that passed while no node was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// Do nothing, and go on with the next time to come.
    Skip,
    /// Fire once, for the last time that was missed.
    #[default]
    Once,
    /// Fire for each missed time, oldest first, at most for the last 1,000.
    All,
}

/// A schedule, which invokes a function at certain times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The schedule's name.
    #[schema(value_type = String)]
    pub name: ScheduleName,
    /// The function to invoke.
    #[schema(value_type = String)]
    pub function: QualifiedFunction,
    /// When the schedule fires.
    pub expression: ScheduleExpression,
    /// The IANA time zone the expression is in, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// How to catch up on missed times.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The data of the event; absent: JSON that names the schedule and its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<serde_json::Value>,
    /// How events are delivered; if absent, as the function's configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryPolicy>,
    /// Whether the schedule fires.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// What tools note of it for themselves.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl Specification for Schedule {
    const KIND: ResourceKind = ResourceKind { noun: "schedule", quota: Quota::Schedules };
    type Name = ScheduleName;

    fn name(&self) -> &ScheduleName {
        &self.name
    }
}

fn utc() -> String {
    "UTC".into()
}

const fn enabled() -> bool {
    true
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

impl Schedule {
    /// Checks every value. [`Self::first_after`] checks whether it ever fires.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression that is wrong.
    pub fn validate(&self) -> Result<(), Error> {
        zone::find(&self.time_zone)?;
        self.times()?;
        self.annotations.validate()?;
        let bytes = self.input.as_ref().map_or(0, |input| input.to_string().len());
        if bytes > bounds::SCHEDULE_INPUT_BYTES_MAX {
            return Err(invalid(format!(
                "the input of the schedule is {bytes} bytes of JSON; the most is {}",
                bounds::SCHEDULE_INPUT_BYTES_MAX
            )));
        }
        self.delivery.as_ref().map_or(Ok(()), DeliveryPolicy::validate)
    }

    /// Returns the times at which it fires. A `rate` counts from the Unix epoch, so that it
    /// needs no memory of its start, and no time zone.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed.
    pub fn times(&self) -> Result<Times, Error> {
        let expression = Expression::parse(&self.expression.0)?;
        let zone = match expression {
            Expression::Rate(_) => TimeZone::UTC,
            Expression::At(_) | Expression::Cron(_) => zone::find(&self.time_zone)?,
        };
        Ok(Times { expression, zone })
    }

    /// Returns the first time after `time` at which it fires; `None` if it never fires again.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed.
    pub fn next_after(&self, time: Timestamp) -> Result<Option<Timestamp>, Error> {
        Ok(self.times()?.next_after(time))
    }

    /// Returns the same as [`Self::next_after`], for a schedule that has to fire.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed, or
    /// it never fires after `time`; the error says why.
    pub fn first_after(&self, time: Timestamp) -> Result<Timestamp, Error> {
        let times = self.times()?;
        times.next_after(time).ok_or_else(|| {
            let (text, reason) = (&self.expression.0, times.why_never());
            invalid(format!("the schedule never fires from now on: {text:?} {reason}"))
        })
    }
}

/// The times at which a schedule fires, read from its expression once.
#[derive(Debug, Clone)]
pub struct Times {
    expression: Expression,
    zone: TimeZone,
}

impl Times {
    /// Returns the first time after `time`; `None` if there is none in 400 years.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        self.expression.next_after(time, &self.zone)
    }

    /// Returns whether it may fire more than once, as all but `at(…)` do.
    #[must_use]
    pub const fn recur(&self) -> bool {
        !matches!(self.expression, Expression::At(_))
    }

    fn why_never(&self) -> String {
        self.expression.why_never(&self.zone)
    }
}

#[cfg(test)]
mod tests;
