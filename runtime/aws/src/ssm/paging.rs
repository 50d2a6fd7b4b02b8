//! Pages of lists.

use serde::Deserialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::json_1_1::{name_of_token, token_after};
use crate::validation::Violations;

/// Which page is asked for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Paging {
    max_results: Option<i64>,
    next_token: Option<String>,
}

impl Paging {
    /// How many items a page has, of which there may be so many, and what it comes after.
    pub(super) fn read(&self, most: usize) -> Result<(usize, Option<String>), Fault> {
        let mut violations = Violations::default();
        violations.within("maxResults", self.max_results, 1, i64::try_from(most).unwrap_or(1));
        violations.finish()?;
        let limit = self.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(most);
        let after = match self.next_token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => {
                let message = "The specified token isn't valid.";
                let invalid = || Fault::bad_request("InvalidNextToken", message);
                Some(name_of_token(token).ok_or_else(invalid)?)
            }
            None => None,
        };
        Ok((limit, after))
    }
}

/// Says where the next page begins: after the item of this name.
pub(super) fn continued(answer: &mut Value, last: Option<&str>) {
    if let Some(last) = last {
        answer["NextToken"] = token_after(last).into();
    }
}
