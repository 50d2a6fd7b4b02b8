//! Mappings of the streams of tables.

use std::time::Duration;

use lambent_types::{
    CHANGES_ATTEMPTS_MAX, CHANGES_CONCURRENCY_MAX, CHANGES_MAX, DeliveryPolicy, ErrorCode,
    StreamStart, TableName, TableSource, Trigger,
};
use serde_json::{Value, json};

use super::{ITEM_FAILURES, Wanted, small};
use crate::call::Call;
use crate::dynamodb::arn;
use crate::fault::Fault;
use crate::lambda::error::{fault, invalid};
use crate::lambda::queue_arn;
use crate::validation::Violations;

/// What stands for no limit.
const WITHOUT_LIMIT: i64 = -1;

/// The table and the label of a stream of this account, if the ARN is one of DynamoDB's.
pub(super) fn table_of(call: &Call, arn: &str) -> Result<Option<(TableName, String)>, Fault> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "dynamodb", _, account, resource] = *parts.as_slice() else { return Ok(None) };
    let names: Vec<&str> = resource.splitn(4, '/').collect();
    let read = match *names.as_slice() {
        ["table", table, "stream", label] if account == call.account() => {
            table.parse().ok().map(|table| (table, label.to_owned()))
        }
        _ => None,
    };
    read.map(Some).ok_or_else(|| no_stream(arn))
}

fn no_stream(arn: &str) -> Fault {
    let shown: String = arn.chars().take(300).collect();
    invalid(format!("Stream not found: {shown}"))
}

/// What a new mapping of a table is before the rest is said of it.
pub(super) async fn new(
    call: &Call,
    wanted: &Wanted,
    (table, label): (TableName, String),
) -> Result<TableSource, Fault> {
    let from = match wanted.starting_position.as_deref() {
        Some("LATEST") => StreamStart::Latest,
        Some("TRIM_HORIZON") => StreamStart::TrimHorizon,
        Some("AT_TIMESTAMP") => {
            return Err(invalid("Unsupported starting position for arn type: DynamoDB streams"));
        }
        other => {
            let mut violations = Violations::default();
            violations.present(other.is_some(), "startingPosition");
            let constraint = "satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]";
            let shown = other.unwrap_or_default();
            violations.check(other.is_none(), "startingPosition", shown, constraint);
            return Err(violations.fault());
        }
    };
    if current(call, &table).await?.is_none_or(|current| current != label) {
        return Err(no_stream(wanted.event_source_arn.as_deref().unwrap_or_default()));
    }
    Ok(TableSource { from, item_failures: false, ..TableSource::new(table) })
}

