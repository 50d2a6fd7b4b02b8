//! Event source mappings: triggers of queues.

use std::time::Duration;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::TriggerHandle;
use lambent_types::{ErrorCode, Pattern, QualifiedFunction, Source, Trigger, TriggerName};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::{input, queue_arn};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;
use crate::validation::Violations;

/// Most mappings of a page; Lambda's.
const PAGE_MAX: usize = 100;
/// The form of answers that name messages which failed.
const ITEM_FAILURES: &str = "ReportBatchItemFailures";
/// Most messages of a batch.
const BATCH_MAX: i64 = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wanted {
    event_source_arn: Option<String>,
    function_name: Option<String>,
    enabled: Option<bool>,
    batch_size: Option<i64>,
    maximum_batching_window_in_seconds: Option<i64>,
    filter_criteria: Option<FilterCriteria>,
    scaling_config: Option<ScalingConfig>,
    function_response_types: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    pattern: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ScalingConfig {
    maximum_concurrency: Option<i64>,
}

impl Wanted {
    /// `trigger` with what is said. What is not said stays as it is in there.
    fn apply(self, call: &Call, trigger: Trigger) -> Result<Trigger, Fault> {
        let Source::Queue { queue, batch_size, batch_window_ms, concurrency_max, item_failures } =
            trigger.source
        else {
            return Err(invalid(
                "the mapping is a trigger of another kind; change it by the native API",
            ));
        };
        let concurrency =
            self.scaling_config.as_ref().and_then(|config| config.maximum_concurrency);
        let mut violations = Violations::default();
        violations.within("batchSize", self.batch_size, 1, BATCH_MAX);
        let window = self.maximum_batching_window_in_seconds;
        violations.within("maximumBatchingWindowInSeconds", window, 0, 300);
        violations.within("scalingConfig.maximumConcurrency", concurrency, 2, 1000);
        for kind in self.function_response_types.iter().flatten() {
            let constraint = format!("satisfy enum value set: [{ITEM_FAILURES}]");
            violations.check(kind == ITEM_FAILURES, "functionResponseTypes", kind, &constraint);
        }
        violations.finish()?;
        let patterns = self.filter_criteria.map(|criteria| patterns(&criteria)).transpose()?;
        let function =
            self.function_name.as_deref().map(|name| function(call, name)).transpose()?;
        let small = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        Ok(Trigger {
            function: function.or(trigger.function),
            source: Source::Queue {
                queue,
                batch_size: small(self.batch_size).unwrap_or(batch_size),
                batch_window_ms: window
                    .map_or(batch_window_ms, |seconds| seconds.unsigned_abs() * 1000),
                concurrency_max: small(concurrency).unwrap_or(concurrency_max),
                item_failures: self
                    .function_response_types
                    .map_or(item_failures, |types| !types.is_empty()),
            },
            patterns: patterns.unwrap_or(trigger.patterns),
            enabled: self.enabled.unwrap_or(trigger.enabled),
            ..trigger
        })
    }
}

/// The function that is to handle the messages.
fn function(call: &Call, text: &str) -> Result<QualifiedFunction, Fault> {
    let named = NamedFunction::read(call, text)?;
    let qualifier = named.version()?;
    Ok(QualifiedFunction { name: named.name, qualifier })
}

/// Patterns of the body of a message, which Lambda calls `body`, and events here `data`.
fn patterns(criteria: &FilterCriteria) -> Result<Vec<Pattern>, Fault> {
    let pattern = |filter: &Filter| {
        let odd = |what: &str| {
            let shown: String = filter.pattern.chars().take(200).collect();
            invalid(format!("Invalid filter pattern definition. {what}: {shown}"))
        };
        let mut pattern: Value =
            serde_json::from_str(&filter.pattern).map_err(|_| odd("It is not JSON"))?;
        let members = pattern.as_object_mut().ok_or_else(|| odd("It is not an object"))?;
        let body =
            members.remove("body").ok_or_else(|| odd("The body of messages alone is matched"))?;
        if !members.is_empty() {
            return Err(odd("The body of messages alone is matched"));
        }
        serde_json::from_value(json!({ "data": body })).map_err(|error| odd(&error.to_string()))
    };
    criteria.filters.iter().map(pattern).collect()
}

fn view(call: &Call, trigger: &Trigger) -> Value {
    let mut view = json!({
        "UUID": trigger.name.to_string(),
        "FunctionArn": trigger.function.as_ref().map(|function| arn::qualified(call, function)),
        "State": if trigger.enabled { "Enabled" } else { "Disabled" },
        "StateTransitionReason": "USER_INITIATED",
    });
    if let Source::Queue { queue, batch_size, batch_window_ms, concurrency_max, item_failures } =
        &trigger.source
    {
        let types = item_failures.then_some(ITEM_FAILURES);
        view["FunctionResponseTypes"] = types.into_iter().collect();
        view["EventSourceArn"] = queue_arn::queue(call, queue).into();
        view["BatchSize"] = (*batch_size).into();
        view["MaximumBatchingWindowInSeconds"] =
            Duration::from_millis(*batch_window_ms).as_secs().into();
        view["ScalingConfig"] = json!({ "MaximumConcurrency": concurrency_max });
    }
    let filters: Vec<Value> = trigger
        .patterns
        .iter()
        .filter_map(|pattern| {
            let pattern = serde_json::to_value(pattern).ok()?;
            let text = json!({ "body": pattern.get("data")? }).to_string();
            Some(json!({ "Pattern": text }))
        })
        .collect();
    if !filters.is_empty() {
        view["FilterCriteria"] = json!({ "Filters": filters });
    }
    view
}

fn handle(call: &Call) -> Result<TriggerHandle<'_>, Fault> {
    call.scope.handle::<TriggerName>(call.parameter("UUID")).map_err(not_found)
}

