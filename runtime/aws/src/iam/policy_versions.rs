//! Versions of policies.

use lambent_types::{Error, ErrorCode, Policy, PolicyDocument, PolicyVersion};
use serde::{Deserialize, Serialize};

use super::answer::{Nothing, written};
use super::error::{no_such_entity, on_delete};
use super::paging::{Page, Paging};
use super::policy::{existing, handle, of_policy};
use super::{arn, input, iso};
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePolicyVersion {
    policy_arn: Option<String>,
    policy_document: Option<String>,
    set_as_default: Option<String>,
}

/// A request that names a version of a policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    policy_arn: Option<String>,
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPolicyVersions {
    policy_arn: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    policy_version: View,
}

/// A version as lists show it: without what it says.
fn listed(policy: &Policy, version: &PolicyVersion) -> View {
    View {
        document: None,
        version_id: format!("v{}", version.number),
        is_default_version: version.number == policy.default_version,
        create_date: iso(version.created),
    }
}

/// The number of a version, by its id.
fn number(id: Option<&str>) -> Result<u64, Fault> {
    let id = input::required(id, "versionId")?;
    let number = id.strip_prefix('v').and_then(|number| number.split('.').next()?.parse().ok());
    let fits = number.is_some_and(|number: u64| number > 0);
    let pattern = "satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
    input::check(|wrong| wrong.check(fits, "versionId", id, pattern))?;
    Ok(number.unwrap_or_default())
}

fn missing(call: &Call, policy: &Policy, number: u64) -> Fault {
    let arn = arn::of_policy(call, &policy.reference());
    no_such_entity(format!("Policy {arn} version v{number} does not exist or is not attachable."))
}

pub(super) async fn create(call: &Call, wanted: CreatePolicyVersion) -> Result<One, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let text = wanted.policy_document.as_deref();
    let document = input::document(text, "policyDocument", PolicyDocument::managed)?;
    let is_default = input::flag(wanted.set_as_default.as_deref());
    let made = handle(call, &policy.name)?.create_version(document, is_default).await;
    let made = made.map_err(|error| of_policy(call, &policy, error))?;
    let version = made.version(made.last_version);
    let version = version.ok_or_else(|| missing(call, &policy, made.last_version))?;
    Ok(One { policy_version: listed(&made, version) })
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<One, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let number = number(wanted.version_id.as_deref())?;
    let version = policy.version(number).ok_or_else(|| missing(call, &policy, number))?;
    let document = Some(written(&version.document));
    Ok(One { policy_version: View { document, ..listed(&policy, version) } })
}

pub(super) async fn list(call: &Call, wanted: ListPolicyVersions) -> Result<Page<View>, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    // The newest first, as IAM has them.
    let key = |version: &PolicyVersion| format!("{:020}", u64::MAX - version.number);
    let versions = policy.versions.iter();
    let views = versions.map(|version| (key(version), listed(&policy, version)));
    wanted.paging.of("Versions", views.collect())
}

pub(super) async fn set_default(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let number = number(wanted.version_id.as_deref())?;
    let set = handle(call, &policy.name)?.set_default_version(number).await;
    set.map_err(|error| of_version(call, &policy, number, error))?;
    Ok(Nothing {})
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let number = number(wanted.version_id.as_deref())?;
    let deleted = handle(call, &policy.name)?.delete_version(number).await;
    deleted.map_err(|error| of_version(call, &policy, number, error))?;
    Ok(Nothing {})
}

fn of_version(call: &Call, policy: &Policy, number: u64, error: Error) -> Fault {
    match error.code() {
        ErrorCode::PolicyNotFound => missing(call, policy, number),
        _ => on_delete(error),
    }
}
