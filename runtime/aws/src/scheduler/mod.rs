//! EventBridge Scheduler's API over the schedules of a namespace, which are in one group:
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html>.

mod groups;
mod schedules;
mod target;

use http::{Method, Response};
use lambent_dispatch::Body;
use lambent_types::{Error, ErrorCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fault::Fault;
use crate::operation::Operation;

pub(crate) const NAME: &str = "EventBridge Scheduler";
/// What its requests are signed for.
pub(crate) const SIGNED_FOR: &str = "scheduler";
/// The only group.
const GROUP: &str = "default";

const SCHEDULE: &str = "/schedules/{Name}";
const SCHEDULE_GROUP: &str = "/schedule-groups/{Name}";
const TAGS: &str = "/tags/{ResourceArn}";

/// In the order of AWS's model.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::at(Method::POST, SCHEDULE, "CreateSchedule")
        .served(|call| Box::pin(schedules::create(call))),
    Operation::at(Method::POST, SCHEDULE_GROUP, "CreateScheduleGroup"),
    Operation::at(Method::DELETE, SCHEDULE, "DeleteSchedule")
        .served(|call| Box::pin(schedules::delete(call))),
    Operation::at(Method::DELETE, SCHEDULE_GROUP, "DeleteScheduleGroup"),
    Operation::at(Method::GET, SCHEDULE, "GetSchedule")
        .served(|call| Box::pin(schedules::get(call))),
    Operation::at(Method::GET, SCHEDULE_GROUP, "GetScheduleGroup")
        .served(|call| Box::pin(groups::get(call))),
    Operation::at(Method::GET, "/schedule-groups", "ListScheduleGroups")
        .served(|call| Box::pin(groups::list(call))),
    Operation::at(Method::GET, "/schedules", "ListSchedules")
        .served(|call| Box::pin(schedules::list(call))),
    Operation::at(Method::GET, TAGS, "ListTagsForResource"),
    Operation::at(Method::POST, TAGS, "TagResource"),
    Operation::at(Method::DELETE, TAGS, "UntagResource"),
    Operation::at(Method::PUT, SCHEDULE, "UpdateSchedule")
        .served(|call| Box::pin(schedules::update(call))),
];

/// Does what a request asks for, by its method and path.
pub(crate) async fn answer(mut call: Call) -> Result<Response<Body>, Fault> {
    let path = call.head.uri.path().trim_matches('/').to_owned();
    let (collection, item) = match path.split_once('/') {
        Some((collection, item)) => (collection, Some(item)),
        None => (path.as_str(), None),
    };
    let is_here = |operation: &&Operation| {
        operation.at.as_ref().is_some_and(|(method, at)| {
            let (name, parameter) =
                at.trim_start_matches('/').split_once('/').unwrap_or((&at[1..], ""));
            *method == call.head.method
                && name == collection
                && parameter.is_empty() == item.is_none()
        })
    };
    let Some(operation) = OPERATIONS.iter().find(is_here) else {
        return Err(Fault::not_served(NAME, None));
    };
    if let Some(item) = item {
        let decoded = percent_decode_str(item).decode_utf8();
        let item = decoded.map_err(|_| invalid("the name in the path is not text"))?.into_owned();
        call.parameters.push(("Name".into(), item));
    }
    operation.carry_out(NAME, &call).await
}

/// The JSON body of a request. Members that are not known are left out.
fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    crate::protocol::members(&call.body).map_err(invalid)
}

/// A parameter of the query.
fn given(call: &Call, name: &str) -> Result<Option<String>, Fault> {
    let query: Vec<(String, String)> = call.query()?;
    let found = query.into_iter().find(|(found, _)| found == name);
    Ok(found.map(|(_, value)| value).filter(|value| !value.is_empty()))
}

/// Refuses any group but the one that there is.
fn check_group(group: Option<&str>) -> Result<(), Fault> {
    match group {
        None | Some(GROUP) => Ok(()),
        Some(group) => {
            let group: String = group.chars().take(64).collect();
            Err(not_found(format!("Schedule group {group} does not exist.")))
        }
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::bad_request("ValidationException", message)
}

fn not_found(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(http::StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// What the service refused.
fn fault(error: Error) -> Fault {
    Fault::of(&error, |code| match code {
        ErrorCode::Conflict | ErrorCode::PreconditionFailed => Some((409, "ConflictException")),
        ErrorCode::QuotaExceeded => Some((402, "ServiceQuotaExceededException")),
        ErrorCode::Throttled => Some((429, "ThrottlingException")),
        ErrorCode::Internal => Some((500, "InternalServerException")),
        _ => None,
    })
}
