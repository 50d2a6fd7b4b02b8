//! Mappings of queues.

use std::time::Duration;

use lambent_types::{BATCH_SIZE_DEFAULT, CONCURRENCY_DEFAULT, Source};
use serde_json::{Value, json};

use super::{ITEM_FAILURES, Wanted, small};
use crate::call::Call;
use crate::fault::Fault;
use crate::lambda::error::invalid;
use crate::lambda::queue_arn;
use crate::validation::Violations;

/// Most messages of a batch.
const BATCH_MAX: i64 = 1000;

/// What a new mapping of a queue is before anything is said of it.
pub(super) fn new(call: &Call, wanted: &Wanted, arn: &str) -> Result<Source, Fault> {
    if wanted.starting_position.is_some() {
        return Err(invalid("StartingPosition is not valid for SQS event sources."));
    }
    Ok(Source::Queue {
        queue: queue_arn::read_queue(call, arn)?,
        batch_size: BATCH_SIZE_DEFAULT,
        batch_window_ms: 0,
        concurrency_max: CONCURRENCY_DEFAULT,
        item_failures: false,
    })
}

/// `source` with what is said.
pub(super) fn apply(wanted: &Wanted, source: &Source) -> Result<Source, Fault> {
    let Source::Queue { queue, batch_size, batch_window_ms, concurrency_max, item_failures } =
        source
    else {
        return Ok(source.clone());
    };
    let concurrency = wanted.scaling_config.as_ref().and_then(|config| config.maximum_concurrency);
    let mut violations = Violations::default();
    violations.within("batchSize", wanted.batch_size, 1, BATCH_MAX);
    let window = wanted.maximum_batching_window_in_seconds;
    violations.within("maximumBatchingWindowInSeconds", window, 0, 300);
    violations.within("scalingConfig.maximumConcurrency", concurrency, 2, 1000);
    wanted.check_response_types(&mut violations);
    violations.finish()?;
    Ok(Source::Queue {
        queue: queue.clone(),
        batch_size: small(wanted.batch_size).unwrap_or(*batch_size),
        batch_window_ms: window.map_or(*batch_window_ms, |seconds| seconds.unsigned_abs() * 1000),
        concurrency_max: small(concurrency).unwrap_or(*concurrency_max),
        item_failures: wanted.item_failures().unwrap_or(*item_failures),
    })
}

/// What is told of a mapping of a queue.
pub(super) fn view(call: &Call, source: &Source) -> Value {
    let Source::Queue { queue, batch_size, batch_window_ms, concurrency_max, item_failures } =
        source
    else {
        return json!({});
    };
    json!({
        "EventSourceArn": queue_arn::queue(call, queue),
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": Duration::from_millis(*batch_window_ms).as_secs(),
        "ScalingConfig": { "MaximumConcurrency": concurrency_max },
        "FunctionResponseTypes": item_failures.then_some(ITEM_FAILURES).into_iter().collect::<Vec<_>>(),
    })
}
