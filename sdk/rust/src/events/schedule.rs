use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// A schedule that fired.
///
/// The schedule's input is decoded to `T`. A schedule without an input passes JSON's
/// `null`, so an `Option<T>` takes either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledEvent<T = Value> {
    /// The event's id, which is the same for every attempt.
    pub id: String,
    /// The number of this attempt at the event, from 1.
    pub attempt: u32,
    /// The schedule.
    pub schedule: String,
    /// The time that the schedule fired for. It may have fired later.
    pub time: Option<SystemTime>,
    /// The input that the schedule is configured with.
    pub input: T,
}

/// The data of a schedule that has no input of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoInput {
    schedule: String,
    #[serde(rename = "time")]
    _time: String,
}

impl<T: FromEvent> FromEvent for ScheduledEvent<T> {
    fn from_event(mut event: Event) -> Result<Self, Failure> {
        kind(&event, "schedules", &[("lambent.schedule.fired.v1", ())])?;
        let schedule = event.source.strip_prefix("/schedules/").unwrap_or(&event.source).to_owned();
        if event.json::<NoInput>().is_ok_and(|data| data.schedule == schedule) {
            event.data.clear();
        }
        Ok(Self {
            id: event.id.clone(),
            attempt: event.attempt,
            schedule,
            time: event.time,
            input: T::from_event(event)?,
        })
    }
}
