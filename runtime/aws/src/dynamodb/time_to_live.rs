//! The attribute that says when items are deleted.

use serde::{Deserialize, Serialize};

use super::error::{checked, validation};
use super::items::name;
use super::tables::{changed, described};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfTable {
    table_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    time_to_live_description: Description,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    time_to_live_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_name: Option<String>,
}

pub(super) async fn describe(call: &Call, wanted: OfTable) -> Result<Described, Fault> {
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    checked(violations)?;
    let attribute_name = described(call, wanted.table_name).await?.definition.time_to_live;
    let time_to_live_status = if attribute_name.is_some() { "ENABLED" } else { "DISABLED" };
    Ok(Described { time_to_live_description: Description { time_to_live_status, attribute_name } })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    table_name: Option<String>,
    time_to_live_specification: Option<Specification>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    enabled: Option<bool>,
    attribute_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Updated {
    time_to_live_specification: Specification,
}

pub(super) async fn update(call: &Call, wanted: Update) -> Result<Updated, Fault> {
    let member = "timeToLiveSpecification";
    let mut violations = Violations::default();
    violations.table(wanted.table_name.as_deref());
    violations.present(wanted.time_to_live_specification.is_some(), member);
    if let Some(specification) = &wanted.time_to_live_specification {
        violations.present(specification.enabled.is_some(), &format!("{member}.enabled"));
        let name = specification.attribute_name.as_deref();
        violations.present(name.is_some(), &format!("{member}.attributeName"));
        if let Some(name) = name {
            violations.length(&format!("{member}.attributeName"), name, 1, 255);
        }
    }
    checked(violations)?;
    let table = name(wanted.table_name)?;
    let Some(Specification { enabled: Some(enabled), attribute_name: Some(attribute) }) =
        wanted.time_to_live_specification
    else {
        return Err(validation("TimeToLiveSpecification is missing"));
    };
    changed(call, &table, |definition| {
        match definition.time_to_live.as_deref() {
            Some(_) if enabled => return Err(validation("TimeToLive is already enabled")),
            None if !enabled => return Err(validation("TimeToLive is already disabled")),
            Some(other) if other != attribute => {
                return Err(validation(format!(
                    "TimeToLive is active on a different AttributeName: current AttributeName is {other}"
                )));
            }
            _ => {}
        }
        definition.time_to_live = enabled.then(|| attribute.clone());
        Ok(())
    })
    .await?;
    let attribute_name = Some(attribute);
    let specification = Specification { enabled: Some(enabled), attribute_name };
    Ok(Updated { time_to_live_specification: specification })
}
