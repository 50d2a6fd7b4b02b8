//! Policies that roles share: made, read, listed and deleted.

use lambent_service::{NewPolicy, PolicyUse};
use lambent_types::{ErrorCode, Policy, PolicyDocument, PolicyName};
use serde::{Deserialize, Serialize};

use super::answer::Nothing;
use super::error::{fault, on_create, on_delete};
use super::paging::{Page, Paging};
use super::policy::{Named, existing, handle, of_policy};
use super::tags::{self, Tag};
use super::{arn, input, iso};
use crate::call::Call;
use crate::fault::Fault;
use crate::query::{List, Members};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePolicy {
    policy_name: Option<String>,
    path: Option<String>,
    policy_document: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Members<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPolicies {
    scope: Option<String>,
    only_attached: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    is_attachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    create_date: String,
    update_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<List<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    policy: View,
}

/// A policy as lists show it: with less than when it is asked for alone.
fn listed(call: &Call, policy: &Policy, has: PolicyUse) -> View {
    View {
        policy_name: policy.name.to_string(),
        policy_id: policy.id.clone(),
        arn: arn::of_policy(call, &policy.reference()),
        path: policy.path.to_string(),
        default_version_id: format!("v{}", policy.default_version),
        attachment_count: has.attached,
        permissions_boundary_usage_count: has.boundary,
        is_attachable: true,
        description: None,
        create_date: iso(policy.created),
        update_date: iso(policy.updated),
        tags: None,
    }
}

fn whole(call: &Call, policy: &Policy, has: PolicyUse) -> One {
    let description = policy.description.clone();
    let tags = (!policy.tags.is_empty()).then(|| tags::view(&policy.tags));
    One { policy: View { description, tags, ..listed(call, policy, has) } }
}

pub(super) async fn create(call: &Call, wanted: CreatePolicy) -> Result<One, Fault> {
    let text = wanted.policy_document.as_deref();
    let new = NewPolicy {
        name: input::policy_name(wanted.policy_name.as_deref())?,
        path: input::path(wanted.path.as_deref())?,
        description: input::description(wanted.description)?,
        tags: tags::read(wanted.tags)?,
        document: input::document(text, "policyDocument", PolicyDocument::managed)?,
    };
    let policy = call.scope.create_policy(new).await.map_err(on_create)?;
    Ok(whole(call, &policy, PolicyUse::default()))
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<One, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let uses = call.scope.policy_uses().await.map_err(fault)?;
    let has = uses.get(&policy.reference()).copied().unwrap_or_default();
    Ok(whole(call, &policy, has))
}

pub(super) async fn list(call: &Call, wanted: ListPolicies) -> Result<Page<View>, Fault> {
    let prefix = input::path_prefix(wanted.path_prefix.clone())?;
    let (scope, usage) = (wanted.scope.as_deref(), wanted.policy_usage_filter.as_deref());
    input::check(|wrong| {
        let is_scope = scope.is_none_or(|scope| ["All", "AWS", "Local"].contains(&scope));
        let one_of = "satisfy enum value set: [All, AWS, Local]";
        wrong.check(is_scope, "scope", scope.unwrap_or_default(), one_of);
        let is_usage =
            usage.is_none_or(|usage| ["PermissionsPolicy", "PermissionsBoundary"].contains(&usage));
        let one_of = "satisfy enum value set: [PermissionsPolicy, PermissionsBoundary]";
        wrong.check(is_usage, "policyUsageFilter", usage.unwrap_or_default(), one_of);
    })?;
    let uses = call.scope.policy_uses().await.map_err(fault)?;
    let all = call.scope.all::<PolicyName>().await.map_err(fault)?;
    let only_attached = input::flag(wanted.only_attached.as_deref());
    let mut views = Vec::new();
    for policy in all.into_iter().map(|stored| stored.specification) {
        let has = uses.get(&policy.reference()).copied().unwrap_or_default();
        let is_used = match usage {
            Some("PermissionsPolicy") => has.attached > 0,
            Some("PermissionsBoundary") => has.boundary > 0,
            _ => !only_attached || has.attached > 0,
        };
        // Those that AWS manages are not there.
        if is_used && scope != Some("AWS") && policy.path.as_str().starts_with(&prefix) {
            views.push((policy.name.key(), listed(call, &policy, has)));
        }
    }
    wanted.paging.of("Policies", views)
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let policy = existing(call, wanted.policy_arn.as_deref()).await?;
    let deleted = handle(call, &policy.name)?.delete_unused().await;
    deleted.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => of_policy(call, &policy, error),
        _ => on_delete(error),
    })?;
    Ok(Nothing {})
}
