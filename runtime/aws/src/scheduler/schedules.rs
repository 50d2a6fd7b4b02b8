//! Schedules: made, changed, listed and deleted.

use http::{Response, StatusCode};
use jiff::Timestamp;
use lambent_dispatch::Body;
use lambent_service::ScheduleHandle;
use lambent_types::{CatchUp, ErrorCode, Schedule, ScheduleExpression, ScheduleName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::target::{self, RetryPolicy, Target};
use super::{GROUP, check_group, fault, given, input, invalid, not_found};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// The annotation of a schedule with what is kept for AWS's tools.
const ANNOTATION: &str = "aws.scheduler";
/// Most schedules of a page; Scheduler's.
const PAGE_MAX: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Wanted {
    group_name: Option<String>,
    schedule_expression: Option<String>,
    schedule_expression_timezone: Option<String>,
    start_date: Option<Value>,
    end_date: Option<Value>,
    description: Option<String>,
    state: Option<String>,
    kms_key_arn: Option<String>,
    target: Option<Target>,
    flexible_time_window: Option<Value>,
    action_after_completion: Option<String>,
    client_token: Option<String>,
}

/// What is kept of a schedule to be given back: it means nothing here.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Kept {
    role_arn: String,
    /// Seconds since 1970.
    creation_date: Option<i64>,
    last_modification_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flexible_time_window: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<RetryPolicy>,
    /// That of the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_token: Option<String>,
}

impl Kept {
    fn of(schedule: &Schedule) -> Self {
        let text = schedule.annotations.get(ANNOTATION);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

impl Wanted {
    /// The schedule that is asked for, in place of one that is there. What the node does not do is
    /// refused.
    fn schedule(
        self,
        call: &Call,
        name: ScheduleName,
        base: Option<&Schedule>,
    ) -> Result<Schedule, Fault> {
        if self.start_date.is_some() || self.end_date.is_some() {
            return Err(invalid(
                "StartDate and EndDate are not served: a schedule fires from now on",
            ));
        }
        if self.action_after_completion.as_deref().is_some_and(|action| action != "NONE") {
            return Err(invalid(
                "ActionAfterCompletion is served as NONE alone: a schedule stays when it is over",
            ));
        }
        let enabled = match self.state.as_deref() {
            None | Some("ENABLED") => true,
            Some("DISABLED") => false,
            Some(_) => return Err(invalid("State must be ENABLED or DISABLED")),
        };
        let window = self.flexible_time_window.filter(Value::is_object);
        let window = window.ok_or_else(|| invalid("FlexibleTimeWindow is missing"))?;
        let target = self.target.ok_or_else(|| invalid("Target is missing"))?.read(call)?;
        let expression =
            self.schedule_expression.ok_or_else(|| invalid("ScheduleExpression is missing"))?;
        let now = Timestamp::now().as_second();
        let before = base.map(Kept::of);
        let created = before.as_ref().and_then(|before| before.creation_date);
        let kept = Kept {
            role_arn: target.role,
            creation_date: Some(created.unwrap_or(now)),
            last_modification_date: Some(now),
            description: self.description,
            kms_key_arn: self.kms_key_arn,
            flexible_time_window: Some(window),
            retry_policy: target.retry,
            client_token: before.map_or(self.client_token, |before| before.client_token),
        };
        let mut annotations = base.map(|base| base.annotations.clone()).unwrap_or_default();
        let text = serde_json::to_string(&kept).unwrap_or_default();
        annotations.0.insert(ANNOTATION.to_owned(), text);
        Ok(Schedule {
            name,
            function: target.function,
            expression: ScheduleExpression(expression),
            time_zone: self.schedule_expression_timezone.unwrap_or_else(|| "UTC".into()),
            catch_up: base.map_or_else(CatchUp::default, |base| base.catch_up),
            input: target.input,
            delivery: target.delivery,
            enabled,
            annotations,
        })
    }
}

fn arn(call: &Call, name: &ScheduleName) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule/{GROUP}/{name}", call.region, call.account())
}

fn missing(name: &str) -> Fault {
    let name: String = name.chars().take(64).collect();
    not_found(format!("Schedule {name} does not exist."))
}

/// The schedule that the path names.
fn handle(call: &Call) -> Result<ScheduleHandle<'_>, Fault> {
    let name = call.parameter("Name");
    call.scope.handle::<ScheduleName>(name).map_err(|error| match error.code() {
        ErrorCode::InvalidName => missing(name),
        _ => fault(error),
    })
}

/// The schedule that the path names, and its revision.
async fn found(call: &Call) -> Result<(Schedule, u64), Fault> {
    let described = handle(call)?.describe().await;
    let stored = described.map_err(|error| match error.code() {
        ErrorCode::ScheduleNotFound => missing(call.parameter("Name")),
        _ => fault(error),
    })?;
    Ok((stored.specification, stored.revision))
}

/// Puts a schedule where one of this revision is, or, for `0`, none.
async fn put(call: &Call, schedule: Schedule, revision: u64) -> Result<Response<Body>, Fault> {
    let name = schedule.name.clone();
    call.scope.put_schedule_if(schedule, Some(revision)).await.map_err(|error| {
        match error.code() {
            ErrorCode::FunctionNotFound | ErrorCode::QueueNotFound => {
                invalid(error.detail().to_owned())
            }
            _ => fault(error),
        }
    })?;
    Ok(made(call, &name))
}

