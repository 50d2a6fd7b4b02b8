//! The policy that bounds what others allow, of a role.

use lambent_types::{ErrorCode, PolicyReference};
use serde::{Deserialize, Serialize};

use super::answer::Nothing;
use super::arn;
use super::error::no_such_entity;
use super::input::required;
use super::role::{Named, handle, of_role};
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRolePermissionsBoundary {
    role_name: Option<String>,
    permissions_boundary: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

impl View {
    pub(super) fn of(call: &Call, policy: &PolicyReference) -> Self {
        let permissions_boundary_arn = arn::of_policy(call, policy);
        Self { permissions_boundary_type: "Policy", permissions_boundary_arn }
    }
}

/// The policy that a request names, if it names one.
pub(super) fn read(call: &Call, given: Option<&str>) -> Result<Option<PolicyReference>, Fault> {
    given.map(|arn| arn::policy(call, Some(arn))).transpose()
}

/// There is no such policy.
pub(super) fn missing(call: &Call, policy: Option<&PolicyReference>) -> Fault {
    let arn = policy.map(|policy| arn::of_policy(call, policy)).unwrap_or_default();
    no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable."))
}

pub(super) async fn put(call: &Call, wanted: PutRolePermissionsBoundary) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let given = required(wanted.permissions_boundary, "permissionsBoundary")?;
    let policy = arn::policy(call, Some(&given))?;
    role.set_boundary(Some(policy.clone())).await.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => missing(call, Some(&policy)),
        _ => of_role(&role, error),
    })?;
    Ok(Nothing {})
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    role.set_boundary(None).await.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}
