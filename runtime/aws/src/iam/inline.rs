//! Policies of a role's own.

use lambent_types::{ErrorCode, PolicyDocument, PolicyName};
use serde::{Deserialize, Serialize};

use super::answer::{Nothing, written};
use super::arn::no_role_policy;
use super::input::{document, policy_name};
use super::paging::{Page, Paging};
use super::role::{found, handle, of_role};
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRolePolicy {
    role_name: Option<String>,
    policy_name: Option<String>,
    policy_document: Option<String>,
}

/// A request that names a role and a policy of its own.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    role_name: Option<String>,
    policy_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRolePolicies {
    role_name: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn put(call: &Call, wanted: PutRolePolicy) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let name = policy_name(wanted.policy_name.as_deref())?;
    let text = wanted.policy_document.as_deref();
    let document = document(text, "policyDocument", PolicyDocument::inline)?;
    role.put_policy(name, document).await.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<View, Fault> {
    let name: PolicyName = policy_name(wanted.policy_name.as_deref())?;
    let role = found(call, wanted.role_name.as_deref()).await?;
    let document = role.inline.get(&name).ok_or_else(|| no_role_policy(&name))?;
    Ok(View {
        role_name: role.name.to_string(),
        policy_name: name.to_string(),
        policy_document: written(document),
    })
}

pub(super) async fn list(call: &Call, wanted: ListRolePolicies) -> Result<Page<String>, Fault> {
    let role = found(call, wanted.role_name.as_deref()).await?;
    let names = role.inline.keys().map(|name| (name.to_string(), name.to_string()));
    wanted.paging.of("PolicyNames", names.collect())
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let name: PolicyName = policy_name(wanted.policy_name.as_deref())?;
    role.delete_policy(&name).await.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => no_role_policy(&name),
        _ => of_role(&role, error),
    })?;
    Ok(Nothing {})
}
