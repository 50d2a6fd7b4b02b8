//! Labels of parameters.

use std::collections::BTreeMap;

use lambent_types::{Error, ErrorCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::fault;
use super::name::NamedParameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::tag_list::{self, Tag};

/// A request about the labels of something.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tagged {
    resource_type: Option<String>,
    resource_id: Option<String>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
}

impl Tagged {
    /// The name of the parameter that it is about.
    fn name(&self, call: &Call) -> Result<String, Fault> {
        if self.resource_type.as_deref() != Some("Parameter") {
            let message = "The resource type is not valid: parameters alone have labels here.";
            return Err(Fault::bad_request("InvalidResourceType", message));
        }
        let id = self.resource_id.as_deref().unwrap_or_default();
        Ok(NamedParameter::read(call, id).map_err(|_| no_resource())?.name)
    }
}

fn no_resource() -> Fault {
    Fault::bad_request(
        "InvalidResourceId",
        "The resource ID is not valid. Verify that you entered the correct ID and try again.",
    )
}

fn refused(error: Error) -> Fault {
    match error.code() {
        ErrorCode::ParameterNotFound => no_resource(),
        ErrorCode::QuotaExceeded => {
            Fault::bad_request("TooManyTagsError", error.detail().to_owned())
        }
        _ => fault(error),
    }
}

pub(super) async fn add(call: &Call, wanted: Tagged) -> Result<Map<String, Value>, Fault> {
    let name = wanted.name(call)?;
    call.scope.tag_parameter(&name, &tag_list::read(wanted.tags), &[]).await.map_err(refused)?;
    Ok(Map::new())
}

pub(super) async fn remove(call: &Call, wanted: Tagged) -> Result<Map<String, Value>, Fault> {
    let name = wanted.name(call)?;
    let keys = wanted.tag_keys.unwrap_or_default();
    call.scope.tag_parameter(&name, &BTreeMap::new(), &keys).await.map_err(refused)?;
    Ok(Map::new())
}

pub(super) async fn list(call: &Call, wanted: Tagged) -> Result<Value, Fault> {
    let found = call.scope.describe_parameter(&wanted.name(call)?).await.map_err(refused)?;
    Ok(json!({ "TagList": tag_list::list(&found.tags) }))
}
