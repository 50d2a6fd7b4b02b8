use std::time::Duration;

use lambent_types as types;
use lambent_types::{CatchUp, FunctionName, ScheduleName};
use serde::Deserialize;
use serde_json::Value;

use super::delivery::{Delivery, destinations};
use super::entry::Entry;
use super::kind::Kind;
use super::milliseconds::Milliseconds;
use crate::commands::schedule::When;

/// A schedule in a `lambent.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Schedule {
    function: FunctionName,
    cron: Option<String>,
    rate: Option<Milliseconds>,
    at: Option<String>,
    time_zone: Option<String>,
    #[serde(default)]
    catch_up: CatchUp,
    input: Option<Value>,
    delivery: Option<Delivery>,
    enabled: Option<bool>,
}

impl Entry for Schedule {
    const KIND: Kind = Kind::Schedule;
    type Name = ScheduleName;
    type Spec = types::Schedule;

    fn spec(&self, name: &ScheduleName) -> Result<types::Schedule, String> {
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
        };
        schedule.validate().map_err(|error| error.detail().to_owned())?;
        Ok(schedule)
    }

    fn references(schedule: &types::Schedule) -> Vec<(Kind, String)> {
        let function = (Kind::Function, schedule.function.to_string());
        let named = std::iter::once(function);
        named.chain(schedule.delivery.iter().flat_map(destinations)).collect()
    }
}
