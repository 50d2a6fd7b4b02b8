//! When functions run: schedules, their expressions, and when they fire next.

mod cron;
mod expression;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::expression::Expression;
use crate::delivery::DeliveryPolicy;
use crate::error::{Error, ErrorCode};
use crate::name::{FunctionName, ScheduleName};

/// When a schedule fires: `rate(5 minutes)`, `at(2026-12-24T18:00:00)`, a cron
/// expression of five fields (or six, with seconds first) as Vixie cron has it,
/// `0 9 * * MON-FRI`, or by its name, `@daily`; or one as EventBridge has it,
/// with a year at its end, `cron(0 9 ? * MON-FRI *)`.
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

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidConfiguration, detail)
}

impl Schedule {
    /// Checks every value. Whether it ever fires is for [`Self::first_after`] to say.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression that is wrong.
    pub fn validate(&self) -> Result<(), Error> {
        zone::find(&self.time_zone)?;
        self.times()?;
        self.delivery.as_ref().map_or(Ok(()), DeliveryPolicy::validate)
    }

    /// The times it fires at. A `rate` counts from the Unix epoch, so that it
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

    /// The first time it fires after `time`; `None` if never again.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed.
    pub fn next_after(&self, time: Timestamp) -> Result<Option<Timestamp>, Error> {
        Ok(self.times()?.next_after(time))
    }

    /// As [`Self::next_after`], of a schedule that has to fire.
    ///
    /// # Errors
    /// `InvalidConfiguration`: the expression or the time zone is malformed, or
    /// it never fires after `time`, and why.
    pub fn first_after(&self, time: Timestamp) -> Result<Timestamp, Error> {
        let times = self.times()?;
        times.next_after(time).ok_or_else(|| {
            let (text, reason) = (&self.expression.0, times.why_never());
            invalid(format!("the schedule never fires from now on: {text:?} {reason}"))
        })
    }
}

/// The times a schedule fires at, read from its expression once.
#[derive(Debug, Clone)]
pub struct Times {
    expression: Expression,
    zone: TimeZone,
}

impl Times {
    /// The first after `time`; `None` if there is none, or none in 400 years.
    #[must_use]
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        self.expression.next_after(time, &self.zone)
    }

    /// Whether it may fire more than once: all but `at(…)`.
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
