//! Groups of schedules, of which there is one.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::Operation;
use serde_json::{Value, json};

use super::{GROUP, check_group, given};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

fn group(call: &Call) -> Value {
    let arn =
        format!("arn:aws:scheduler:{}:{}:schedule-group/{GROUP}", call.region, call.account());
    json!({ "Arn": arn, "Name": GROUP, "State": "ACTIVE" })
}

/// Who may not list schedules learns of no group of them.
fn check(call: &Call) -> Result<(), Fault> {
    call.scope.check(Operation::ListSchedules, "").map_err(|error| Fault::of(&error, |_| None))
}

pub(super) async fn get(call: &Call) -> Result<Response<Body>, Fault> {
    check(call)?;
    check_group(Some(call.parameter("Name")))?;
    Ok(protocol::json(StatusCode::OK, &group(call)))
}

pub(super) async fn list(call: &Call) -> Result<Response<Body>, Fault> {
    check(call)?;
    let prefix = given(call, "NamePrefix")?.unwrap_or_default();
    let groups: Vec<_> =
        Some(group(call)).filter(|_| GROUP.starts_with(&prefix)).into_iter().collect();
    Ok(protocol::json(StatusCode::OK, &json!({ "ScheduleGroups": groups })))
}
