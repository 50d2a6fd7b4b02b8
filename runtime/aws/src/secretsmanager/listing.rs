//! Secrets that are listed, by pages.

use lambent_service::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::description;
use super::error::{fault, next_token};
use super::filter::{Filter, matching};
use crate::call::Call;
use crate::fault::Fault;
use crate::json_1_1::{name_of_token, token_after};
use crate::validation::Violations;

/// Most secrets of a page; Secrets Manager's.
const PAGE_MAX: usize = 100;

/// Which page is asked for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Paging {
    max_results: Option<i64>,
    next_token: Option<String>,
}

impl Paging {
    /// Whether it is said how many a page has.
    pub(super) const fn is_limited(&self) -> bool {
        self.max_results.is_some()
    }

    /// How many a page has, and what it comes after.
    pub(super) fn read(&self, most: usize) -> Result<(usize, Option<String>), Fault> {
        let mut violations = Violations::default();
        violations.within("maxResults", self.max_results, 1, i64::try_from(most).unwrap_or(1));
        violations.finish()?;
        let limit = self.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(most);
        let after = match self.next_token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => Some(name_of_token(token).ok_or_else(next_token)?),
            None => None,
        };
        Ok((limit, after))
    }

    /// The page of secrets that are in the order of their names, and where the next begins.
    pub(super) fn page(
        &self,
        mut all: Vec<Secret>,
        most: usize,
    ) -> Result<(Vec<Secret>, Option<String>), Fault> {
        let (limit, after) = self.read(most)?;
        if let Some(after) = after {
            all.retain(|secret| secret.name.as_str() > after.as_str());
        }
        let more = all.len() > limit;
        all.truncate(limit);
        let next = all.last().filter(|_| more).map(|secret| token_after(secret.name.as_str()));
        Ok((all, next))
    }
}

/// Says where the next page begins, if there is one.
pub(super) fn continued(answer: &mut Value, next: Option<String>) {
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    include_planned_deletion: Option<bool>,
    filters: Option<Vec<Filter>>,
    #[serde(flatten)]
    paging: Paging,
}

pub(super) async fn list(call: &Call, wanted: List) -> Result<Value, Fault> {
    let with_deleted = wanted.include_planned_deletion.unwrap_or(false);
    let all = call.scope.secrets(with_deleted).await.map_err(fault)?;
    let all = matching(all, &wanted.filters.unwrap_or_default())?;
    let (page, next) = wanted.paging.page(all, PAGE_MAX)?;
    let list = page.iter().map(|secret| description::entry(call, secret, "SecretVersionsToStages"));
    let mut answer = json!({ "SecretList": list.collect::<Vec<_>>() });
    continued(&mut answer, next);
    Ok(answer)
}
