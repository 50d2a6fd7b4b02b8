//! Tags of tables.

use lambent_types::{TableName, tags};
use serde::{Deserialize, Serialize};

use super::definition::Tag;
use super::error::{checked, not_found, validation};
use super::tables::{changed, described};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Serialize)]
pub(super) struct Nothing {}

/// The table that an ARN is of.
fn table(call: &Call, arn: Option<&str>) -> Result<TableName, Fault> {
    let mut violations = Violations::default();
    violations.present(arn.is_some(), "resourceArn");
    checked(violations)?;
    let arn = arn.unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "dynamodb", _, account, resource] = *parts.as_slice() else {
        let shown: String = arn.chars().take(300).collect();
        return Err(validation(format!(
            "Invalid TableArn: Invalid ResourceArn provided as input {shown}"
        )));
    };
    let name = resource.strip_prefix("table/").and_then(|name| name.parse().ok());
    match name.filter(|_| account == call.account()) {
        Some(name) => Ok(name),
        None => Err(not_found(format!(
            "Requested resource not found: ResourcArn: {} not found",
            arn.chars().take(300).collect::<String>()
        ))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    resource_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) async fn tag(call: &Call, wanted: TagResource) -> Result<Nothing, Fault> {
    let table = table(call, wanted.resource_arn.as_deref())?;
    if wanted.tags.is_empty() {
        return Err(validation("Atleast one Tag needs to be provided as Input."));
    }
    changed(call, &table, |definition| {
        let all = wanted.tags.iter().cloned().map(|tag| (tag.key, tag.value));
        definition.tags.extend(all);
        tags::validate(&definition.tags).map_err(|error| validation(error.detail().to_owned()))
    })
    .await?;
    Ok(Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    resource_arn: Option<String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

pub(super) async fn untag(call: &Call, wanted: UntagResource) -> Result<Nothing, Fault> {
    let table = table(call, wanted.resource_arn.as_deref())?;
    if wanted.tag_keys.is_empty() {
        return Err(validation("Atleast one Tag Key needs to be provided as Input."));
    }
    changed(call, &table, |definition| {
        definition.tags.retain(|key, _| !wanted.tag_keys.contains(key));
        Ok(())
    })
    .await?;
    Ok(Nothing {})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTags {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    tags: Vec<Tag>,
}

pub(super) async fn list(call: &Call, wanted: ListTags) -> Result<Tags, Fault> {
    let table = table(call, wanted.resource_arn.as_deref())?;
    let found = described(call, Some(table.as_str().to_owned())).await?;
    let tags = found.definition.tags.into_iter().map(|(key, value)| Tag { key, value });
    Ok(Tags { tags: tags.collect() })
}
