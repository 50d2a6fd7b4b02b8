//! Revisions as entity tags.

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};
use lambent_control::Control;
use lambent_storage::Expected;
use lambent_types::{ErrorCode, FunctionName, Namespace, Revision};

use crate::problem::Refusal;

/// Sets `ETag` to a revision.
pub(crate) fn set(headers: &mut HeaderMap, revision: Revision) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", revision.0)) {
        headers.insert(ETAG, value);
    }
}

/// Whether the client says that it has this revision already.
pub(crate) fn is_known(headers: &HeaderMap, revision: Revision) -> bool {
    let tag = format!("\"{}\"", revision.0);
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|given| given.trim().trim_start_matches("W/") == tag)
}

/// What the client takes to be the state of a function: `If-Match: "<rev>"`,
/// `If-Match: *` or `If-None-Match: *`.
pub(crate) async fn expected(
    control: &Control,
    namespace: &Namespace,
    name: &FunctionName,
    headers: &HeaderMap,
) -> Result<Option<Expected>, Refusal> {
    let text = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value.to_str().unwrap_or_default().trim()),
            (None, _) => None,
            _ => Some(""),
        }
    };
    match (text(IF_MATCH), text(IF_NONE_MATCH)) {
        (None, None) => Ok(None),
        (None, Some("*")) => Ok(Some(Expected::Absent)),
        (Some("*"), None) => match control.describe(namespace, name).await {
            Ok(function) => Ok(Some(Expected::Revision(function.revision))),
            Err(error) if error.code() == ErrorCode::FunctionNotFound => {
                Err(Refusal::new(ErrorCode::PreconditionFailed, error.detail()))
            }
            Err(error) => Err(error.into()),
        },
        (Some(tag), None) => {
            revision(tag).map(|rev| Some(Expected::Revision(rev))).ok_or_else(|| {
                Refusal::invalid(
                    "If-Match is not one revision such as \"3\", as ETag gave it, nor *",
                )
            })
        }
        (None, Some(_)) => Err(Refusal::invalid("If-None-Match is not *")),
        (Some(_), Some(_)) => {
            Err(Refusal::invalid("If-Match and If-None-Match cannot both be given"))
        }
    }
}

fn revision(tag: &str) -> Option<Revision> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let plain = digits.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().ok().map(Revision)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_quoted_numbers() {
        assert_eq!(revision("\"12\""), Some(Revision(12)));
        for bad in ["12", "\"\"", "\"x\"", "W/\"1\"", "\"1\", \"2\"", "\"+1\"", "\""] {
            assert_eq!(revision(bad), None, "{bad}");
        }
    }

    #[test]
    fn known_revisions_are_recognised_in_lists() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, "\"1\", W/\"2\"".parse().unwrap());
        assert!(is_known(&headers, Revision(2)) && !is_known(&headers, Revision(3)));
    }
}
