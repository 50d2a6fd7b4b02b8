//! Reserved and provisioned concurrency.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use lambent_service::{FunctionHandle, ProvisionedState, ProvisionedStatus};
use lambent_types::{Error, ErrorCode, FunctionName, Qualifier};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::input;
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;
use crate::validation::Violations;

fn handle(call: &Call) -> Result<(FunctionHandle<'_>, NamedFunction), Fault> {
    let named = input::qualified(call)?;
    Ok((call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?, named))
}

fn refused(call: &Call, named: &NamedFunction, error: Error) -> Fault {
    match error.code() {
        ErrorCode::ProvisionedNotFound => {
            let message = "No Provisioned Concurrency Config found for this function";
            Fault::new(
                StatusCode::NOT_FOUND,
                "ProvisionedConcurrencyConfigNotFoundException",
                message,
            )
        }
        _ => {
            let arn = arn::function(call, &named.name, named.qualifier.as_deref());
            of_function(error, &arn)
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Reserved {
    reserved_concurrent_executions: Option<i64>,
}

pub(super) async fn reserve(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let Reserved { reserved_concurrent_executions: asked } = input::json(call)?;
    let mut violations = Violations::default();
    let most = i64::from(u32::MAX);
    violations.within("reservedConcurrentExecutions", asked, 0, most);
    violations.finish()?;
    let count = asked.and_then(|count| u32::try_from(count).ok());
    let count = count.ok_or_else(|| invalid("ReservedConcurrentExecutions is missing"))?;
    let kept = handle.reserve(Some(count)).await.map_err(|error| refused(call, &named, error))?;
    Ok(protocol::json(StatusCode::OK, &json!({ "ReservedConcurrentExecutions": kept.reserved })))
}

pub(super) async fn get_reserved(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let kept = handle.concurrency().await.map_err(|error| refused(call, &named, error))?;
    let reply = match kept.reserved {
        Some(count) => json!({ "ReservedConcurrentExecutions": count }),
        None => json!({}),
    };
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn unreserve(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    handle.reserve(None).await.map_err(|error| refused(call, &named, error))?;
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}

/// The version or the alias that a request names: instances are kept ready of no head.
fn qualifier(named: &NamedFunction) -> Result<Qualifier, Fault> {
    match named.version()? {
        Qualifier::Latest => Err(invalid(
            "Provisioned Concurrency Configs cannot be applied to $LATEST: give a version or an alias",
        )),
        other => Ok(other),
    }
}

fn view(status: &ProvisionedStatus) -> Value {
    let (state, reason) = match &status.state {
        ProvisionedState::Ready => ("READY", None),
        ProvisionedState::InProgress => ("IN_PROGRESS", None),
        ProvisionedState::Failed(reason) => ("FAILED", Some(reason)),
    };
    let mut view = json!({
        "RequestedProvisionedConcurrentExecutions": status.requested,
        "AvailableProvisionedConcurrentExecutions": status.available,
        "AllocatedProvisionedConcurrentExecutions": status.allocated,
        "Status": state,
        "LastModified": status.changed.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string(),
    });
    if let Some(reason) = reason {
        view["StatusReason"] = reason.to_string().into();
    }
    view
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Provisioned {
    provisioned_concurrent_executions: Option<i64>,
}

pub(super) async fn provision(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let qualifier = qualifier(&named)?;
    let Provisioned { provisioned_concurrent_executions: asked } = input::json(call)?;
    let mut violations = Violations::default();
    violations.within("provisionedConcurrentExecutions", asked, 1, i64::from(u32::MAX));
    violations.finish()?;
    let count = asked.and_then(|count| u32::try_from(count).ok());
    let count = count.ok_or_else(|| invalid("ProvisionedConcurrentExecutions is missing"))?;
    let status = handle.provision(&qualifier, count).await;
    let status = status.map_err(|error| refused(call, &named, error))?;
    Ok(protocol::json(StatusCode::ACCEPTED, &view(&status)))
}

pub(super) async fn get_provisioned(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let status = handle.provisioned(&qualifier(&named)?).await;
    let status = status.map_err(|error| refused(call, &named, error))?;
    Ok(protocol::json(StatusCode::OK, &view(&status)))
}

pub(super) async fn list_provisioned(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    let all = handle.all_provisioned().await.map_err(|error| refused(call, &named, error))?;
    let shown = all.iter().map(|status| {
        let mut view = view(status);
        let qualifier = status.qualifier.to_string();
        view["FunctionArn"] = arn::function(call, &named.name, Some(&qualifier)).into();
        view
    });
    let reply = json!({ "ProvisionedConcurrencyConfigs": shown.collect::<Vec<_>>() });
    Ok(protocol::json(StatusCode::OK, &reply))
}

pub(super) async fn unprovision(call: &Call) -> Result<Response<Body>, Fault> {
    let (handle, named) = handle(call)?;
    match handle.unprovision(&qualifier(&named)?).await {
        Ok(()) => {}
        // It is as if it had been deleted.
        Err(error) if error.code() == ErrorCode::ProvisionedNotFound => {}
        Err(error) => return Err(refused(call, &named, error)),
    }
    Ok(protocol::empty(StatusCode::NO_CONTENT))
}
