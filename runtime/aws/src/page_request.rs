//! Which page of a list a request of the JSON protocols asks for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::validation::Violations;

/// What is said of the page. A token is the name of the last item of the page before.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PageRequest {
    max_results: Option<i64>,
    next_token: Option<String>,
}

impl PageRequest {
    /// Whether it is said how many items the page has.
    pub(crate) const fn is_limited(&self) -> bool {
        self.max_results.is_some()
    }

    /// How many items the page has, of which there may be so many, and the name of what it comes after.
    /// `invalid` is the error of a token that is none.
    pub(crate) fn read(
        &self,
        most: usize,
        invalid: impl FnOnce() -> Fault,
    ) -> Result<(usize, Option<String>), Fault> {
        let mut violations = Violations::default();
        violations.within("maxResults", self.max_results, 1, i64::try_from(most).unwrap_or(1));
        violations.finish()?;
        let limit = self.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(most);
        let after = match self.next_token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => Some(name_of(token).ok_or_else(invalid)?),
            None => None,
        };
        Ok((limit, after))
    }
}

fn name_of(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// Says where the next page begins, if there is one: after the item of this name.
pub(crate) fn continued(answer: &mut Value, last: Option<&str>) {
    if let Some(last) = last {
        answer["NextToken"] = URL_SAFE_NO_PAD.encode(last).into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_next_page_comes_after_the_last_item() {
        let invalid = || Fault::bad_request("Invalid", "");
        let read =
            |value: Value| serde_json::from_value::<PageRequest>(value).unwrap().read(10, invalid);
        let mut answer = json!({ "MaxResults": 3 });
        continued(&mut answer, Some("a/é"));
        assert_eq!(read(answer), Ok((3, Some("a/é".into()))));
        assert_eq!(read(json!({ "NextToken": "" })), Ok((10, None)));
        assert_eq!(read(json!({ "NextToken": "*" })).unwrap_err().code, "Invalid");
        for limit in [0, 11, -1] {
            let refused = read(json!({ "MaxResults": limit })).unwrap_err();
            assert_eq!(refused.code, "ValidationException", "{limit}");
        }
    }
}
