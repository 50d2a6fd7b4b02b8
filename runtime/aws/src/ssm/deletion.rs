//! Parameters that are deleted.

use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::fault;
use super::get::{names, required};
use super::name::NamedParameter;
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    name: Option<String>,
}

pub(super) async fn one(call: &Call, wanted: One) -> Result<Map<String, Value>, Fault> {
    let named = NamedParameter::read(call, &required(wanted.name)?)?;
    call.scope.delete_parameter(&named.name).await.map_err(fault)?;
    Ok(Map::new())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Many {
    names: Option<Vec<String>>,
}

pub(super) async fn some(call: &Call, wanted: Many) -> Result<Value, Fault> {
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for name in names(wanted.names)? {
        let Ok(named) = NamedParameter::read(call, &name) else {
            invalid.push(name);
            continue;
        };
        match call.scope.delete_parameter(&named.name).await {
            Ok(()) => deleted.push(name),
            Err(error) if error.code() == ErrorCode::ParameterNotFound => invalid.push(name),
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(json!({ "DeletedParameters": deleted, "InvalidParameters": invalid }))
}
