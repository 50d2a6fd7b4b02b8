//! Policies that roles share: which role has which.

use lambent_types::{ErrorCode, PolicyReference};
use serde::{Deserialize, Serialize};

use super::answer::Nothing;
use super::error::no_such_entity;
use super::paging::{Page, Paging};
use super::role::{found, handle, of_role};
use super::{arn, input};
use crate::call::Call;
use crate::fault::Fault;

/// A request that names a role and a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    role_name: Option<String>,
    policy_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAttachedRolePolicies {
    role_name: Option<String>,
    path_prefix: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attached {
    policy_name: String,
    policy_arn: String,
}

pub(super) async fn attach(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let policy = arn::policy(call, wanted.policy_arn.as_deref())?;
    role.attach(policy.clone()).await.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => {
            let arn = arn::of_policy(call, &policy);
            no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
        }
        _ => of_role(&role, error),
    })?;
    Ok(Nothing {})
}

pub(super) async fn detach(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let policy = arn::policy(call, wanted.policy_arn.as_deref())?;
    role.detach(&policy).await.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => arn::no_policy(call, &policy),
        _ => of_role(&role, error),
    })?;
    Ok(Nothing {})
}

pub(super) async fn list(
    call: &Call,
    wanted: ListAttachedRolePolicies,
) -> Result<Page<Attached>, Fault> {
    let prefix = input::path_prefix(wanted.path_prefix)?;
    let role = found(call, wanted.role_name.as_deref()).await?;
    let policies = role.attached.iter();
    let policies = policies.filter(|policy| policy.path.as_str().starts_with(&prefix));
    let views = policies.map(|policy| (policy.to_string(), view(call, policy)));
    wanted.paging.of("AttachedPolicies", views.collect())
}

fn view(call: &Call, policy: &PolicyReference) -> Attached {
    Attached { policy_name: policy.name.to_string(), policy_arn: arn::of_policy(call, policy) }
}
