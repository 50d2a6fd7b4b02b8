//! Values of the parameters below a path.

use lambent_service::Selector;
use lambent_types::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, next_token};
use super::filter::{self, Given, Of, check_path, is_below};
use super::parameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::page_request::{PageRequest, continued};

/// Most parameters of a page; Systems Manager's.
const PAGE_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByPath {
    path: Option<String>,
    recursive: Option<bool>,
    parameter_filters: Option<Vec<Given>>,
    with_decryption: Option<bool>,
    #[serde(flatten)]
    paging: PageRequest,
}

pub(super) async fn get(call: &Call, wanted: ByPath) -> Result<Value, Fault> {
    let (limit, after) = wanted.paging.read(PAGE_MAX, next_token)?;
    let path = wanted.path.ok_or_else(|| invalid("Path is missing"))?;
    check_path(&path)?;
    let filters = filter::read(wanted.parameter_filters, Of::Path)?;
    let recursive = wanted.recursive.unwrap_or(false);
    let decrypted = wanted.with_decryption.unwrap_or(false);
    // Below the root are also names that have no slash.
    let prefix = match path.trim_end_matches('/') {
        "" => String::new(),
        path => format!("{path}/"),
    };
    let all = call.scope.parameters(&prefix).await.map_err(fault)?;
    let (mut page, mut last) = (Vec::new(), None);
    for found in &all {
        let name = found.name.as_str();
        let is_later = after.as_deref().is_none_or(|after| name > after);
        if !is_later || !is_below(name, &path, recursive) {
            continue;
        }
        let value = match call.scope.parameter_value(name, &Selector::Latest).await {
            Ok(value) => value,
            // It was deleted meanwhile.
            Err(error) if error.code() == ErrorCode::ParameterNotFound => continue,
            Err(error) => return Err(fault(error)),
        };
        if !filters.iter().all(|filter| filter.lets_through(found, &value.version)) {
            continue;
        }
        if page.len() == limit {
            let mut answer = json!({ "Parameters": page });
            continued(&mut answer, last);
            return Ok(answer);
        }
        page.push(parameter::with_value(call, &value, decrypted));
        last = Some(name);
    }
    Ok(json!({ "Parameters": page }))
}
