//! `If-Match` and `If-None-Match` of objects and keys.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};

use super::header;
use crate::problem::Refusal;

/// What a client expects of what it writes.
pub(super) enum Expected {
    /// Nothing.
    Any,
    /// `If-None-Match: *`: that it is not there.
    Absent,
    /// `If-Match: "<tag>"`: that it has this entity tag.
    Tag(String),
}

/// Reads what a write expects.
pub(super) fn of_write(headers: &HeaderMap) -> Result<Expected, Refusal> {
    let text =
        |name: &HeaderName| header::text(headers, name.as_str()).map(|text| text.map(str::trim));
    match (text(&IF_MATCH)?, text(&IF_NONE_MATCH)?) {
        (None, None) => Ok(Expected::Any),
        (None, Some("*")) => Ok(Expected::Absent),
        (Some(tag), None) => {
            let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            inner.map(|tag| Expected::Tag(tag.to_owned())).ok_or_else(|| {
                Refusal::invalid("If-Match is not one entity tag in quotes, as ETag gave it")
            })
        }
        _ => Err(Refusal::invalid(
            "give If-Match with an entity tag, or If-None-Match: *, and not both",
        )),
    }
}

/// Whether the client says that it has what carries this tag.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    is_among(headers, &IF_NONE_MATCH, tag)
}

/// Whether what carries this tag is what the client says it wants.
pub(super) fn is_expected(headers: &HeaderMap, tag: &str) -> bool {
    is_among(headers, &IF_MATCH, tag)
}

fn is_among(headers: &HeaderMap, header: &HeaderName, tag: &str) -> bool {
    let wanted = format!("\"{tag}\"");
    headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|given| given.trim() == "*" || given.trim().trim_start_matches("W/") == wanted)
}
