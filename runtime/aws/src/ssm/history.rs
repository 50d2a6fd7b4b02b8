//! The versions of a parameter, from the oldest on.

use lambent_service::Selector;
use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, next_token};
use super::get::required;
use super::name::NamedParameter;
use super::parameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::page_request::{PageRequest, continued};

/// Most versions of a page; Systems Manager's.
const PAGE_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct History {
    name: Option<String>,
    with_decryption: Option<bool>,
    #[serde(flatten)]
    paging: PageRequest,
}

pub(super) async fn get(call: &Call, wanted: History) -> Result<Value, Fault> {
    let (limit, after) = wanted.paging.read(PAGE_MAX, next_token)?;
    let named = NamedParameter::read(call, &required(wanted.name)?)?;
    let decrypted = wanted.with_decryption.unwrap_or(false);
    let parameter = call.scope.describe_parameter(&named.name).await.map_err(fault)?;
    let after = after.and_then(|after| after.parse::<u64>().ok()).unwrap_or(0);
    let mut numbers = parameter.first.max(after.saturating_add(1))..=parameter.latest;
    let mut past = Vec::new();
    let mut last = after;
    for number in numbers.by_ref().take(limit) {
        last = number;
        match call.scope.parameter_value(&named.name, &Selector::Number(number)).await {
            Ok(found) => past.push(parameter::past(&found, decrypted)),
            // It made room for another meanwhile.
            Err(error) if error.code() == ErrorCode::VersionNotFound => {}
            Err(error) => return Err(fault(error)),
        }
    }
    let mut answer = json!({ "Parameters": past });
    let last = last.to_string();
    continued(&mut answer, numbers.next().map(|_| last.as_str()));
    Ok(answer)
}
