//! Secrets that are listed, by pages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::description;
use super::error::{fault, invalid};
use super::filter::{Filter, matching, page};
use crate::call::Call;
use crate::fault::Fault;
use crate::page_request::{PageRequest, continued};

/// Most secrets of a page; Secrets Manager's.
const PAGE_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    include_planned_deletion: Option<bool>,
    filters: Option<Vec<Filter>>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    #[serde(flatten)]
    paging: PageRequest,
}

impl List {
    /// Fails if another order is asked for than that of names, which pages have.
    fn check_order(&self) -> Result<(), Fault> {
        let by_name = self.sort_by.as_deref().is_none_or(|by| by == "name");
        let ascending = self.sort_order.as_deref().is_none_or(|order| order == "asc");
        if by_name && ascending {
            return Ok(());
        }
        Err(invalid("Secrets are listed by name, in ascending order: no other order is served."))
    }
}

pub(super) async fn list(call: &Call, wanted: List) -> Result<Value, Fault> {
    wanted.check_order()?;
    let with_deleted = wanted.include_planned_deletion.unwrap_or(false);
    let all = call.scope.secrets(with_deleted).await.map_err(fault)?;
    let all = matching(all, &wanted.filters.unwrap_or_default())?;
    let (page, next) = page(all, &wanted.paging, PAGE_MAX)?;
    let list = page.iter().map(|secret| description::entry(call, secret, "SecretVersionsToStages"));
    let mut answer = json!({ "SecretList": list.collect::<Vec<_>>() });
    continued(&mut answer, next.as_deref());
    Ok(answer)
}
