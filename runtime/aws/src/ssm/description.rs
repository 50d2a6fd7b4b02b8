//! Parameters that are listed without their values.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{fault, invalid, next_token};
use super::filter::{self, Given, Of};
use super::parameter;
use crate::call::Call;
use crate::fault::Fault;
use crate::page_request::{PageRequest, continued};

/// Most parameters of a page; Systems Manager's.
const PAGE_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe {
    /// As clients of before 2018 filter.
    filters: Option<Vec<Given>>,
    parameter_filters: Option<Vec<Given>>,
    shared: Option<bool>,
    #[serde(flatten)]
    paging: PageRequest,
}

pub(super) async fn describe(call: &Call, wanted: Describe) -> Result<Value, Fault> {
    let (limit, after) = wanted.paging.read(PAGE_MAX, next_token)?;
    let given = match (wanted.filters, wanted.parameter_filters) {
        (Some(old), Some(new)) if !old.is_empty() && !new.is_empty() => {
            return Err(invalid(
                "You can use either Filters or ParameterFilters in a single request.",
            ));
        }
        (Some(old), None) => Some(old.into_iter().map(Given::of_old).collect()),
        (_, new) => new,
    };
    let filters = filter::read(given, Of::All)?;
    // Nothing is shared between accounts.
    let all = match wanted.shared {
        Some(true) => Vec::new(),
        _ => call.scope.parameters("").await.map_err(fault)?,
    };
    let (mut page, mut last) = (Vec::new(), None);
    for found in &all {
        let name = found.name.as_str();
        if after.as_deref().is_some_and(|after| name <= after) {
            continue;
        }
        let version = call.scope.parameter_version(found, found.latest).await.map_err(fault)?;
        let Some(version) = version else { continue };
        if !filters.iter().all(|filter| filter.lets_through(found, &version)) {
            continue;
        }
        if page.len() == limit {
            let mut answer = json!({ "Parameters": page });
            continued(&mut answer, last);
            return Ok(answer);
        }
        page.push(parameter::metadata(call, found, &version));
        last = Some(name);
    }
    Ok(json!({ "Parameters": page }))
}
