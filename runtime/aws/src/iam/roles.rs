//! Roles: made, changed, read, listed and deleted.

use lambent_service::NewRole;
use lambent_types::{ErrorCode, PolicyDocument, Role, RoleName};
use serde::{Deserialize, Serialize};

use super::answer::{Nothing, written};
use super::error::{fault, on_create, on_delete};
use super::paging::{Page, Paging};
use super::role::{Named, found, handle, of_role};
use super::tags::{self, Tag};
use super::{arn, boundary, input, iso};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;
use crate::query::{List, Members};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRole {
    role_name: Option<String>,
    path: Option<String>,
    assume_role_policy_document: Option<String>,
    description: Option<String>,
    max_session_duration: Option<Number>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Members<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRoles {
    path_prefix: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRole {
    role_name: Option<String>,
    description: Option<String>,
    max_session_duration: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAssumeRolePolicy {
    role_name: Option<String>,
    policy_document: Option<String>,
}

/// That a role was never used is what is known of it: nothing is.
#[derive(Serialize)]
struct LastUsed {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: String,
    assume_role_policy_document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<boundary::View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<List<Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_last_used: Option<LastUsed>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    role: View,
}

/// A role as lists show it: with less than when it is asked for alone.
fn listed(call: &Call, role: &Role) -> View {
    View {
        path: role.path.to_string(),
        role_name: role.name.to_string(),
        role_id: role.id.clone(),
        arn: arn::of_role(call, role),
        create_date: iso(role.created),
        assume_role_policy_document: written(&role.trust),
        description: role.description.clone(),
        max_session_duration: role.session_seconds_max,
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
    }
}

fn whole(call: &Call, role: &Role) -> One {
    let tags = (!role.tags.is_empty()).then(|| tags::view(&role.tags));
    let permissions_boundary =
        role.boundary.as_ref().map(|policy| boundary::View::of(call, policy));
    let role_last_used = Some(LastUsed {});
    One { role: View { tags, permissions_boundary, role_last_used, ..listed(call, role) } }
}

pub(super) async fn create(call: &Call, wanted: CreateRole) -> Result<One, Fault> {
    let trust = wanted.assume_role_policy_document.as_deref();
    let new = NewRole {
        name: input::role_name(wanted.role_name.as_deref())?,
        path: input::path(wanted.path.as_deref())?,
        description: input::description(wanted.description)?,
        session_seconds_max: input::session_seconds(wanted.max_session_duration)?,
        boundary: boundary::read(call, wanted.permissions_boundary.as_deref())?,
        tags: tags::read(wanted.tags)?,
        trust: input::document(trust, "assumeRolePolicyDocument", PolicyDocument::trust)?,
    };
    let boundary = new.boundary.clone();
    let created = call.scope.create_role(new).await;
    let role = created.map_err(|error| match error.code() {
        ErrorCode::PolicyNotFound => boundary::missing(call, boundary.as_ref()),
        _ => on_create(error),
    })?;
    Ok(whole(call, &role))
}

pub(super) async fn get(call: &Call, wanted: Named) -> Result<One, Fault> {
    Ok(whole(call, &found(call, wanted.role_name.as_deref()).await?))
}

pub(super) async fn list(call: &Call, wanted: ListRoles) -> Result<Page<View>, Fault> {
    let prefix = input::path_prefix(wanted.path_prefix)?;
    let all = call.scope.all::<RoleName>().await.map_err(fault)?;
    let roles = all.into_iter().map(|stored| stored.specification);
    let roles = roles.filter(|role| role.path.as_str().starts_with(&prefix));
    let views = roles.map(|role| (role.name.key(), listed(call, &role)));
    wanted.paging.of("Roles", views.collect())
}

pub(super) async fn update(call: &Call, wanted: UpdateRole) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let seconds = input::session_seconds(wanted.max_session_duration)?;
    let description = changed_description(wanted.description)?;
    let updated = role.update(description, Some(seconds)).await;
    updated.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}

/// What a description is changed to; an empty one takes it away.
fn changed_description(given: Option<String>) -> Result<Option<String>, Fault> {
    let is_given = given.is_some();
    let read = input::description(given)?;
    Ok(is_given.then(|| read.unwrap_or_default()))
}

pub(super) async fn update_description(call: &Call, wanted: UpdateRole) -> Result<One, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let given = input::required(wanted.description, "description")?;
    let updated = role.update(changed_description(Some(given))?, None).await;
    Ok(whole(call, &updated.map_err(|error| of_role(&role, error))?))
}

pub(super) async fn update_trust(
    call: &Call,
    wanted: UpdateAssumeRolePolicy,
) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    let trust = wanted.policy_document.as_deref();
    let trust = input::document(trust, "policyDocument", PolicyDocument::trust)?;
    role.set_trust(trust).await.map_err(|error| of_role(&role, error))?;
    Ok(Nothing {})
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let role = handle(call, wanted.role_name.as_deref())?;
    role.delete_bare().await.map_err(|error| match error.code() {
        ErrorCode::RoleNotFound => of_role(&role, error),
        _ => on_delete(error),
    })?;
    Ok(Nothing {})
}
