//! The policy that a request names.

use lambent_service::PolicyHandle;
use lambent_types::{Error, ErrorCode, Policy, PolicyName};
use serde::Deserialize;

use super::arn;
use super::error::fault;
use crate::call::Call;
use crate::fault::Fault;

/// A request that names a policy and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) policy_arn: Option<String>,
}

/// The policy of a name.
pub(super) fn handle<'c>(call: &'c Call, name: &PolicyName) -> Result<PolicyHandle<'c>, Fault> {
    call.scope.handle(name.as_str()).map_err(fault)
}

/// What the service refused of a policy.
pub(super) fn of_policy(call: &Call, policy: &Policy, error: Error) -> Fault {
    match error.code() {
        ErrorCode::PolicyNotFound => arn::no_policy(call, &policy.reference()),
        _ => fault(error),
    }
}

/// The policy of an ARN, as it is.
pub(super) async fn existing(call: &Call, arn: Option<&str>) -> Result<Policy, Fault> {
    let wanted = arn::own_policy(call, arn)?;
    let missing = || arn::no_policy(call, &wanted);
    let found = handle(call, &wanted.name)?.describe().await;
    let found = found.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => missing(),
        _ => fault(error),
    })?;
    let policy = found.specification;
    if policy.path == wanted.path { Ok(policy) } else { Err(missing()) }
}
