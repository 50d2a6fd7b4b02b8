//! Tasks that move the messages of a dead-letter queue: back to where they came from, or to a queue.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_service::Queue;
use lambent_types::ErrorCode;
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid_value, not_found, required};
use super::{address, place_of, queues};
use crate::call::Call;
use crate::fault::Fault;
use crate::memory::{Status, TASKS_MAX, Task};
use crate::protocol::Number;

/// Most messages that a task moves in a second if it says; SQS's.
const RATE_MAX: i64 = 500;

/// What the handle of a task says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

fn handle(call: &Call, task: &Task) -> String {
    let handle = Handle { task_id: task.id.clone(), source_arn: address::arn(call, &task.source) };
    STANDARD.encode(serde_json::to_string(&handle).unwrap_or_default())
}

/// The queue of an ARN, if it is there.
async fn found(call: &Call, arn: &str, parameter: &str) -> Result<Queue, Fault> {
    if arn.split(':').count() != 6 {
        return Err(invalid_value(format!(
            "You must use this format to specify the {parameter}: \
             arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )));
    }
    let missing = || {
        not_found(format!(
            "The resource that you specified for the {parameter} parameter doesn't exist."
        ))
    };
    let name = address::of_arn(call, arn).ok_or_else(missing)?;
    let described = address::named(call, name.as_str())?.describe().await;
    described.map_err(|error| match error.code() {
        ErrorCode::QueueNotFound => missing(),
        _ => fault(error),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Start {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<Number>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Started {
    task_handle: String,
}

pub(super) async fn start(call: &Call, wanted: Start) -> Result<Started, Fault> {
    let source = found(call, &required(wanted.source_arn, "SourceArn")?, "SourceArn").await?;
    let rate = match wanted.max_number_of_messages_per_second {
        None => None,
        Some(Number(rate)) if (1..=RATE_MAX).contains(&rate) => Some(rate.unsigned_abs()),
        Some(Number(rate)) => {
            return Err(invalid_value(format!(
                "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be \
                 between 1 and {RATE_MAX}, if provided."
            )));
        }
    };
    if queues::sources(call, &source.name).await?.is_empty() {
        return Err(invalid_value("Source queue must be configured as a Dead Letter Queue."));
    }
    let to = match wanted.destination_arn {
        None => None,
        Some(arn) => Some(found(call, &arn, "DestinationArn").await?.name),
    };
    if let Some(to) = &to
        && (to.key() == source.name.key() || to.is_fifo() != source.name.is_fifo())
    {
        return Err(invalid_value(
            "The destination must be another queue of the same type as the source.",
        ));
    }
    let task = Arc::new(Task::new(call.id.to_string(), (source.name, source.created), to, rate));
    if !call.memory.tasks.add(place_of(call, &task.source), task.clone()) {
        return Err(invalid_value(
            "There is already a task running. Only one active task is allowed for a source queue arn \
             at a given time.",
        ));
    }
    let (scope, running) = (call.scope.clone(), task.clone());
    tokio::spawn(async move { running.run(scope).await });
    Ok(Started { task_handle: handle(call, &task) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    source_arn: Option<String>,
    max_results: Option<Number>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    results: Vec<Shown>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: Status,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u64>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    started_timestamp: i64,
}

fn shown(call: &Call, task: &Task) -> Shown {
    let progress = task.progress();
    Shown {
        task_handle: (progress.status == Status::Running).then(|| handle(call, task)),
        status: progress.status,
        source_arn: address::arn(call, &task.source),
        destination_arn: task.to.as_ref().map(|to| address::arn(call, to)),
        max_number_of_messages_per_second: task.rate,
        approximate_number_of_messages_moved: progress.moved,
        approximate_number_of_messages_to_move: progress.all,
        failure_reason: progress.failure,
        started_timestamp: task.started.as_millisecond(),
    }
}

pub(super) async fn list(call: &Call, wanted: List) -> Result<Listed, Fault> {
    let source = found(call, &required(wanted.source_arn, "SourceArn")?, "SourceArn").await?;
    let limit = match wanted.max_results {
        None => 1,
        Some(Number(limit)) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=TASKS_MAX).contains(limit))
            .ok_or_else(|| {
                invalid_value(format!(
                    "Value {limit} for parameter MaxResults is invalid. Reason: Must be between 1 and \
                     {TASKS_MAX}, if provided."
                ))
            })?,
    };
    let tasks = call.memory.tasks.of(&place_of(call, &source.name), source.created);
    let results = tasks.iter().take(limit).map(|task| shown(call, task)).collect();
    Ok(Listed { results })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancel {
    task_handle: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancelled {
    approximate_number_of_messages_moved: u64,
}

pub(super) async fn cancel(call: &Call, wanted: Cancel) -> Result<Cancelled, Fault> {
    let text = required(wanted.task_handle, "TaskHandle")?;
    let read = STANDARD.decode(&text).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let handle: Handle =
        read.ok_or_else(|| invalid_value("Value for parameter TaskHandle is invalid."))?;
    let source = found(call, &handle.source_arn, "SourceArn").await?;
    let tasks = call.memory.tasks.of(&place_of(call, &source.name), source.created);
    let found = tasks.into_iter().find(|task| task.id == handle.task_id);
    let task = found.ok_or_else(|| not_found("Task does not exist."))?;
    let moved = task.cancel().ok_or_else(|| not_found("Only active tasks can be cancelled."))?;
    Ok(Cancelled { approximate_number_of_messages_moved: moved })
}
