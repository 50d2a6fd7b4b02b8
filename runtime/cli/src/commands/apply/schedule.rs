use std::time::Duration;

use lambent_types as types;
use lambent_types::{CatchUp, QualifiedFunction, ScheduleName};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::context::Context;
use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use super::units::Milliseconds;
use crate::commands::schedule::When;

/// A time, given by one of `cron`, `rate` and `at`, at which a function is run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Schedule {
    /// The function that is run; a version or an alias may follow its name, as in `hello:live`.
    #[schema(value_type = String)]
    function: QualifiedFunction,
    /// Minute, hour, day of the month, month and day of the week; also `@daily` and its like, and EventBridge's six fields.
    #[schema(value_type = Option<String>, example = "0 2 * * *")]
    cron: Option<String>,
    /// The time from one event to the next.
    #[schema(value_type = Option<String>, example = "5m")]
    rate: Option<Milliseconds>,
    /// The one time of the only event.
    #[schema(value_type = Option<String>, example = "2026-12-24T18:00:00")]
    at: Option<String>,
    /// The time zone of `cron` and `at`.
    #[schema(value_type = Option<String>, default = "UTC", example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// What becomes of times that passed while the node was off.
    #[serde(default)]
    catch_up: CatchUp,
    /// The data of its events.
    #[schema(value_type = Option<serde_json::Value>)]
    input: Option<Value>,
    /// How its events are delivered; by default as the function says.
    delivery: Option<Delivery>,
    /// Whether it is on.
    #[schema(value_type = Option<bool>, default = true)]
    enabled: Option<bool>,
}

impl Entry for Schedule {
    const KIND: Kind = Kind::Schedule;
    type Name = ScheduleName;
    type Spec = types::Schedule;

    fn spec(&self, name: &ScheduleName, _: &Context) -> Result<types::Schedule, Fault> {
        let rate = self.rate.map(|rate| Duration::from_millis(rate.0));
        let when = When { cron: self.cron.as_deref(), rate, at: self.at.as_deref() };
        let schedule = types::Schedule {
            name: name.clone(),
            function: self.function.clone(),
            expression: when.expression()?,
            time_zone: self.time_zone.clone().unwrap_or_else(|| "UTC".into()),
            catch_up: self.catch_up,
            input: self.input.clone(),
            delivery: self.delivery.as_ref().map(Delivery::policy),
            enabled: self.enabled.unwrap_or(true),
            annotations: types::Annotations::default(),
        };
        schedule.validate().map_err(|error| error.detail().to_owned())?;
        Ok(schedule)
    }

    fn references(schedule: &types::Schedule) -> Vec<(Kind, String)> {
        let function = (Kind::Function, schedule.function.name.to_string());
        let named = std::iter::once(function);
        named.chain(schedule.delivery.iter().flat_map(destinations)).collect()
    }
}
