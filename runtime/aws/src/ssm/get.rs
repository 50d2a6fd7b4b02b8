//! Values of parameters, by their names.

use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid};
use super::name::NamedParameter;
use super::{parameter, reference};
use crate::call::Call;
use crate::fault::Fault;
use crate::validation::Violations;

/// Most names of a request; Systems Manager's.
const NAMES_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    name: Option<String>,
    with_decryption: Option<bool>,
}

pub(super) async fn one(call: &Call, wanted: One) -> Result<Value, Fault> {
    let name = required(wanted.name)?;
    let decrypted = wanted.with_decryption.unwrap_or(false);
    Ok(json!({ "Parameter": found(call, &name, decrypted).await? }))
}

/// The name that a request has to give.
pub(super) fn required(name: Option<String>) -> Result<String, Fault> {
    let mut violations = Violations::default();
    violations.present(name.is_some(), "name");
    violations.finish()?;
    Ok(name.unwrap_or_default())
}

/// The names that a request has to give.
pub(super) fn names(names: Option<Vec<String>>) -> Result<Vec<String>, Fault> {
    let names = names.filter(|names| !names.is_empty());
    let mut violations = Violations::default();
    violations.present(names.is_some(), "names");
    violations.finish()?;
    let names = names.unwrap_or_default();
    if names.len() > NAMES_MAX {
        let all: String = names.join(", ").chars().take(1_024).collect();
        return Err(invalid(format!(
            "1 validation error detected: Value '[{all}]' at 'names' failed to satisfy constraint: Member must \
             have length less than or equal to {NAMES_MAX}."
        )));
    }
    Ok(names)
}

/// A parameter, or a secret that is named as one.
async fn found(call: &Call, name: &str, decrypted: bool) -> Result<Value, Fault> {
    if let Some(secret) = reference::secret(name) {
        return reference::get(call, secret, decrypted).await;
    }
    let named = NamedParameter::read(call, name)?;
    let found = call.scope.parameter_value(&named.name, &named.selector).await;
    let found = found.map_err(|error| match error.code() {
        ErrorCode::ParameterNotFound => {
            let shown: String = name.chars().take(256).collect();
            Fault::bad_request("ParameterNotFound", format!("Parameter {shown} not found."))
        }
        _ => fault(error),
    })?;
    let mut shown = parameter::with_value(call, &found, decrypted);
    if let Some(suffix) = named.suffix {
        shown["Selector"] = suffix.into();
    }
    Ok(shown)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Many {
    names: Option<Vec<String>>,
    with_decryption: Option<bool>,
}

pub(super) async fn some(call: &Call, wanted: Many) -> Result<Value, Fault> {
    let decrypted = wanted.with_decryption.unwrap_or(false);
    let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
    for name in names(wanted.names)? {
        match found(call, &name, decrypted).await {
            Ok(parameter) => parameters.push(parameter),
            Err(fault) if fault.is_of_client() && fault.code != "AccessDeniedException" => {
                invalid.push(name);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(json!({ "Parameters": parameters, "InvalidParameters": invalid }))
}