fn not_found(error: lambent_types::Error) -> Fault {
    match error.code() {
        ErrorCode::TriggerNotFound | ErrorCode::InvalidName => {
            let message = "The resource you requested does not exist.";
            Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        }
        _ => fault(error),
    }
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input::json(call)?;
    let Some(text) = &wanted.function_name else {
        return Err(invalid("FunctionName is missing"));
    };
    let Some(source) = &wanted.event_source_arn else {
        return Err(invalid("Unrecognized event source: EventSourceArn is missing"));
    };
    let queue = queue_arn::read_queue(call, source)?;
    let function = function(call, text)?;
    for found in call.scope.all::<TriggerName>().await.map_err(fault)? {
        let Trigger { name, function: other, source, .. } = found.specification;
        if matches!(&source, Source::Queue { queue: other, .. } if other.key() == queue.key())
            && other.is_some_and(|other| other.key() == function.key())
        {
            let message = format!(
                "An event source mapping with SQS arn (\" {} \") and function (\" {function} \") already \
                 exists. Please update or delete the existing mapping with UUID {name}",
                queue_arn::queue(call, &queue)
            );
            return Err(Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message));
        }
    }
    let arn = arn::qualified(call, &function);
    let trigger = Trigger {
        name: call.id.to_string().parse().map_err(|_| invalid("no name can be made"))?,
        function: Some(function),
        send_to: None,
        source: Source::Queue {
            queue,
            batch_size: lambent_types::BATCH_SIZE_DEFAULT,
            batch_window_ms: 0,
            concurrency_max: lambent_types::CONCURRENCY_DEFAULT,
            item_failures: false,
        },
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    };
    let trigger = wanted.apply(call, trigger)?;
    let put = call.scope.put_trigger(trigger).await.map_err(|error| of_function(error, &arn))?;
    Ok(protocol::json(StatusCode::ACCEPTED, &view(call, &put.value)))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let found = handle(call)?.describe().await.map_err(not_found)?;
    Ok(protocol::json(StatusCode::OK, &view(call, &found.specification)))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    let input::Page { limit, marker } = input::page(call, PAGE_MAX)?;
    let query: Vec<(String, String)> = call.query()?;
    let given =
        |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    let wanted = given("FunctionName").filter(|name| !name.is_empty());
    let wanted = wanted.map(|text| NamedFunction::read(call, text)).transpose()?;
    let source = given("EventSourceArn").filter(|arn| !arn.is_empty());
    let is_wanted = |trigger: &Trigger| {
        let is_it = |named: &NamedFunction| {
            trigger.function.as_ref().is_some_and(|function| function.is_of(&named.name))
        };
        wanted.as_ref().is_none_or(is_it)
    };
    let mut found: Vec<Trigger> = call
        .scope
        .all::<TriggerName>()
        .await
        .map_err(fault)?
        .into_iter()
        .map(|stored| stored.specification)
        .filter(|trigger| matches!(trigger.source, Source::Queue { .. }))
        .filter(|trigger| is_wanted(trigger))
        .filter(|trigger| source.is_none_or(|arn| view(call, trigger)["EventSourceArn"] == arn))
        .filter(|trigger| marker.as_deref().is_none_or(|marker| trigger.name.as_str() > marker))
        .collect();
    found.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    let more = found.len() > limit;
    found.truncate(limit);
    let mut reply = json!({
        "EventSourceMappings": found.iter().map(|trigger| view(call, trigger)).collect::<Vec<_>>(),
    });
    if let Some(last) = found.last().filter(|_| more) {
        reply["NextMarker"] = last.name.to_string().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn update(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input::json(call)?;
    let found = handle(call)?.describe().await.map_err(not_found)?;
    let function = found.specification.function.as_ref();
    let arn = function.map(|function| arn::qualified(call, function)).unwrap_or_default();
    let trigger = wanted.apply(call, found.specification)?;
    let put = call.scope.put_trigger(trigger).await.map_err(|error| of_function(error, &arn))?;
    Ok(protocol::json(StatusCode::ACCEPTED, &view(call, &put.value)))
}

pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let handle = handle(call)?;
    let found = handle.describe().await.map_err(not_found)?;
    handle.delete().await.map_err(not_found)?;
    let mut view = view(call, &found.specification);
    view["State"] = "Deleting".into();
    Ok(protocol::json(StatusCode::ACCEPTED, &view))
}