/// The label of the stream that a table has, or had last.
async fn current(call: &Call, table: &TableName) -> Result<Option<String>, Fault> {
    let table = call.scope.handle::<TableName>(table.as_str()).map_err(fault)?;
    match table.stream(None).await {
        Ok(stream) => Ok(Some(stream.label)),
        Err(error) if error.code() == ErrorCode::TableNotFound => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

/// `source` and what is done about failures, with what is said.
pub(super) fn apply(
    call: &Call,
    wanted: &Wanted,
    source: TableSource,
    delivery: Option<DeliveryPolicy>,
) -> Result<(TableSource, Option<DeliveryPolicy>), Fault> {
    check(wanted)?;
    let limit = |said: Option<i64>, kept: Option<u64>, unit: u64| match said {
        Some(WITHOUT_LIMIT) => None,
        Some(number) => Some(number.unsigned_abs() * unit),
        None => kept,
    };
    let attempts = match wanted.maximum_retry_attempts {
        Some(WITHOUT_LIMIT) => None,
        // The first attempt is no retry.
        Some(retries) => small(Some(retries + 1)),
        None => source.attempts_max,
    };
    let window = wanted.maximum_batching_window_in_seconds;
    let delivery = match &wanted.destination_config {
        None => delivery,
        Some(config) => config
            .on_failure
            .as_ref()
            .and_then(|failure| failure.destination.as_deref())
            .filter(|arn| !arn.is_empty())
            .map(|arn| queue_arn::destination(call, arn))
            .transpose()?
            .map(|to| DeliveryPolicy { on_failure: Some(to), ..DeliveryPolicy::default() }),
    };
    let source = TableSource {
        batch_size: small(wanted.batch_size).unwrap_or(source.batch_size),
        batch_window_ms: window
            .map_or(source.batch_window_ms, |seconds| seconds.unsigned_abs() * 1000),
        concurrency_max: small(wanted.parallelization_factor).unwrap_or(source.concurrency_max),
        bisect: wanted.bisect_batch_on_function_error.unwrap_or(source.bisect),
        attempts_max: attempts,
        age_max_ms: limit(wanted.maximum_record_age_in_seconds, source.age_max_ms, 1000),
        item_failures: wanted.item_failures().unwrap_or(source.item_failures),
        ..source
    };
    Ok((source, delivery))
}

fn check(wanted: &Wanted) -> Result<(), Fault> {
    let mut violations = Violations::default();
    violations.within("batchSize", wanted.batch_size, 1, CHANGES_MAX.into());
    let window = wanted.maximum_batching_window_in_seconds;
    violations.within("maximumBatchingWindowInSeconds", window, 0, 300);
    let factor = wanted.parallelization_factor;
    violations.within("parallelizationFactor", factor, 1, CHANGES_CONCURRENCY_MAX.into());
    let retries = wanted.maximum_retry_attempts;
    let most = i64::from(CHANGES_ATTEMPTS_MAX) - 1;
    violations.within("maximumRetryAttempts", retries, WITHOUT_LIMIT, most);
    let age = wanted.maximum_record_age_in_seconds;
    violations.within("maximumRecordAgeInSeconds", age, WITHOUT_LIMIT, 604_800);
    wanted.check_response_types(&mut violations);
    violations.finish()?;
    if age.is_some_and(|age| (0..60).contains(&age)) {
        return Err(invalid("MaximumRecordAgeInSeconds must be -1, or 60 to 604800"));
    }
    if wanted.tumbling_window_in_seconds.is_some_and(|seconds| seconds != 0) {
        return Err(invalid(
            "this node has no tumbling windows; leave TumblingWindowInSeconds out",
        ));
    }
    if wanted.scaling_config.is_some() {
        return Err(invalid("ScalingConfig is valid for SQS event sources only"));
    }
    Ok(())
}

/// What is told of a mapping of a table.
pub(super) async fn view(
    call: &Call,
    source: &TableSource,
    trigger: &Trigger,
) -> Result<Value, Fault> {
    // The table may be gone, and its stream with it.
    let label = current(call, &source.table).await?.unwrap_or_else(|| "none".to_owned());
    let to = trigger.delivery.as_ref().and_then(|policy| policy.on_failure.as_ref());
    let to = to.and_then(|to| queue_arn::of(call, to));
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs();
    Ok(json!({
        "EventSourceArn": arn::stream(call, &source.table, &label),
        "StartingPosition": match source.from {
            StreamStart::Latest => "LATEST",
            StreamStart::TrimHorizon => "TRIM_HORIZON",
        },
        "BatchSize": source.batch_size,
        "MaximumBatchingWindowInSeconds": seconds(source.batch_window_ms),
        "ParallelizationFactor": source.concurrency_max,
        "BisectBatchOnFunctionError": source.bisect,
        "MaximumRetryAttempts":
            source.attempts_max.map_or(WITHOUT_LIMIT, |most| i64::from(most) - 1),
        "MaximumRecordAgeInSeconds": source
            .age_max_ms
            .and_then(|ms| i64::try_from(seconds(ms)).ok())
            .unwrap_or(WITHOUT_LIMIT),
        "TumblingWindowInSeconds": 0,
        "DestinationConfig":
            to.map_or_else(|| json!({}), |to| json!({ "OnFailure": { "Destination": to } })),
        "FunctionResponseTypes":
            source.item_failures.then_some(ITEM_FAILURES).into_iter().collect::<Vec<_>>(),
        "LastProcessingResult": result(call, trigger),
    }))
}

/// How the last batch ended, in Lambda's words.
fn result(call: &Call, trigger: &Trigger) -> &'static str {
    let status = call.scope.trigger_status(trigger);
    match (status.last_success, status.last_error) {
        (None, None) => "No records processed",
        (Some(success), Some(error)) if error.time > success => "PROBLEM: Function call failed",
        (None, Some(_)) => "PROBLEM: Function call failed",
        (Some(_), _) => "OK",
    }
}
