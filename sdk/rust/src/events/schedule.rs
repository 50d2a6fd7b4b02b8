use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// A schedule that fired.
///
/// `T` is what its input becomes. One without an input has an empty one, which
/// is JSON's `null`: an `Option<T>` takes either.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledEvent<T = Value> {
    /// The same for every attempt at this event.
    pub id: String,
    /// 1 for the first delivery of this event, then 2, and so on.
    pub attempt: u32,
    /// The schedule.
    pub schedule: String,
    /// The time it fired for, which may be before it was noticed.
    pub time: Option<SystemTime>,
    /// What the schedule is configured to pass on.
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
