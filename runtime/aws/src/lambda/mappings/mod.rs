//! Event source mappings: triggers of queues and of tables.

mod filters;
mod queue_source;
mod table_source;

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::TriggerHandle;
use lambent_types::{ErrorCode, QualifiedFunction, Source, Trigger, TriggerName};
use serde::Deserialize;
use serde_json::{Value, json};

use self::filters::FilterCriteria;
use super::error::{fault, invalid, of_function};
use super::input;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;
use crate::validation::Violations;

/// Most mappings of a page; Lambda's.
const PAGE_MAX: usize = 100;
/// The form of answers that name messages which failed.
const ITEM_FAILURES: &str = "ReportBatchItemFailures";

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
    starting_position: Option<String>,
    parallelization_factor: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    maximum_retry_attempts: Option<i64>,
    bisect_batch_on_function_error: Option<bool>,
    tumbling_window_in_seconds: Option<i64>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ScalingConfig {
    maximum_concurrency: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DestinationConfig {
    on_failure: Option<OnFailure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OnFailure {
    destination: Option<String>,
}

impl Wanted {
    /// `trigger` with what is said. What is not said stays as it is in there.
    fn apply(mut self, call: &Call, trigger: Trigger) -> Result<Trigger, Fault> {
        let filters = self.filter_criteria.take();
        let (source, delivery, patterns) = match trigger.source {
            Source::Queue { .. } => {
                let source = queue_source::apply(&self, &trigger.source)?;
                (source, trigger.delivery, filters.map(|all| all.of_bodies()).transpose()?)
            }
            Source::Table(source) => {
                let (source, delivery) =
                    table_source::apply(call, &self, source, trigger.delivery)?;
                let patterns = filters.map(|all| all.of_records()).transpose()?;
                (Source::Table(source), delivery, patterns)
            }
            Source::Object { .. } | Source::KeyValue { .. } => {
                return Err(invalid(
                    "the mapping is a trigger of another kind; change it by the native API",
                ));
            }
        };
        let function =
            self.function_name.as_deref().map(|name| function(call, name)).transpose()?;
        Ok(Trigger {
            function: function.or(trigger.function),
            source,
            delivery,
            patterns: patterns.unwrap_or(trigger.patterns),
            enabled: self.enabled.unwrap_or(trigger.enabled),
            ..trigger
        })
    }

    /// Notes what is wrong with the forms of answers that are asked for.
    fn check_response_types(&self, violations: &mut Violations) {
        for kind in self.function_response_types.iter().flatten() {
            let constraint = format!("satisfy enum value set: [{ITEM_FAILURES}]");
            violations.check(kind == ITEM_FAILURES, "functionResponseTypes", kind, &constraint);
        }
    }

    /// Whether answers that name what failed are asked for, if anything is said of it.
    fn item_failures(&self) -> Option<bool> {
        self.function_response_types.as_ref().map(|types| !types.is_empty())
    }
}

/// A number that was checked, in a smaller type.
fn small(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// The function that is to handle the messages.
fn function(call: &Call, text: &str) -> Result<QualifiedFunction, Fault> {
    let named = NamedFunction::read(call, text)?;
    let qualifier = named.version()?;
    Ok(QualifiedFunction { name: named.name, qualifier })
}

async fn view(call: &Call, trigger: &Trigger) -> Result<Value, Fault> {
    let mut view = json!({
        "UUID": trigger.name.to_string(),
        "FunctionArn": trigger.function.as_ref().map(|function| arn::qualified(call, function)),
        "State": if trigger.enabled { "Enabled" } else { "Disabled" },
        "StateTransitionReason": "USER_INITIATED",
    });
    let (members, filters) = match &trigger.source {
        Source::Queue { .. } => {
            (queue_source::view(call, &trigger.source), filters::of_bodies(&trigger.patterns))
        }
        Source::Table(source) => (
            table_source::view(call, source, trigger).await?,
            filters::of_records(&trigger.patterns),
        ),
        Source::Object { .. } | Source::KeyValue { .. } => (json!({}), Vec::new()),
    };
    if let (Value::Object(view), Value::Object(members)) = (&mut view, members) {
        view.extend(members);
    }
    if !filters.is_empty() {
        view["FilterCriteria"] = json!({ "Filters": filters });
    }
    Ok(view)
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

/// Checks that no other mapping brings the same events to the same function.
async fn check_unique(
    call: &Call,
    source: &Source,
    function: &QualifiedFunction,
) -> Result<(), Fault> {
    for found in call.scope.all::<TriggerName>().await.map_err(fault)? {
        let Trigger { name, function: other, source: its, .. } = found.specification;
        let (own, its) = (source.resource(), its.resource());
        if own.noun == its.noun
            && own.name.eq_ignore_ascii_case(its.name)
            && other.is_some_and(|other| other.key() == function.key())
        {
            let service = if own.noun == "queue" { "SQS" } else { "DynamoDB" };
            let message = format!(
                "An event source mapping with {service} arn (\" {} \") and function (\" {function} \") \
                 already exists. Please update or delete the existing mapping with UUID {name}",
                own.name
            );
            return Err(Fault::new(StatusCode::CONFLICT, "ResourceConflictException", message));
        }
    }
    Ok(())
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input::json(call)?;
    let Some(text) = &wanted.function_name else {
        return Err(invalid("FunctionName is missing"));
    };
    let Some(source) = &wanted.event_source_arn else {
        return Err(invalid("Unrecognized event source: EventSourceArn is missing"));
    };
    let source = match table_source::table_of(call, source)? {
        Some(stream) => Source::Table(table_source::new(call, &wanted, stream).await?),
        None => queue_source::new(call, &wanted, source)?,
    };
    let function = function(call, text)?;
    check_unique(call, &source, &function).await?;
    let arn = arn::qualified(call, &function);
    let trigger = Trigger {
        name: call.id.to_string().parse().map_err(|_| invalid("no name can be made"))?,
        function: Some(function),
        send_to: None,
        source,
        patterns: Vec::new(),
        delivery: None,
        enabled: true,
    };
    let trigger = wanted.apply(call, trigger)?;
    let put = call.scope.put_trigger(trigger).await.map_err(|error| of_function(error, &arn))?;
    Ok(protocol::json(StatusCode::ACCEPTED, &view(call, &put.value).await?))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    let found = handle(call)?.describe().await.map_err(not_found)?;
    Ok(protocol::json(StatusCode::OK, &view(call, &found.specification).await?))
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
        .filter(|trigger| trigger.source.is_polled())
        .filter(|trigger| is_wanted(trigger))
        .filter(|trigger| marker.as_deref().is_none_or(|marker| trigger.name.as_str() > marker))
        .collect();
    found.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    let (mut views, mut more) = (Vec::new(), None);
    for trigger in found {
        let view = view(call, &trigger).await?;
        if source.is_some_and(|arn| view["EventSourceArn"] != arn) {
            continue;
        }
        if views.len() == limit {
            more = views.last().map(|last: &Value| last["UUID"].clone());
            break;
        }
        views.push(view);
    }
    let mut reply = json!({ "EventSourceMappings": views });
    if let Some(last) = more {
        reply["NextMarker"] = last;
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
    Ok(protocol::json(StatusCode::ACCEPTED, &view(call, &put.value).await?))
}

pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    let handle = handle(call)?;
    let found = handle.describe().await.map_err(not_found)?;
    let mut view = view(call, &found.specification).await?;
    handle.delete().await.map_err(not_found)?;
    view["State"] = "Deleting".into();
    Ok(protocol::json(StatusCode::ACCEPTED, &view))
}
