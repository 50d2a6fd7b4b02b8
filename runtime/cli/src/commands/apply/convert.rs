//! Converts the words of a `lambent.toml` to the words of the API.

use std::time::Duration;

use lambent_types as types;
use lambent_types::{QueueAttributes, Redrive, ScheduleName, Source, TriggerName};

use super::delivery::Delivery;
use super::manifest::{Queue, Schedule, Trigger};
use super::milliseconds::Milliseconds;
use crate::commands::schedule::When;

/// Converts a queue's attributes. Attributes that are not given have their defaults.
pub(super) fn queue(queue: &Queue) -> QueueAttributes {
    let default = QueueAttributes::default();
    let or = |given: Option<Milliseconds>, default: u64| given.map_or(default, |ms| ms.0);
    QueueAttributes {
        visibility_timeout_ms: or(queue.visibility, default.visibility_timeout_ms),
        delay_ms: or(queue.delay, default.delay_ms),
        retention_ms: or(queue.retention, default.retention_ms),
        content_deduplication: queue.content_deduplication,
        redrive: queue
            .dead_letter
            .as_ref()
            .map(|dead| Redrive { queue: dead.queue.clone(), receives_max: dead.receives }),
    }
}

/// Converts a trigger.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn trigger(name: &TriggerName, trigger: &Trigger) -> Result<types::Trigger, String> {
    let trigger = types::Trigger {
        name: name.clone(),
        function: trigger.function.clone(),
        source: source(trigger)?,
        patterns: trigger.patterns.clone(),
        delivery: trigger.delivery.as_ref().map(Delivery::policy),
        enabled: trigger.enabled.unwrap_or(true),
    };
    trigger.validate().map_err(|error| error.detail().to_owned())?;
    Ok(trigger)
}

fn source(trigger: &Trigger) -> Result<Source, String> {
    match (&trigger.object, &trigger.queue, &trigger.keyvalue) {
        (Some(object), None, None) => Ok(Source::Object {
            bucket: object.bucket.clone(),
            changes: object.changes.clone(),
            prefix: object.prefix.clone(),
            suffix: object.suffix.clone(),
        }),
        (None, Some(queue), None) => Ok(Source::Queue {
            queue: queue.queue.clone(),
            batch_size: queue.batch_size.unwrap_or(lambent_types::BATCH_SIZE_DEFAULT),
            batch_window_ms: queue.batch_window.map_or(0, |ms| ms.0),
            concurrency_max: queue.concurrency.unwrap_or(lambent_types::CONCURRENCY_DEFAULT),
        }),
        (None, None, Some(keyvalue)) => Ok(Source::KeyValue {
            keyspace: keyvalue.keyspace.clone(),
            prefix: keyvalue.prefix.clone(),
        }),
        _ => Err("a trigger has one source: `object`, `queue` or `keyvalue`".into()),
    }
}

/// Converts a schedule.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn schedule(
    name: &ScheduleName,
    schedule: &Schedule,
) -> Result<types::Schedule, String> {
    let rate = schedule.rate.map(|rate| Duration::from_millis(rate.0));
    let when = When { cron: schedule.cron.as_deref(), rate, at: schedule.at.as_deref() };
    let schedule = types::Schedule {
        name: name.clone(),
        function: schedule.function.clone(),
        expression: when.expression()?,
        time_zone: schedule.time_zone.clone().unwrap_or_else(|| "UTC".into()),
        catch_up: schedule.catch_up,
        input: schedule.input.clone(),
        delivery: schedule.delivery.as_ref().map(Delivery::policy),
        enabled: schedule.enabled.unwrap_or(true),
    };
    schedule.validate().map_err(|error| error.detail().to_owned())?;
    Ok(schedule)
}