fn made(call: &Call, name: &ScheduleName) -> Response<Body> {
    protocol::json(StatusCode::OK, &json!({ "ScheduleArn": arn(call, name) }))
}

/// Whether a schedule was made by a request of this token.
fn is_again(schedule: &Schedule, token: Option<&str>) -> bool {
    token.is_some() && Kept::of(schedule).client_token.as_deref() == token
}

pub(super) async fn create(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input(call)?;
    check_group(wanted.group_name.as_deref())?;
    let text = call.parameter("Name");
    let name: ScheduleName = text.parse().map_err(|error| invalid(format!("{error}")))?;
    match found(call).await {
        // The answer to the same request was lost.
        Ok((found, _)) if is_again(&found, wanted.client_token.as_deref()) => Ok(made(call, &name)),
        Ok(_) => {
            let message = format!("Schedule {name} already exists.");
            Err(Fault::new(StatusCode::CONFLICT, "ConflictException", message))
        }
        Err(fault) if fault.status == StatusCode::NOT_FOUND => {
            put(call, wanted.schedule(call, name, None)?, 0).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn update(call: &Call) -> Result<Response<Body>, Fault> {
    let wanted: Wanted = input(call)?;
    check_group(wanted.group_name.as_deref())?;
    let (found, revision) = found(call).await?;
    put(call, wanted.schedule(call, found.name.clone(), Some(&found))?, revision).await
}

pub(super) async fn delete(call: &Call) -> Result<Response<Body>, Fault> {
    check_group(given(call, "groupName")?.as_deref())?;
    found(call).await?;
    handle(call)?.delete().await.map_err(fault)?;
    Ok(protocol::json(StatusCode::OK, &json!({})))
}

fn state(schedule: &Schedule) -> &'static str {
    if schedule.enabled { "ENABLED" } else { "DISABLED" }
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    check_group(given(call, "groupName")?.as_deref())?;
    let (schedule, _) = found(call).await?;
    let kept = Kept::of(&schedule);
    let (input, delivery) = (schedule.input.as_ref(), schedule.delivery.as_ref());
    let own = (kept.role_arn.as_str(), kept.retry_policy);
    let target = target::view(call, &schedule.function, input, delivery, own);
    let mut view = json!({
        "Arn": arn(call, &schedule.name),
        "GroupName": GROUP,
        "Name": schedule.name,
        "ScheduleExpression": schedule.expression,
        "ScheduleExpressionTimezone": schedule.time_zone,
        "State": state(&schedule),
        "ActionAfterCompletion": "NONE",
        "FlexibleTimeWindow": kept.flexible_time_window.unwrap_or_else(|| json!({ "Mode": "OFF" })),
        "Target": target,
    });
    for (name, value) in [
        ("CreationDate", kept.creation_date.map(Value::from)),
        ("LastModificationDate", kept.last_modification_date.map(Value::from)),
        ("Description", kept.description.map(Value::from)),
        ("KmsKeyArn", kept.kms_key_arn.map(Value::from)),
    ] {
        if let Some(value) = value {
            view[name] = value;
        }
    }
    Ok(protocol::json(StatusCode::OK, &view))
}

fn summary(call: &Call, schedule: &Schedule) -> Value {
    let kept = Kept::of(schedule);
    json!({
        "Arn": arn(call, &schedule.name),
        "Name": schedule.name,
        "GroupName": GROUP,
        "State": state(schedule),
        "CreationDate": kept.creation_date,
        "LastModificationDate": kept.last_modification_date,
        "Target": { "Arn": crate::arn::qualified(call, &schedule.function) },
    })
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    check_group(given(call, "ScheduleGroup")?.as_deref())?;
    let prefix = given(call, "NamePrefix")?.unwrap_or_default();
    let (wanted, token) = (given(call, "State")?, given(call, "NextToken")?);
    let limit = match given(call, "MaxResults")? {
        None => PAGE_MAX,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_MAX).contains(limit))
            .ok_or_else(|| invalid(format!("MaxResults must be 1 to {PAGE_MAX}")))?,
    };
    let all = call.scope.all::<ScheduleName>().await.map_err(fault)?;
    let mut found: Vec<Schedule> = all
        .into_iter()
        .map(|stored| stored.specification)
        .filter(|schedule| schedule.name.as_str().starts_with(&prefix))
        .filter(|schedule| wanted.as_deref().is_none_or(|wanted| wanted == state(schedule)))
        .filter(|schedule| {
            token.as_deref().is_none_or(|token| schedule.name.key().as_str() > token)
        })
        .collect();
    found.sort_by_key(|schedule| schedule.name.key());
    let more = found.len() > limit;
    found.truncate(limit);
    let schedules: Vec<_> = found.iter().map(|schedule| summary(call, schedule)).collect();
    let mut reply = json!({ "Schedules": schedules });
    if let Some(last) = found.last().filter(|_| more) {
        reply["NextToken"] = last.name.key().into();
    }
    Ok(protocol::json(StatusCode::OK, &reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_made_again_by_the_same_token_alone() {
        let made = |kept: Value| -> Schedule {
            let annotations = json!({ (ANNOTATION): kept.to_string() });
            serde_json::from_value(json!({
                "name": "s", "function": "f", "expression": "rate(1 day)", "annotations": annotations,
            }))
            .unwrap()
        };
        let schedule = made(json!({ "ClientToken": "a" }));
        assert!(is_again(&schedule, Some("a")));
        assert!(!is_again(&schedule, Some("b")) && !is_again(&schedule, None));
        assert!(!is_again(&made(json!({})), None));
    }
}
